using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>What a probe run came to.</summary>
/// <param name="Success">Requests answered with status 200.</param>
/// <param name="Failures">The failed requests by cause, most frequent first, then in the order of the enumeration. Compared
/// by reference in equality.</param>
/// <param name="Elapsed">From the start to the end of the last worker.</param>
/// <param name="NotSent">Requests that were due and never sent, because their worker still waited for an earlier one. A client
/// that does not count them shows 100 % success through an outage in which nothing was asked.</param>
/// <param name="LongestSilence">The longest time without the end of a request, from the start of the run on.</param>
public sealed record ProbeResult(
    long Success, ImmutableArray<ProbeFailureCount> Failures, TimeSpan Elapsed, long NotSent, TimeSpan LongestSilence)
{
    /// <summary>Requests that ended with anything but status 200.</summary>
    public long Failure => Failures.Sum(failure => failure.Count);

    /// <summary>Requests that ended; can exceed the number asked for by those in flight when it was reached.</summary>
    public long Total => Success + Failure;

    /// <summary>Success as a percentage of the total, 0–100; 0 when there was no request.</summary>
    public double SuccessRate => Total == 0 ? 0 : 100.0 * Success / Total;

    /// <summary>How many requests failed for <paramref name="cause"/>.</summary>
    public long CountOf(ProbeFailureCause cause) => Failures.FirstOrDefault(failure => failure.Cause == cause)?.Count ?? 0;
}
