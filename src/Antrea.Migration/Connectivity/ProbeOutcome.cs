namespace Antrea.Migration.Connectivity;

/// <summary>What one probe request came to.</summary>
/// <param name="Cause"><see cref="ProbeFailureCause.None"/> for success.</param>
/// <param name="Detail">What was seen, in a few words, for example <c>HTTP 503</c>; empty for success.</param>
public sealed record ProbeOutcome(ProbeFailureCause Cause, string Detail)
{
    /// <summary>A request that was answered with status 200.</summary>
    public static ProbeOutcome Success { get; } = new(ProbeFailureCause.None, "");

    /// <summary>Whether the request was answered with status 200.</summary>
    public bool Succeeded => Cause == ProbeFailureCause.None;
}
