using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>A cluster as it was at one moment: what analysis, conversion and planning work on, online and offline alike.</summary>
/// <remarks>Every list is sorted by name (Namespace first where there is one), so equal clusters give equal output.
/// Immutable and safe for use by several threads.</remarks>
public sealed record ClusterSnapshot
{
    /// <summary>All Nodes.</summary>
    public ImmutableArray<NodeInfo> Nodes { get; init; } = [];

    /// <summary>All Pods, ended ones included.</summary>
    public ImmutableArray<PodInfo> Pods { get; init; } = [];

    /// <summary>Calico's address management.</summary>
    public CalicoIpam CalicoIpam { get; init; } = CalicoIpam.Empty;

    /// <summary>Where Service ClusterIPs come from; empty when it could not be learned.</summary>
    public ImmutableArray<Cidr> ServiceCidrs { get; init; } = [];

    /// <summary>Where Nodes, future ones too, get their PodCIDRs from; empty when it could not be learned.</summary>
    public ImmutableArray<Cidr> ClusterCidrs { get; init; } = [];

    /// <summary>Every object that was read, in source order, those with a typed view above included.</summary>
    public ImmutableArray<ClusterObject> Objects { get; init; } = [];

    /// <summary>What was odd while reading: fields with defaults applied against expectation, values skipped, kinds not served.</summary>
    public ImmutableArray<Finding> ReadFindings { get; init; } = [];

    /// <summary>The objects of one kind within an API group, whatever the version.</summary>
    /// <param name="group">The API group; the empty string for the core group.</param>
    /// <param name="kind">The kind, for example <c>NetworkPolicy</c>.</param>
    public IEnumerable<ClusterObject> OfKind(string group, string kind) =>
        Objects.Where(o => o.Kind == kind && o.Group == group);
}
