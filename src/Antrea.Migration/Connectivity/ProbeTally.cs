using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>Adds samples up. Constant memory however long the run; for one thread.</summary>
internal sealed class ProbeTally
{
    private readonly DateTimeOffset _start;
    private readonly Dictionary<ProbeFailureCause, ProbeFailureCount> _failures = [];
    private DateTimeOffset _lastEnd;
    private TimeSpan _longestSilence;
    private long _success;

    public ProbeTally(DateTimeOffset start) => _start = _lastEnd = start;

    public void Add(ProbeSample sample)
    {
        if (sample.Outcome.Succeeded)
        {
            _success++;
        }
        else
        {
            var cause = sample.Outcome.Cause;
            _failures[cause] = _failures.TryGetValue(cause, out var seen)
                ? seen with { Count = seen.Count + 1 }
                : new ProbeFailureCount(cause, 1, sample.Outcome.Detail);
        }

        // Workers report side by side: a sample can come a moment after one that ended later.
        if (sample.At > _lastEnd)
        {
            _longestSilence = TimeSpan.FromTicks(Math.Max(_longestSilence.Ticks, (sample.At - _lastEnd).Ticks));
            _lastEnd = sample.At;
        }
    }

    public ProbeResult ToResult(DateTimeOffset end, long notSent) => new(
        _success,
        [.. _failures.Values.OrderByDescending(failure => failure.Count).ThenBy(failure => failure.Cause)],
        end - _start,
        notSent,
        _longestSilence);
}
