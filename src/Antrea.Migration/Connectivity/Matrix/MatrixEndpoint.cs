using System.Collections.Immutable;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Connectivity;

/// <summary>A Pod that opens connections in a <see cref="ConnectivityMatrix"/>, or takes them, or both.</summary>
public sealed record MatrixEndpoint
{
    /// <summary><c>namespace/pod</c>; unique in a matrix.</summary>
    public required string Name { get; init; }

    /// <summary>What owns the Pod, as <c>namespace/name</c>, and stays the same when the Pod is made anew; the Pod itself when nothing does.</summary>
    public required string Workload { get; init; }

    /// <summary>Its Node.</summary>
    public required string Node { get; init; }

    /// <summary>What Nodes of its kind have in common, in words; Nodes of one class are interchangeable for a sample.</summary>
    public string NodeClass { get; init; } = "";

    /// <summary>The network it is on; null when that is not known.</summary>
    public PodNetworkKind? Network { get; init; }

    /// <summary>The address others connect to.</summary>
    public required string Address { get; init; }

    /// <summary>The TCP ports it takes connections on, ascending; empty for one that only opens them. Compared by reference in
    /// equality.</summary>
    public ImmutableArray<int> Ports { get; init; } = [];

    /// <summary>Whether connections can be opened from it.</summary>
    public bool CanSend { get; init; } = true;

    /// <summary>Pods of one workload on one network are alike to policies and to the datapath.</summary>
    public string PodClass => Network is { } network ? $"{Workload} ({network})" : Workload;

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
