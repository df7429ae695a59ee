using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migration.Connectivity;

/// <summary>Something that happened in a probe run. Use pattern matching; the cases below are all there are, and each prober says which
/// of them it yields.</summary>
public abstract record ProbeEvent
{
    private protected ProbeEvent(DateTimeOffset at) => At = at;

    /// <summary>When, by the run's clock and in its time zone.</summary>
    public DateTimeOffset At { get; }
}

/// <summary>A request ended, well or not.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Worker">Who sent it, from 0.</param>
/// <param name="Sequence">Its place in the order of sending, from 1.</param>
/// <param name="Due">When the worker's schedule wanted it sent.</param>
/// <param name="Started">When it was sent.</param>
/// <param name="Outcome">What it came to.</param>
public sealed record ProbeSample(
    DateTimeOffset At, int Worker, long Sequence, DateTimeOffset Due, DateTimeOffset Started, ProbeOutcome Outcome)
    : ProbeEvent(At)
{
    /// <summary>From sending to the end of the response, or to the failure.</summary>
    public TimeSpan Latency => At - Started;

    /// <summary>From the time it was due: what a user who came then had to wait.</summary>
    public TimeSpan ResponseTime => At - Due;
}

/// <summary>A worker saw the signal to stop and sends nothing more.</summary>
/// <param name="At">When.</param>
/// <param name="Worker">Which one, from 0.</param>
public sealed record ProbeWorkerStopped(DateTimeOffset At, int Worker) : ProbeEvent(At);

/// <summary>All workers have stopped: the last event of a run.</summary>
/// <param name="At">When.</param>
/// <param name="Result">What the run came to.</param>
public sealed record ProbeFinished(DateTimeOffset At, ProbeResult Result) : ProbeEvent(At);

/// <summary>A request was due while as many as allowed were under way: it was not sent.</summary>
/// <param name="At">When.</param>
/// <param name="Due">When the schedule wanted it sent.</param>
public sealed record ProbeOverflowed(DateTimeOffset At, DateTimeOffset Due) : ProbeEvent(At);

/// <summary>A second of the run is over.</summary>
/// <param name="At">When.</param>
/// <param name="Second">What it came to.</param>
public sealed record ProbeSecondPassed(DateTimeOffset At, LoadSecond Second) : ProbeEvent(At);

/// <summary>The run is over: the last event of a run of <see cref="OpenModelProber"/> or <see cref="ClosedLoopProber"/>.</summary>
/// <param name="At">When.</param>
/// <param name="Report">What the run came to.</param>
public sealed record ProbeReported(DateTimeOffset At, LoadReport Report) : ProbeEvent(At);
