using System.Runtime.CompilerServices;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>Sends requests on a schedule that nothing delays, and measures each from the time it was due.</summary>
/// <remarks>
/// <para><b>Open model.</b> Users come whether or not earlier ones were served. A client that waits for an answer before it sends
/// again asks nothing while nothing is answered, and so misses the outage it is there to see (coordinated omission); this one goes on
/// sending, and when it was held up itself, it sends at once what became due meanwhile and says how late it was.</para>
/// <para><b>Bounds.</b> At most <see cref="OpenModelOptions.MaxInFlight"/> requests are under way; the others that become due are counted
/// (<see cref="ProbeResult.NotSent"/>) and told (<see cref="ProbeOverflowed"/>).</para>
/// <para>Safe for use by several threads; each run is independent of the others.</para>
/// </remarks>
public sealed class OpenModelProber
{
    private readonly OpenModelOptions _options;
    private readonly IProbeTransport _transport;
    private readonly TimeProvider _timeProvider;
    private readonly StopRequest _stop;
    private volatile MigrationMoment _moment = new("", "");

    /// <summary>Creates a prober.</summary>
    /// <param name="options">What to send, and when.</param>
    /// <param name="transport">Who sends it; stays the caller's to dispose. What it does before its first wait, it does on the thread that
    /// keeps the schedule.</param>
    /// <param name="timeProvider">The clock and its timers; <see langword="null"/> for the machine's.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every fault.</exception>
    public OpenModelProber(OpenModelOptions options, IProbeTransport transport, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(transport);
        ProbeOptionRules.ThrowIfAny(options.Validate(), nameof(options));
        _options = options;
        _transport = transport;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _stop = new StopRequest(_timeProvider);
    }

    /// <summary>Says what is going on now; outages that begin from here on carry it.</summary>
    /// <param name="name">The phase.</param>
    /// <param name="nodes">The Nodes that are being worked on, joined by commas; empty for none.</param>
    public void EnterPhase(string name, string nodes = "")
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(nodes);
        _moment = new MigrationMoment(name, nodes);
    }

    /// <summary>Ends the runs in good order: nothing more is sent, and the report follows when what is under way has ended, after 5 s as a
    /// failure. Later runs of this prober end at once.</summary>
    public void Stop() => _stop.Ask();

    /// <summary>Runs to the end and returns the report.</summary>
    /// <param name="cancellationToken">Breaks the run off; for a report of what was done so far use <see cref="Stop"/>.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<LoadReport> ProbeAsync(CancellationToken cancellationToken = default)
    {
        LoadReport? report = null;
        await foreach (var probeEvent in RunAsync(cancellationToken).ConfigureAwait(false))
        {
            report = (probeEvent as ProbeReported)?.Report;
        }

        return report!;
    }

    /// <summary>Runs, and tells what happens as it happens.</summary>
    /// <param name="cancellationToken">Breaks the run off; for a report of what was done so far use <see cref="Stop"/>.</param>
    /// <returns>A <see cref="ProbeSample"/> for each request that ended and a <see cref="ProbeOverflowed"/> for each that was not
    /// sent, about in the order of these; a <see cref="ProbeSecondPassed"/> for each second; last one <see cref="ProbeReported"/>. A reader
    /// that is slow delays nobody: events wait for it in memory.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async IAsyncEnumerable<ProbeEvent> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var recorder = new ReportRecorder();
        await using var run = new OpenModelRun(_options, _transport, _timeProvider, () => _moment);
        var sending = PreciseWait.Blocks(_timeProvider)
            ? Task.Factory.StartNew(
                () => run.SendAsync(_stop, abort.Token),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap()
            : run.SendAsync(_stop, abort.Token);
        try
        {
            await foreach (var probeEvent in run.Events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                switch (probeEvent)
                {
                    case ProbeSample sample:
                        recorder.Add(sample.Due - run.Start, sample.Started - run.Start, sample.At - run.Start, sample.Outcome);
                        yield return sample;
                        break;
                    case ProbeOverflowed overflowed:
                        recorder.AddNotSent();
                        yield return overflowed;
                        break;
                    default:
                        while (recorder.CloseSecond(probeEvent.At - run.Start) is { } second)
                        {
                            yield return new ProbeSecondPassed(probeEvent.At, second);
                        }

                        break;
                }
            }

            yield return new ProbeReported(
                run.Start + run.Elapsed,
                recorder.ToReport(LoadMode.OpenModel, _options.Target, run.Start, run.Elapsed, run.Outages(), run.Phases()));
        }
        finally
        {
            // After a break or a cancellation the requests' own cancellations are no news; before that, a fault has come out of the
            // reader above.
            await abort.CancelAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
