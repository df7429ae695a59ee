namespace Antrea.Migration.Connectivity.Load;

/// <summary>How long things took. Percentiles are exact to three digits; all values are zero when there was nothing.</summary>
/// <param name="Count">How many.</param>
/// <param name="Min">The shortest.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="P50">Half took no longer.</param>
/// <param name="P90">90 % took no longer.</param>
/// <param name="P95">95 %.</param>
/// <param name="P99">99 %.</param>
/// <param name="P999">99.9 %.</param>
/// <param name="P9999">99.99 %.</param>
/// <param name="Max">The longest.</param>
public sealed record LatencyDistribution(
    long Count,
    TimeSpan Min,
    TimeSpan Mean,
    TimeSpan P50,
    TimeSpan P90,
    TimeSpan P95,
    TimeSpan P99,
    TimeSpan P999,
    TimeSpan P9999,
    TimeSpan Max);
