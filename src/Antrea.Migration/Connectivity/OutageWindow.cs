namespace Antrea.Migration.Connectivity;

/// <summary>A time in which a flow did not get through.</summary>
/// <param name="Flow">Who did not get through to whom.</param>
/// <param name="Start">When the first request that was lost, or that was answered late, was sent. The path can have broken
/// up to one interval earlier.</param>
/// <param name="End">When the first good answer after it came; the end of the probe when none did.</param>
/// <param name="RequestsLost">How many requests failed in it; 0 for a stall, in which all were answered, but late.</param>
/// <param name="Cause">Of the first request that failed; <see cref="ProbeFailureCause.None"/> for a stall.</param>
/// <param name="Phase">The phase in which it began; empty when none was entered yet.</param>
/// <param name="Recovered">Whether a good answer ended it.</param>
public sealed record OutageWindow(
    FlowName Flow,
    DateTimeOffset Start,
    DateTimeOffset End,
    long RequestsLost,
    ProbeFailureCause Cause,
    string Phase,
    bool Recovered)
{
    /// <summary>The Nodes on which Pods were being restarted when it began, by name, joined by commas; empty when none was.</summary>
    public string Nodes { get; init; } = "";

    /// <summary>How long it took.</summary>
    public TimeSpan Duration => End - Start;
}
