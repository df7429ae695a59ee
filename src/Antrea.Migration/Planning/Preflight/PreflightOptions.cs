using System.Collections.Immutable;

namespace Antrea.Migration.Planning;

/// <summary>What a preflight should know besides the cluster.</summary>
public sealed record PreflightOptions
{
    /// <summary>The Antrea version that is to be installed, for example <c>v2.7.0</c>; empty when it is not known yet, which is a
    /// finding of its own.</summary>
    public string AntreaVersion { get; init; } = "";

    /// <summary>Ids of findings that the operator has judged: their blockers become notes. Empty by default.</summary>
    public ImmutableArray<string> IgnoredFindings { get; init; } = [];

    /// <summary>How many Pods may be missing at once because of restarts; null: one workload at a time, by its own strategy.</summary>
    public int? MaxUnavailable { get; init; }

    /// <summary>What a restart does with a Pod. Default <see cref="RestartMode.Reschedule"/>.</summary>
    public RestartMode Restart { get; init; }

    /// <summary>The bridge; null while it is not known, and then what would block one of them only is a warning.</summary>
    public BridgeKind? Bridge { get; init; }

    /// <summary>Whether Pods with clashing addresses are evicted on their own first.</summary>
    internal bool MovesAddresses { get; init; }
}
