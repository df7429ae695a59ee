using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Felix's chains and ipsets on a Node; they stay when calico-node is deleted, until somebody cleans up.</summary>
/// <param name="MasqueradePools"><c>cali40masq-ipam-pools</c>, <c>cali60masq-ipam-pools</c>: the pools with natOutgoing.</param>
/// <param name="AllPools"><c>cali40all-ipam-pools</c>, <c>cali60all-ipam-pools</c>: every pool, disabled ones included.</param>
/// <remarks>Source: Calico v3.26.1, felix/rules (nat.go, static.go, endpoints.go).</remarks>
internal sealed record CalicoNetfilter(ImmutableArray<Cidr> MasqueradePools, ImmutableArray<Cidr> AllPools)
{
    /// <summary>Whether the workload chains drop INVALID packets (not <c>disableConntrackInvalidCheck</c>).</summary>
    public bool DropsInvalid { get; init; } = true;
}

/// <summary>Antrea's chains and its ipset on a Node.</summary>
/// <param name="PodCidrs">The Node's own PodCIDRs: the sources that are masqueraded.</param>
/// <param name="PodIPSet"><c>ANTREA-POD-IP</c> and <c>ANTREA-POD-IP6</c>: every Node's PodCIDR; destinations never masqueraded.</param>
/// <param name="NoSnat">The agent's option <c>noSNAT</c>: Pods leave the Node with their own address.</param>
/// <remarks>Source: Antrea v1.14, pkg/agent/route/route_linux.go.</remarks>
internal sealed record AntreaNetfilter(ImmutableArray<Cidr> PodCidrs, ImmutableArray<Cidr> PodIPSet, bool NoSnat = false);

/// <summary>kube-proxy (iptables mode) on a Node.</summary>
/// <param name="DropsInvalid">Whether <c>KUBE-FORWARD</c> drops INVALID; absent with <c>tcpBeLiberal</c>.</param>
/// <param name="ClusterCidrs"><c>--cluster-cidr</c>: Service traffic from other sources is masqueraded; none of a family: none of it is.</param>
/// <param name="MasqueradeAll"><c>--masquerade-all</c>.</param>
internal sealed record KubeProxy(bool DropsInvalid = true, ImmutableArray<Cidr> ClusterCidrs = default, bool MasqueradeAll = false)
{
    /// <summary>The range of a family; null where there is none.</summary>
    public Cidr? ClusterCidrOf(bool isIPv6) =>
        ClusterCidrs.IsDefault ? null : ClusterCidrs.Where(cidr => cidr.IsIPv6 == isIPv6).Select(cidr => (Cidr?)cidr).FirstOrDefault();
}

/// <summary>One hostPort of one sandbox, as the CNI plugin portmap keeps it in nat; the first that matches counts.</summary>
/// <param name="Network">The CNI network's name, by which alone the plugin finds it again.</param>
/// <param name="ContainerId">The sandbox.</param>
/// <param name="Protocol">The port's protocol.</param>
/// <param name="HostIP">The Node's address it is for; null for all of them.</param>
/// <param name="Port">The Node's port.</param>
/// <param name="Target">Where it leads; only packets of that family match.</param>
/// <remarks>Source: containernetworking/plugins v1.9, plugins/meta/portmap/portmap_iptables.go.</remarks>
internal sealed record HostPortRule(string Network, string ContainerId, TransportProtocol Protocol, IPAddress? HostIP, int Port, IPEndPoint Target)
{
    /// <summary>Whether it is for a packet to one of the Node's own addresses.</summary>
    public bool Matches(Packet packet) =>
        packet.Flow.Protocol == Protocol && packet.Flow.DestinationPort == Port && packet.Destination.AddressFamily == Target.AddressFamily
        && (HostIP is null || HostIP.Equals(packet.Destination));
}
