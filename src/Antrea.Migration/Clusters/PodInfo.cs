using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Clusters;

/// <summary>What the analysis and the migration need to know of one Pod.</summary>
public sealed record PodInfo
{
    /// <summary>The Pod's Namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The Pod's name.</summary>
    public required string Name { get; init; }

    /// <summary>The Pod's uid; empty when unknown.</summary>
    public string Uid { get; init; } = "";

    /// <summary><c>spec.nodeName</c>; empty while the Pod is not scheduled.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Whether the Pod uses its Node's network; such a Pod has no CNI address and is never restarted.</summary>
    public bool HostNetwork { get; init; }

    /// <summary><c>status.podIPs</c>, the primary first; empty before the Pod has a network.</summary>
    public ImmutableArray<IPAddress> PodIPs { get; init; } = [];

    /// <summary><c>status.phase</c>; empty when unknown.</summary>
    public string Phase { get; init; } = "";

    /// <summary>Whether condition Ready is True.</summary>
    public bool Ready { get; init; }

    /// <summary>Whether <c>metadata.deletionTimestamp</c> is set.</summary>
    public bool Terminating { get; init; }

    /// <summary>The owner reference with <c>controller: true</c>, as kind and name; null for a bare Pod.</summary>
    public (string Kind, string Name)? Controller { get; init; }

    /// <summary>The labels.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The annotations.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The <c>hostPort</c>s of the containers, in ascending order, each once; empty for a Pod on its Node's network, whose ports are the Node's own.</summary>
    public ImmutableArray<int> HostPorts { get; init; } = [];

    /// <summary><c>spec.restartPolicy</c>; Always when absent.</summary>
    public string RestartPolicy { get; init; } = "Always";

    /// <summary>Whether this is the mirror of a static Pod (annotation <c>kubernetes.io/config.mirror</c>).</summary>
    public bool IsMirror => Annotations.ContainsKey("kubernetes.io/config.mirror");

    /// <summary>Whether the Pod has ended: phase Succeeded or Failed. Its address is free then.</summary>
    public bool HasEnded => Phase is "Succeeded" or "Failed";

    /// <summary><c>namespace/name</c>.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}
