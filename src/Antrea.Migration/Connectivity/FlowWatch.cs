using System.Collections.Immutable;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migration.Connectivity;

/// <summary>What the watches of one probe share: its clock, its options, and what goes on at the moment.</summary>
internal sealed class WatchSurroundings(ContinuousProbeOptions options, TimeProvider timeProvider)
{
    private readonly long _startTimestamp = timeProvider.GetTimestamp();
    private readonly List<LoadPhase> _phases = [];
    private volatile MigrationMoment _moment = new("", "");

    public ContinuousProbeOptions Options => options;

    public TimeProvider Time => timeProvider;

    public DateTimeOffset Start { get; } = timeProvider.GetLocalNow();

    public TimeSpan Elapsed => timeProvider.GetElapsedTime(_startTimestamp);

    public MigrationMoment Moment => _moment;

    public ImmutableArray<LoadPhase> Phases
    {
        get
        {
            lock (_phases)
            {
                return [.. _phases];
            }
        }
    }

    /// <summary>From now on this is what goes on.</summary>
    public void Enter(MigrationMoment moment)
    {
        lock (_phases)
        {
            if (moment != _moment)
            {
                _phases.Add(new LoadPhase(Elapsed, moment.Phase, moment.Nodes));
                _moment = moment;
            }
        }
    }
}

/// <summary>What is going on: the phase and the Nodes whose Pods are restarted.</summary>
internal sealed record MigrationMoment(string Phase, string Nodes);

/// <summary>Watches one flow.</summary>
internal abstract class FlowWatch(ProbeFlow flow, WatchSurroundings surroundings)
{
    private readonly DotRecorder _dots = new(capacity: 1024);

    public ProbeFlow Flow { get; } = flow;

    public FlowRecorder Recorder { get; } = new(surroundings.Options.StallThreshold);

    /// <summary>Single requests; to be asked when the watch has ended.</summary>
    public ImmutableArray<LoadDot> Dots => _dots.ToArray();

    /// <summary>Requests that were due while nobody could send or see any.</summary>
    public abstract long NotSent { get; }

    /// <summary>Until when the flow is known, since the start of the probe; null while nothing was heard of it yet.</summary>
    public abstract TimeSpan? SeenUntil { get; }

    protected WatchSurroundings Surroundings { get; } = surroundings;

    public static FlowWatch Create(ProbeFlow flow, WatchSurroundings surroundings, TimeSpan first) =>
        flow.Stream is { } stream ? new StreamWatch(flow, stream, surroundings) : new SendingWatch(flow, flow.Transport!, surroundings, first);

    /// <summary>Watches until told to stop.</summary>
    /// <param name="stop">Send nothing more, but wait for what is under way.</param>
    /// <param name="abort">Wait for nothing.</param>
    public abstract Task RunAsync(CancellationToken stop, CancellationToken abort);

    /// <summary>Notes what became of a request.</summary>
    protected void Complete(FlowRecorder.Request request, ProbeOutcome outcome, TimeSpan at)
    {
        Recorder.Complete(request, outcome, at);
        lock (_dots)
        {
            _dots.Add(request.SentAt, at - request.SentAt, outcome.Succeeded);
        }
    }
}

/// <summary>Sends the requests itself.</summary>
internal sealed class SendingWatch(ProbeFlow flow, IProbeTransport transport, WatchSurroundings surroundings, TimeSpan first)
    : FlowWatch(flow, surroundings)
{
    private readonly ProbeTicker _ticker = new(surroundings.Options.Interval, first);

    public override long NotSent => _ticker.Dropped;

    public override TimeSpan? SeenUntil => Surroundings.Elapsed;

    public override async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        List<Task> underWay = [];
        while (!stop.IsCancellationRequested)
        {
            if (_ticker.TryTake(Surroundings.Elapsed, out _))
            {
                underWay.RemoveAll(task => task.IsCompletedSuccessfully);
                underWay.Add(RequestAsync(abort));
            }
            else
            {
                await _ticker.WaitAsync(Surroundings.Elapsed, Surroundings.Time, stop)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await Task.WhenAll(underWay).ConfigureAwait(false);
    }

    private async Task RequestAsync(CancellationToken abort)
    {
        var request = Recorder.Send(Surroundings.Elapsed, Surroundings.Moment.Phase, Surroundings.Moment.Nodes);
        var outcome = await ProbeExchange
            .SendAsync(transport, Flow.Target, Surroundings.Options.Timeout, Surroundings.Time, abort)
            .ConfigureAwait(false);
        Complete(request, outcome, Surroundings.Elapsed);
    }
}

/// <summary>Reads what another sender reports, and asks for it again whenever it is gone.</summary>
/// <remarks>Times are the sender's, so that a slow connection to it is no outage: the least delay that a report had so far tells how far the
/// two clocks are apart. What was under way when the sender was lost is never known and counts as not sent.</remarks>
internal sealed class StreamWatch(ProbeFlow flow, IProbeStream stream, WatchSurroundings surroundings) : FlowWatch(flow, surroundings)
{
    private long _notSent;
    private long _seenUntilTicks = -1;
    private volatile string _trouble = "";

    public override long NotSent => Volatile.Read(ref _notSent);

    public override TimeSpan? SeenUntil => Volatile.Read(ref _seenUntilTicks) is >= 0 and var ticks ? new TimeSpan(ticks) : null;

    /// <summary>Why the sender was lost last; empty while it reports.</summary>
    public string Trouble => _trouble;

    public override async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ReadAsync(stop).ConfigureAwait(false);
                _trouble = "the sender has ended";
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Told to stop. What is under way would be answered to nobody.
            }
            catch (MigrationException e)
            {
                _trouble = e.Message;
            }

            Interlocked.Add(ref _notSent, Recorder.Abandon());
            await Task.Delay(Surroundings.Options.Interval, Surroundings.Time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        Dictionary<long, FlowRecorder.Request> underWay = [];
        TimeSpan? apart = null;
        await foreach (var report in stream.ReadAsync(Surroundings.Options.Interval, Surroundings.Options.Timeout, stop).ConfigureAwait(false))
        {
            var now = Surroundings.Elapsed;
            if (apart is null)
            {
                // Nobody looked since the last report of the sender before.
                Interlocked.Add(ref _notSent, Math.Max(0, (now - (SeenUntil ?? TimeSpan.Zero)).Ticks / Surroundings.Options.Interval.Ticks));
                _trouble = "";
            }

            apart = apart is { } known && known < now - report.At ? known : now - report.At;
            var at = report.At + apart.Value;
            Volatile.Write(ref _seenUntilTicks, Math.Max(0, at.Ticks));
            if (report.Outcome is null)
            {
                underWay[report.Sequence] = Recorder.Send(at, Surroundings.Moment.Phase, Surroundings.Moment.Nodes);
            }
            else if (underWay.Remove(report.Sequence, out var request))
            {
                Complete(request, report.Outcome, at);
            }
        }
    }
}
