namespace Antrea.Migration.Connectivity.Load;

/// <summary>One second of a run, by when requests ended.</summary>
/// <param name="Index">Which one, from 0.</param>
/// <param name="Success">Requests that ended well in it.</param>
/// <param name="Failure">Requests that failed in it.</param>
/// <param name="NotSent">Requests that were due in it and not sent, because too many were under way.</param>
/// <param name="P50">Half of the answers took no longer, to two digits; zero when there was none.</param>
/// <param name="P99">99 % of the answers took no longer.</param>
/// <param name="Max">The longest.</param>
public sealed record LoadSecond(
    int Index, long Success, long Failure, long NotSent, TimeSpan P50, TimeSpan P99, TimeSpan Max);
