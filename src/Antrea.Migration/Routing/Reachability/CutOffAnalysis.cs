using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>What <see cref="CutOffAnalyzer"/> found.</summary>
public sealed record CutOffAnalysis
{
    /// <summary>Every Pod that some senders cannot reach, once for each class of senders; in the order of the Pods, their addresses, and
    /// the senders (Pods of the Node whose PodCIDR it is first).</summary>
    public required ImmutableArray<UnreachablePod> Unreachable { get; init; }

    /// <summary>The workloads of those Pods, sorted by Namespace, name and kind.</summary>
    public required ImmutableArray<CutOffGroup> Workloads { get; init; }

    /// <summary>The Services that select some of those Pods, sorted by Namespace and name.</summary>
    public required ImmutableArray<CutOffGroup> Services { get; init; }

    /// <summary>The same for a person to judge, and what hits senders instead of Pods.</summary>
    public required ImmutableArray<Finding> Findings { get; init; }
}
