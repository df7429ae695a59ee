using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>Adds requests up to a report in memory that does not grow with their number. For one thread.</summary>
internal sealed class ReportRecorder
{
    private readonly LatencyRecorder _latency = new();
    private readonly LatencyRecorder _lateness = new();
    private readonly LatencyRecorder _secondLatency = new(digits: 2);
    private readonly DotRecorder _dots = new();
    private readonly ImmutableArray<LoadSecond>.Builder _timeline = ImmutableArray.CreateBuilder<LoadSecond>();
    private readonly ProbeTally _tally = new();
    private long _notSent;
    private long _secondSuccess;
    private long _secondFailure;
    private long _secondNotSent;

    /// <summary>Notes a request that ended. Times are since the start of the run.</summary>
    public void Add(TimeSpan due, TimeSpan started, TimeSpan ended, ProbeOutcome outcome)
    {
        _lateness.Add(started - due);
        Add(due, ended, outcome);
    }

    /// <summary>Notes a request of a run without a schedule.</summary>
    public void Add(TimeSpan started, TimeSpan ended, ProbeOutcome outcome)
    {
        var took = ended - started;
        _tally.Add(outcome, ended);
        if (outcome.Succeeded)
        {
            _secondSuccess++;
        }
        else
        {
            _secondFailure++;
        }

        if (outcome.Cause is ProbeFailureCause.None or ProbeFailureCause.HttpStatus)
        {
            _latency.Add(took);
            _secondLatency.Add(took);
        }

        _dots.Add(started, took, outcome.Succeeded);
    }

    /// <summary>Notes a request that was due and not sent.</summary>
    public void AddNotSent()
    {
        _notSent++;
        _secondNotSent++;
    }

    /// <summary>Closes the seconds that are over; <see langword="null"/> when there is none.</summary>
    /// <remarks>To be called once for each second; when it comes late, the seconds in between are empty.</remarks>
    public LoadSecond? CloseSecond(TimeSpan elapsed)
    {
        if (_timeline.Count >= (long)elapsed.TotalSeconds)
        {
            return null;
        }

        var second = new LoadSecond(
            _timeline.Count,
            _secondSuccess,
            _secondFailure,
            _secondNotSent,
            _secondLatency.Percentile(50),
            _secondLatency.Percentile(99),
            _secondLatency.Max);
        _timeline.Add(second);
        _secondLatency.Clear();
        (_secondSuccess, _secondFailure, _secondNotSent) = (0, 0, 0);
        return second;
    }

    /// <summary>The report of the run that has ended.</summary>
    public LoadReport ToReport(
        LoadMode mode,
        Uri target,
        DateTimeOffset start,
        TimeSpan elapsed,
        IEnumerable<OutageWindow> outages,
        ImmutableArray<LoadPhase> phases)
    {
        // The last second may be shorter than the others, and what ended on its last stroke is in it.
        var seconds = Math.Max((long)Math.Ceiling(elapsed.TotalSeconds), _timeline.Count + (_secondSuccess + _secondFailure + _secondNotSent > 0 ? 1 : 0));
        while (_timeline.Count < seconds)
        {
            CloseSecond(TimeSpan.FromSeconds(seconds));
        }

        return new LoadReport(
            mode,
            target,
            start,
            _tally.ToResult(elapsed, _notSent),
            _latency.ToDistribution(),
            _lateness.ToDistribution(),
            _timeline.ToImmutable(),
            [.. outages],
            phases,
            _dots.ToArray());
    }
}
