using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Addressing;

/// <summary>What <see cref="AddressAnalyzer"/> found.</summary>
public sealed record AddressAnalysis
{
    /// <summary>Which way the migration has to go.</summary>
    public required MigrationScenario Scenario { get; init; }

    /// <summary>Every overlap of a range of Calico's with a PodCIDR, sorted by range, kind, owner (none first), PodCIDR
    /// and Node.</summary>
    public required ImmutableArray<BlockOverlap> Overlaps { get; init; }

    /// <summary>The owners of the overlapping ranges, each once, sorted by name: the Nodes whose Calico Pods lose
    /// reachability, hence the ones the scenario counts. An owner that is no longer a Node of the cluster counts
    /// too.</summary>
    public required ImmutableArray<string> OverlappedNodes { get; init; }

    /// <summary>Every range that Calico uses or reserves, overlapping or not, sorted by range, kind and owner (none
    /// first).</summary>
    public required ImmutableArray<CalicoRange> CalicoRanges { get; init; }

    /// <summary>What somebody must judge: the weightiest first, then by id, subject and evidence.</summary>
    public required ImmutableArray<Finding> Findings { get; init; }
}
