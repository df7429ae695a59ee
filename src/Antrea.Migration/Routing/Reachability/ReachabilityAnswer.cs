namespace Antrea.Migration.Routing.Reachability;

/// <summary>Whether a connection works, and why.</summary>
/// <param name="Verdict">Whether it works.</param>
/// <param name="Reason">One sentence that names the hop that decides and what it does.</param>
/// <param name="SourceSeen">The source address that the destination sees; null when the connection is not established
/// or the address is not known.</param>
/// <param name="LostAt">The hop where the first packet, or the reply, is lost, for example <c>OVS on test-worker4</c>;
/// null when none is.</param>
public sealed record ReachabilityAnswer(ReachabilityVerdict Verdict, string Reason, string? SourceSeen, string? LostAt)
{
    /// <summary>Why it does not work, or not always; <see cref="ReachabilityCause.None"/> when it does.</summary>
    public ReachabilityCause Cause { get; init; }

    /// <summary>What to do about <see cref="Cause"/>, in one sentence; empty when there is nothing to do.</summary>
    public string Remedy => ReachabilityRemedies.Of(Cause);
}
