using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>A Node as far as packets care.</summary>
public sealed record ReachabilityNode
{
    /// <summary>The Node's name, unique in the model.</summary>
    public required string Name { get; init; }

    /// <summary>Its PodCIDRs: where Antrea takes addresses from, the first host address for the Node's own gateway
    /// antrea-gw0.</summary>
    public ImmutableArray<Cidr> PodCidrs { get; init; } = [];

    /// <summary>Its InternalIPs; the first of a family counts.</summary>
    public ImmutableArray<IPAddress> InternalIPs { get; init; } = [];

    /// <summary>The addresses of its Calico tunnel devices; the first of a family counts.</summary>
    public ImmutableArray<IPAddress> TunnelAddresses { get; init; } = [];

    /// <summary>The subnet it shares a link with; null when not known. Nodes are taken to share one unless both are
    /// known and differ.</summary>
    public Cidr? Subnet { get; init; }

    /// <summary>Whether Calico's routes and tunnel are there. A walk of a packet goes by it; the rules for whole clusters take both networks to be everywhere.</summary>
    internal bool HasCalico { get; init; } = true;

    /// <summary>Whether Calico's rules are there, which masquerade: they outlive its routes, as long as a Pod that it has wired and until the Node is cleaned; likewise.</summary>
    internal bool HasCalicoRules { get; init; } = true;

    /// <summary>Whether Antrea's gateway, bridge and routes are there; likewise.</summary>
    internal bool HasAntrea { get; init; } = true;
}

/// <summary>A range that Calico has routes for on every Node.</summary>
/// <param name="Cidr">A block, or a single address used away from its block (/32 or /128).</param>
/// <param name="Owner">The Node the routes lead to; null for a block without affinity, which has no route of its
/// own.</param>
public sealed record ReachabilityBlock(Cidr Cidr, string? Owner);

/// <summary>A Calico IPPool as far as packets care.</summary>
/// <param name="Cidr">Its range.</param>
/// <param name="NatOutgoing">Whether traffic to addresses in no pool is masqueraded.</param>
/// <param name="Disabled">Whether no new address is given from it; it counts for masquerading all the same.</param>
/// <param name="Encapsulation">When traffic to its addresses is put into a tunnel, IPIP or VXLAN.</param>
public sealed record ReachabilityPool(
    Cidr Cidr, bool NatOutgoing, bool Disabled = false, EncapsulationMode Encapsulation = EncapsulationMode.Always);

/// <summary>What decides who reaches whom while Calico and Antrea run side by side.</summary>
/// <remarks>Holds for kube-proxy's iptables and nftables modes and Calico's iptables and nftables dataplanes; with
/// Calico's eBPF dataplane nothing here does. Immutable and safe for use by several threads.</remarks>
public sealed record ReachabilityModel
{
    /// <summary>All Nodes.</summary>
    public ImmutableArray<ReachabilityNode> Nodes { get; init; } = [];

    /// <summary>What Calico routes.</summary>
    public ImmutableArray<ReachabilityBlock> Blocks { get; init; } = [];

    /// <summary>All Calico pools, disabled ones included.</summary>
    public ImmutableArray<ReachabilityPool> Pools { get; init; } = [];

    /// <summary>Antrea's <c>trafficEncapMode</c>; default <see cref="AntreaEncapMode.Encap"/>, as Antrea's
    /// own.</summary>
    public AntreaEncapMode AntreaEncap { get; init; }

    /// <summary>Antrea's <c>noSNAT</c>: Antrea Pods keep their address when they leave Antrea; default false.</summary>
    public bool NoSnat { get; init; }

    /// <summary>Whether kube-proxy drops packets that connection tracking calls invalid; default true, as in its
    /// iptables mode.</summary>
    public bool KubeProxyDropsInvalid { get; init; } = true;

    /// <summary>kube-proxy's <c>--cluster-cidr</c>: it masquerades what asks for a ClusterIP from an address outside of them. It masquerades
    /// nobody of a family that has none; default none.</summary>
    public ImmutableArray<Cidr> KubeProxyClusterCidrs { get; init; } = [];

    /// <summary>kube-proxy's <c>--masquerade-all</c>: it masquerades whatever asks for a ClusterIP; default false.</summary>
    public bool KubeProxyMasqueradesAll { get; init; }

    /// <summary>Where ClusterIPs come from. Multus Pods with <see cref="MultusRoutes.V2"/> or <see cref="MultusRoutes.ByPodCidr"/> have a
    /// route by net1 to these, and reach other ClusterIPs by eth0; the other Pods' one default route covers all of them.</summary>
    public ImmutableArray<Cidr> ServiceCidrs { get; init; } = [];

    /// <summary>The Nodes' <c>rp_filter</c>; default <see cref="ReversePathFilter.Loose"/>.</summary>
    public ReversePathFilter ReversePathFilter { get; init; } = ReversePathFilter.Loose;

    /// <summary>How Multus Pods are routed inside; default <see cref="MultusRoutes.Stock"/>.</summary>
    public MultusRoutes MultusRoutes { get; init; }

    /// <summary>Whether the Nodes send what comes from Calico addresses and goes to another Node's PodCIDR by Calico's own way to that Node, a rule and a
    /// table of theirs; default false.</summary>
    public bool LeadsCalicoByItsTunnel { get; init; }

    /// <summary>Whether the Nodes send to Calico Pods of their own from an IPv6 address of theirs, and not from antrea-gw0's, by address labels
    /// (<see cref="Execution.NodeCommands.LabelAddresses"/>); default false.</summary>
    public bool LabelsNodeAddresses { get; init; }

    /// <summary>Antrea's feature gate <c>Egress</c>; default true. Off, the same packets are lost one table
    /// later.</summary>
    public bool EgressEnabled { get; init; } = true;

    /// <summary>Takes from a snapshot what it holds: Nodes, routed ranges, pools, the Services' ranges, kube-proxy's settings, and Antrea's where it is
    /// installed. The rest keeps its default; set it with <c>with</c>.</summary>
    /// <remarks>A Node's subnet is the first of <see cref="NodeInfo.Networks"/>.</remarks>
    public static ReachabilityModel FromSnapshot(ClusterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var ranges = CalicoRangeList.Of(snapshot);
        var inBlocks = snapshot.CalicoIpam.Blocks
            .SelectMany(b => b.Allocations)
            .Where(a => a.IsTunnel && a.Node is not null)
            .ToLookup(a => a.Node!, a => a.Address, StringComparer.Ordinal);
        var kubeProxy = KubeProxySettings.Of(snapshot);
        return new ReachabilityModel().With(AntreaAgentSettings.Of(snapshot.OfKind("", "ConfigMap"))) with
        {
            ServiceCidrs = snapshot.ServiceCidrs,
            KubeProxyClusterCidrs = kubeProxy.ClusterCidrs,
            KubeProxyMasqueradesAll = kubeProxy.MasqueradesAll,
            Nodes =
            [
                .. snapshot.Nodes.Select(n => new ReachabilityNode
                {
                    Name = n.Name,
                    PodCidrs = n.PodCidrs,
                    InternalIPs = n.InternalIPs,
                    TunnelAddresses = [.. n.CalicoTunnelAddresses.Concat(inBlocks[n.Name]).Distinct()],
                    Subnet = n.Networks.IsEmpty ? null : n.Networks[0],
                }),
            ],
            Blocks =
            [
                .. ranges.Where(r => r.Kind != CalicoRangeKind.PendingAffinity).Select(r => new ReachabilityBlock(r.Cidr, r.Owner)),
            ],
            Pools =
            [
                .. snapshot.CalicoIpam.Pools.Select(p => new ReachabilityPool(
                    p.Cidr, p.NatOutgoing, p.Disabled, p.IpipMode != EncapsulationMode.Never && !p.Cidr.IsIPv6 ? p.IpipMode : p.VxlanMode)),
            ],
        };
    }

    /// <summary>The model of a cluster into which a manifest of Antrea's is installed.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="manifest">The manifest; where it has no configuration, that of the cluster counts.</param>
    internal static ReachabilityModel Planned(ClusterSnapshot snapshot, IEnumerable<ClusterObject> manifest)
    {
        var model = FromSnapshot(snapshot);
        return AntreaAgentSettings.Find(manifest) is { } settings ? model.With(settings) : model;
    }

    private ReachabilityModel With(AntreaAgentSettings settings) => this with
    {
        AntreaEncap = settings.EncapMode switch
        {
            "noencap" => AntreaEncapMode.NoEncap,
            "hybrid" => AntreaEncapMode.Hybrid,
            _ => AntreaEncapMode.Encap,
        },
        NoSnat = settings.NoSnat,
    };
}
