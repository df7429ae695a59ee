using System.Collections.Immutable;
using System.Threading.Channels;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>One run of an <see cref="OpenModelProber"/>: the schedule, and the requests under way.</summary>
internal sealed class OpenModelRun : IAsyncDisposable
{
    private readonly Channel<ProbeEvent> _events = Channel.CreateUnbounded<ProbeEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly OpenModelOptions _options;
    private readonly IProbeTransport _transport;
    private readonly TimeProvider _timeProvider;
    private readonly Func<MigrationMoment> _moment;
    private readonly FlowRecorder _flow;
    private readonly List<LoadPhase> _phases = [];
    private readonly long _startTimestamp;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _seconds;

    /// <summary>Requests under way, and one for the schedule itself.</summary>
    private int _underWay = 1;

    private TimeSpan? _end;
    private int _secondsMarked;

    public OpenModelRun(OpenModelOptions options, IProbeTransport transport, TimeProvider timeProvider, Func<MigrationMoment> moment)
    {
        _options = options;
        _transport = transport;
        _timeProvider = timeProvider;
        _moment = moment;
        _flow = new FlowRecorder(options.StallThreshold);
        Start = timeProvider.GetLocalNow();
        _startTimestamp = timeProvider.GetTimestamp();
        var second = TimeSpan.FromSeconds(1);
        _seconds = timeProvider.CreateTimer(_ => MarkSecond(), null, second, second);
    }

    public ChannelReader<ProbeEvent> Events => _events.Reader;

    public DateTimeOffset Start { get; }

    /// <summary>Since the start, until the run has ended.</summary>
    public TimeSpan Elapsed => _end ?? _timeProvider.GetElapsedTime(_startTimestamp);

    /// <summary>Sends what is due until the end or the stop, and waits for what is under way. The events end with it.</summary>
    public async Task SendAsync(StopRequest stop, CancellationToken abort)
    {
        Exception? fault = null;
        using var noLonger = CancellationTokenSource.CreateLinkedTokenSource(abort, stop.PatienceEnded);
        try
        {
            await KeepScheduleAsync(stop.Asked, noLonger.Token, abort).ConfigureAwait(false);
            Leave();
            await _idle.Task.WaitAsync(abort).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            fault = exception;
            throw;
        }
        finally
        {
            _end = Elapsed;
            _events.Writer.TryComplete(fault);
        }
    }

    /// <summary>To be called when the run has ended.</summary>
    public IEnumerable<OutageWindow> Outages() => _flow.Finish(Elapsed).Select(window => window.ToOutage(_options.Flow ?? new FlowName("", _options.Target.OriginalString), Start));

    public ImmutableArray<LoadPhase> Phases() => [.. _phases];

    public ValueTask DisposeAsync() => _seconds.DisposeAsync();

    private async Task KeepScheduleAsync(CancellationToken stop, CancellationToken noLonger, CancellationToken abort)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, abort);
        MigrationMoment? last = null;
        for (long index = 0; _options.DueOf(index) is var due && due < _options.Duration; index++)
        {
            for (var left = due - Elapsed; left > TimeSpan.Zero && !either.IsCancellationRequested; left = due - Elapsed)
            {
                await PreciseWait.WaitAsync(left, _timeProvider, either.Token).ConfigureAwait(false);
            }

            if (either.IsCancellationRequested)
            {
                return;
            }

            var moment = _moment();
            if (moment != last && moment.Phase.Length + moment.Nodes.Length > 0)
            {
                _phases.Add(new LoadPhase(due, moment.Phase, moment.Nodes));
            }

            last = moment;
            if (Volatile.Read(ref _underWay) > _options.MaxInFlight)
            {
                _events.Writer.TryWrite(new ProbeOverflowed(Start + Elapsed, Start + due));
                continue;
            }

            Interlocked.Increment(ref _underWay);
            _ = RequestAsync(index, due, moment, noLonger, abort);
        }
    }

    /// <summary>Never throws: what goes wrong with a request is its outcome, and a run that is broken off has no use for it.</summary>
    private async Task RequestAsync(long index, TimeSpan due, MigrationMoment moment, CancellationToken noLonger, CancellationToken abort)
    {
        // Outages begin when something was sent, not when it was due: where the prober was held up itself, nobody looked.
        var started = Elapsed;
        var request = _flow.Send(started, moment.Phase, moment.Nodes);
        try
        {
            var outcome = await ProbeExchange
                .SendAsync(_transport, _options.Target, _options.Timeout, _timeProvider, noLonger, abort).ConfigureAwait(false);
            var ended = Elapsed;
            _flow.Complete(request, outcome, ended);
            _events.Writer.TryWrite(new ProbeSample(Start + ended, 0, index + 1, Start + due, Start + started, outcome));
        }
        catch (OperationCanceledException)
        {
            // The run was broken off; the schedule says so.
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>A timer and the clock can differ by less than a millisecond; that must not cost a second.</summary>
    private void MarkSecond()
    {
        var marked = TimeSpan.FromSeconds(++_secondsMarked);
        var elapsed = Elapsed;
        _events.Writer.TryWrite(new SecondMark(Start + (elapsed > marked ? elapsed : marked)));
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
        {
            _idle.SetResult();
        }
    }

    /// <summary>A second of the run has passed; for the reader of <see cref="Events"/> alone.</summary>
    private sealed record SecondMark(DateTimeOffset At) : ProbeEvent(At);
}
