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

    /// <summary>Every range that the cluster uses or reserves, whoever does, sorted by range, use and owner (none
    /// first).</summary>
    public required ImmutableArray<AddressRange> Ranges { get; init; }

    /// <summary>The pairs of <see cref="Ranges"/> that must be apart and are not, <see cref="Overlaps"/> among them; a million at
    /// most. Sorted by the left range's use, range and owner, then the right one's. Of PodCIDRs or pools that lie in
    /// each other, each comes once, with the nearest around it.</summary>
    public required ImmutableArray<AddressClash> Clashes { get; init; }

    /// <summary>What somebody must judge: the weightiest first, then by id, subject and evidence.</summary>
    public required ImmutableArray<Finding> Findings { get; init; }
}
