namespace Antrea.Migration.Connectivity;

/// <summary>Adds requests up. Constant memory however long the run; for one thread.</summary>
internal sealed class ProbeTally
{
    private readonly Dictionary<ProbeFailureCause, ProbeFailureCount> _failures = [];
    private TimeSpan _lastEnd;
    private TimeSpan _longestSilence;
    private long _success;

    /// <summary>Notes what a request came to.</summary>
    /// <param name="outcome">That.</param>
    /// <param name="ended">When, since the start of the run.</param>
    public void Add(ProbeOutcome outcome, TimeSpan ended)
    {
        if (outcome.Succeeded)
        {
            _success++;
        }
        else
        {
            _failures[outcome.Cause] = _failures.TryGetValue(outcome.Cause, out var seen)
                ? seen with { Count = seen.Count + 1 }
                : new ProbeFailureCount(outcome.Cause, 1, outcome.Detail);
        }

        // Workers report side by side: a sample can come a moment after one that ended later.
        if (ended > _lastEnd)
        {
            _longestSilence = TimeSpan.FromTicks(Math.Max(_longestSilence.Ticks, (ended - _lastEnd).Ticks));
            _lastEnd = ended;
        }
    }

    public ProbeResult ToResult(TimeSpan elapsed, long notSent) => new(
        _success,
        [.. _failures.Values.OrderByDescending(failure => failure.Count).ThenBy(failure => failure.Cause)],
        elapsed,
        notSent,
        _longestSilence);
}
