using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Clusters;

/// <summary>What the analysis needs to know of one Node.</summary>
public sealed record NodeInfo
{
    /// <summary>The Node's name.</summary>
    public required string Name { get; init; }

    /// <summary><c>spec.podCIDRs</c>, in the order given; empty when the Node has none (then Antrea cannot start there).</summary>
    public ImmutableArray<Cidr> PodCidrs { get; init; } = [];

    /// <summary>Addresses of type InternalIP, in the order given.</summary>
    public ImmutableArray<IPAddress> InternalIPs { get; init; } = [];

    /// <summary>The subnets of the Node's addresses, read from the annotations <c>projectcalico.org/IPv4Address</c> and
    /// <c>IPv6Address</c>; empty when Calico has not noted them.</summary>
    public ImmutableArray<Cidr> Networks { get; init; } = [];

    /// <summary>Addresses that Calico gave the Node's own tunnel devices, read from the annotations
    /// <c>projectcalico.org/IPv4IPIPTunnelAddr</c>, <c>IPv4VXLANTunnelAddr</c> and <c>IPv4WireguardInterfaceAddr</c>.</summary>
    public ImmutableArray<IPAddress> CalicoTunnelAddresses { get; init; } = [];

    /// <summary>Whether condition Ready is True.</summary>
    public bool Ready { get; init; }

    /// <summary><c>spec.unschedulable</c>: the Node is cordoned.</summary>
    public bool Unschedulable { get; init; }

    /// <summary>Whether condition NetworkUnavailable is True, with its reason; null when the condition is absent or False.</summary>
    public string? NetworkUnavailableReason { get; init; }

    /// <summary><c>status.nodeInfo.containerRuntimeVersion</c>, for example <c>containerd://1.7.1</c>; empty when unknown.</summary>
    public string ContainerRuntime { get; init; } = "";

    /// <summary><c>status.nodeInfo.operatingSystem</c>: <c>linux</c> or <c>windows</c>; <c>linux</c> when unknown.</summary>
    public string OperatingSystem { get; init; } = "linux";

    /// <summary><c>status.nodeInfo.kubeletVersion</c>, for example <c>v1.27.3</c>; empty when unknown.</summary>
    public string KubeletVersion { get; init; } = "";
}
