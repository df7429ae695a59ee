using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>How requests were spaced.</summary>
public enum LoadMode
{
    /// <summary>On a schedule that nothing delays (<see cref="OpenModelProber"/>).</summary>
    OpenModel,

    /// <summary>Each worker's next one after its last one (<see cref="ClosedLoopProber"/>).</summary>
    ClosedLoop,
}

/// <summary>What a run of <see cref="OpenModelProber"/> or <see cref="ClosedLoopProber"/> came to.</summary>
/// <param name="Mode">How requests were spaced.</param>
/// <param name="Target">Where they went.</param>
/// <param name="Start">When the run began.</param>
/// <param name="Totals">How many did and did not come through. Its <see cref="ProbeResult.NotSent"/> are those that were due while too many
/// were under way.</param>
/// <param name="Latency">Of the answered requests, whatever their status: from the time due in the open model, from sending in the
/// closed loop. Failures without an answer are in <paramref name="Totals"/> alone.</param>
/// <param name="Lateness">How much later than due requests were sent: the prober's own error. Nothing in the closed loop.</param>
/// <param name="Timeline">Every second of the run; the last one may be shorter. Compared by reference in equality, as are all
/// lists here.</param>
/// <param name="Outages">By start.</param>
/// <param name="Phases">By start; empty when none was entered.</param>
/// <param name="Dots">Single requests by the time they were due, evenly thinned where they were many.</param>
public sealed record LoadReport(
    LoadMode Mode,
    Uri Target,
    DateTimeOffset Start,
    ProbeResult Totals,
    LatencyDistribution Latency,
    LatencyDistribution Lateness,
    ImmutableArray<LoadSecond> Timeline,
    ImmutableArray<OutageWindow> Outages,
    ImmutableArray<LoadPhase> Phases,
    ImmutableArray<LoadDot> Dots)
{
    /// <summary>Requests that ended or could not be sent.</summary>
    public long Due => Totals.Total + Totals.NotSent;

    /// <summary>Success as a percentage of all that were due, 0–100; 0 when there was none. What was not sent did not get
    /// through.</summary>
    public double SuccessRate => Due == 0 ? 0 : 100.0 * Totals.Success / Due;

    /// <summary>Ended requests a second.</summary>
    public double RequestsPerSecond => Totals.Elapsed > TimeSpan.Zero ? Totals.Total / Totals.Elapsed.TotalSeconds : 0;

    /// <summary>The longest outage; zero when there was none.</summary>
    public TimeSpan LongestOutage => Outages.Select(outage => outage.Duration).DefaultIfEmpty().Max();

    /// <summary>All outages together; they do not overlap.</summary>
    public TimeSpan Downtime => new(Outages.Sum(outage => outage.Duration.Ticks));
}
