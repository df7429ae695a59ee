using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Antrea.Migration.Connectivity;

/// <summary>Sends HTTP requests from several workers at a steady pace and says what became of each.</summary>
/// <remarks>
/// <para><b>Semantics</b> are those of the seed's <c>/client -c 10 -n 1000</c>. Each worker has a schedule of its own with one
/// request per <see cref="ProbeOptions.Interval"/>; a request that takes longer costs the worker the ticks it misses (they are
/// counted, see <see cref="ProbeResult.NotSent"/>). When <see cref="ProbeOptions.Requests"/> requests have ended, all workers
/// stop; those in flight still end and count, so that the total can exceed the number asked for.</para>
/// <para>Safe for use by several threads; each run is independent of the others.</para>
/// </remarks>
public sealed class ConnectivityProber
{
    private readonly ProbeOptions _options;
    private readonly IProbeTransport _transport;
    private readonly TimeProvider _timeProvider;
    private readonly StopRequest _stop;

    /// <summary>Creates a prober.</summary>
    /// <param name="options">What to send, and how fast.</param>
    /// <param name="transport">Who sends it; stays the caller's to dispose.</param>
    /// <param name="timeProvider">The clock and its timers; <see langword="null"/> for the machine's.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every fault.</exception>
    public ConnectivityProber(ProbeOptions options, IProbeTransport transport, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(transport);
        ProbeOptionRules.ThrowIfAny(options.Validate(), nameof(options));
        _options = options;
        _transport = transport;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _stop = new StopRequest(_timeProvider);
    }

    /// <summary>Ends the runs in good order, as if all their requests were done: those in flight still end and count, after 5 s as
    /// failures, and the result follows. Later runs of this prober end at once.</summary>
    public void Stop() => _stop.Ask();

    /// <summary>Runs to the end and returns the result.</summary>
    /// <param name="cancellationToken">Breaks the run off; for a result of what was done so far use <see cref="Stop"/>.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken = default)
    {
        ProbeResult? result = null;
        await foreach (var probeEvent in RunAsync(cancellationToken).ConfigureAwait(false))
        {
            result = (probeEvent as ProbeFinished)?.Result;
        }

        return result!;
    }

    /// <summary>Runs, and tells what happens as it happens.</summary>
    /// <param name="cancellationToken">Breaks the run off; for a result of what was done so far use <see cref="Stop"/>.</param>
    /// <returns>A <see cref="ProbeSample"/> for each request, in the order they ended as far as several workers allow; a
    /// <see cref="ProbeWorkerStopped"/> for each worker; last one <see cref="ProbeFinished"/>. A reader that is slow delays
    /// nobody: events wait for it in memory.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async IAsyncEnumerable<ProbeEvent> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var noLonger = CancellationTokenSource.CreateLinkedTokenSource(abort.Token, _stop.PatienceEnded);
        using var run = new Run(_options, _transport, _timeProvider);
        using var stopping = _stop.Asked.UnsafeRegister(static state => ((Run)state!).SignalStop(), run);
        var workers = run.WorkAsync(noLonger.Token, abort.Token);
        try
        {
            var tally = new ProbeTally();
            await foreach (var probeEvent in run.Events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                if (probeEvent is ProbeSample sample)
                {
                    tally.Add(sample.Outcome, sample.At - run.Start);
                }

                yield return probeEvent;
            }

            yield return new ProbeFinished(run.End, tally.ToResult(run.End - run.Start, run.NotSent));
        }
        finally
        {
            // After a break or a cancellation the workers' own cancellations are no news; before that, their faults have
            // come out of the reader above.
            await abort.CancelAsync().ConfigureAwait(false);
            await workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The state that the workers of one run share.</summary>
    private sealed class Run(ProbeOptions options, IProbeTransport transport, TimeProvider timeProvider) : IDisposable
    {
        private readonly Channel<ProbeEvent> _events =
            Channel.CreateUnbounded<ProbeEvent>(new UnboundedChannelOptions { SingleReader = true });

        private readonly CancellationTokenSource _stop = new();
        private readonly long _startTimestamp = timeProvider.GetTimestamp();
        private long _stopTicks = long.MaxValue;
        private long _sent;
        private long _ended;
        private long _notSent;

        public ChannelReader<ProbeEvent> Events => _events.Reader;

        public DateTimeOffset Start { get; } = timeProvider.GetLocalNow();

        public DateTimeOffset End { get; private set; }

        public long NotSent => Volatile.Read(ref _notSent);

        private TimeSpan Elapsed => timeProvider.GetElapsedTime(_startTimestamp);

        private DateTimeOffset Now => Start + Elapsed;

        /// <summary>Tells every worker to stop; the first call sets the time.</summary>
        public void SignalStop()
        {
            if (Interlocked.CompareExchange(ref _stopTicks, Elapsed.Ticks, long.MaxValue) == long.MaxValue)
            {
                _stop.Cancel();
            }
        }

        /// <summary>Runs all workers; the channel ends with them, and with their fault if there is one.</summary>
        public async Task WorkAsync(CancellationToken noLonger, CancellationToken abort)
        {
            Exception? fault = null;
            try
            {
                await Task.WhenAll(Enumerable.Range(0, options.Workers).Select(worker => WorkAsync(worker, noLonger, abort)))
                    .ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                fault = exception;
                throw;
            }
            finally
            {
                End = Now;
                _events.Writer.Complete(fault);
            }
        }

        public void Dispose() => _stop.Dispose();

        private async Task WorkAsync(int worker, CancellationToken noLonger, CancellationToken abort)
        {
            var ticker = new ProbeTicker(options.Interval, first: options.Interval);
            while (await TickAsync(ticker, abort).ConfigureAwait(false) is { } due)
            {
                var sequence = Interlocked.Increment(ref _sent);
                var started = Now;
                var outcome = await ProbeExchange
                    .SendAsync(transport, options.Target, options.Timeout, timeProvider, noLonger, abort).ConfigureAwait(false);
                _events.Writer.TryWrite(new ProbeSample(Now, worker, sequence, Start + due, started, outcome));
                if (Interlocked.Increment(ref _ended) == options.Requests)
                {
                    SignalStop();
                }
            }

            Interlocked.Add(ref _notSent, ticker.Dropped);
            _events.Writer.TryWrite(new ProbeWorkerStopped(Now, worker));
        }

        /// <summary>Waits for the worker's next tick; <see langword="null"/> when the signal to stop came first.</summary>
        private async Task<TimeSpan?> TickAsync(ProbeTicker ticker, CancellationToken abort)
        {
            if (_stop.IsCancellationRequested)
            {
                // Busy until after the signal: what was due by then was missed for the last request's sake.
                ticker.DropUntil(new TimeSpan(Volatile.Read(ref _stopTicks)));
            }

            while (!_stop.IsCancellationRequested)
            {
                if (ticker.TryTake(Elapsed, out var due))
                {
                    return due;
                }

                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, abort);
                await ticker.WaitAsync(Elapsed, timeProvider, either.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                abort.ThrowIfCancellationRequested();
            }

            return null;
        }
    }
}
