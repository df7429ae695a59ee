using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Where an address of Calico's lies.</summary>
internal enum MatrixOverlap
{
    None,
    Own,
    Other,
}

/// <summary>What the rules ask of a pool.</summary>
internal readonly record struct PoolTraits(bool NatOutgoing, EncapsulationMode Encapsulation);

/// <summary>What the rules ask of one address of Calico's (a Pod's, or the one a Node's tunnel gives to what is masqueraded).</summary>
internal readonly record struct CalicoSide(MatrixOverlap Overlap, bool IsKept, HostRoute Route, PoolTraits? Pool, Cidr? OwnerSubnet);

/// <summary>What the rules ask of an address of Antrea's.</summary>
internal readonly record struct AntreaSide(HostRoute Route, PoolTraits? Pool);

/// <summary>Everything that the rules ask of one endpoint alone: those of one key are answered alike.</summary>
/// <param name="Kind">Its network.</param>
/// <param name="IsIPv6">Its family.</param>
/// <param name="Calico">Its address, unless it is Antrea's.</param>
/// <param name="Antrea">Its address of Antrea's, if it has one.</param>
/// <param name="Tunnel">The address of its Node's Calico tunnel, if that has one.</param>
/// <param name="Subnet">Its Node's subnet, where that matters.</param>
/// <param name="IsMasqueraded">Whether kube-proxy masquerades what it asks of ClusterIPs, where some are and some are not.</param>
/// <param name="IsOfService">Whether it is asked for by a ClusterIP.</param>
/// <param name="IsOutsideServiceCidrs">Whether that is in no known Service CIDR, where that matters.</param>
/// <param name="IsAskedFromPodCidr">Whether its own Node asks it, and masquerades what asks it, from an address in a PodCIDR, where that matters.</param>
internal readonly record struct MatrixKey(
    PodNetworkKind Kind, bool IsIPv6, CalicoSide? Calico, AntreaSide? Antrea, CalicoSide? Tunnel, Cidr? Subnet, bool IsMasqueraded,
    bool IsOfService, bool IsOutsideServiceCidrs, bool IsAskedFromPodCidr);

/// <summary>Gives endpoints their keys, and keys their words.</summary>
internal sealed class MatrixKeys
{
    private readonly ReachabilityTopology _topology;
    private readonly bool _subnetsMatter;
    private readonly bool _poolsDiffer;
    private readonly bool _masqueradingMatters;
    private readonly bool _serviceCidrsMatter;

    public MatrixKeys(ReachabilityTopology topology, bool hasServices)
    {
        var model = topology.Model;
        _topology = topology;
        _subnetsMatter = model.AntreaEncap == AntreaEncapMode.Hybrid || model.Pools.Any(p => p.Encapsulation == EncapsulationMode.CrossSubnet);
        _poolsDiffer = model.Pools.Select(TraitsOf).Distinct().Skip(1).Any();
        _masqueradingMatters = hasServices && !model.KubeProxyMasqueradesAll && !model.KubeProxyClusterCidrs.IsEmpty;
        _serviceCidrsMatter = model.MultusRoutes is MultusRoutes.V2 or MultusRoutes.ByPodCidr;
    }

    /// <summary>An endpoint's key.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="node">Its Node.</param>
    /// <param name="clusterIP">The ClusterIP it is asked for by; null for its own address, and for clients.</param>
    public MatrixKey Of(ReachabilityEndpoint endpoint, ReachabilityNode node, IPAddress? clusterIP)
    {
        var address = endpoint.Address;
        return new MatrixKey(
            endpoint.Kind,
            address.AddressFamily == AddressFamily.InterNetworkV6,
            endpoint.Kind == PodNetworkKind.Antrea ? null : SideOf(address, node),
            endpoint.AntreaAddress is { } antrea ? new AntreaSide(_topology.RouteToAntrea(antrea), PoolOf(antrea)) : null,
            TunnelOf(node, address.AddressFamily) is { } tunnel ? SideOf(tunnel, node) : null,
            _subnetsMatter ? node.Subnet : null,
            clusterIP is null && _masqueradingMatters && endpoint.Kind is (PodNetworkKind.Calico or PodNetworkKind.Multus)
                && _topology.IsMasqueradedByKubeProxy(address),
            clusterIP is not null,
            clusterIP is not null && _serviceCidrsMatter && _topology.IsAskedByNet1(clusterIP) == false,
            IsAskedFromPodCidr(endpoint, node));
    }

    public static IPAddress? TunnelOf(ReachabilityNode node, AddressFamily family)
    {
        foreach (var address in node.TunnelAddresses)
        {
            if (address.AddressFamily == family)
            {
                return address;
            }
        }

        return null;
    }

    /// <summary>Where the addresses of a key's endpoints lie, in words; empty when nothing is odd about them.</summary>
    public string Describe(MatrixKey key)
    {
        var words = new List<string>();
        if (key.Calico is { Overlap: not MatrixOverlap.None } overlapped)
        {
            words.Add($"{(overlapped.IsKept ? $"with the {(key.IsIPv6 ? "first" : "last")} address of" : "in")} {(overlapped.Overlap == MatrixOverlap.Own ? "their own" : "another")} Node's PodCIDR");
            words.AddRange(Order(overlapped.Route, "their block"));
        }

        if (key.Antrea is { Route: not HostRoute.Antrea })
        {
            words.Add(key.Kind == PodNetworkKind.Multus ? "with net1 in a Calico block" : "in a Calico block");
        }

        if (key.Kind is PodNetworkKind.Calico or PodNetworkKind.Multus && _poolsDiffer)
        {
            words.Add(
                key.Calico?.Pool is { } pool ? $"of a pool with{(pool.NatOutgoing ? "" : "out")} natOutgoing (tunnel: {pool.Encapsulation})" : "of no pool");
        }

        if (key.Kind is PodNetworkKind.Antrea or PodNetworkKind.Host && key.Tunnel is { Overlap: not MatrixOverlap.None } tunnel)
        {
            words.Add($"{(key.Kind == PodNetworkKind.Host ? "" : "on Nodes ")}whose tunnel address lies in {(tunnel.Overlap == MatrixOverlap.Own ? "the Node's own" : "another's")} PodCIDR");
            words.AddRange(Order(tunnel.Route, "its block"));
        }

        if (key.Subnet is { } subnet)
        {
            words.Add($"{(key.Kind == PodNetworkKind.Host ? "" : "on Nodes ")}in {subnet}");
        }

        if (key.IsMasqueraded)
        {
            words.Add("outside kube-proxy's cluster CIDR");
        }

        if (key.IsOutsideServiceCidrs)
        {
            words.Add("by a ClusterIP outside the known Service CIDRs");
        }

        if (key.IsAskedFromPodCidr)
        {
            words.Add("asked by their own Node from an address in a PodCIDR");
        }

        return string.Join(' ', words);
    }

    private static string[] Order(HostRoute route, string block) => route switch
    {
        HostRoute.Antrea => [$"that is longer than {block}"],
        HostRoute.Contested => [$"that equals {block}"],
        _ => [],
    };

    /// <summary>Only a Multus Pod that answers PodCIDRs by net1 asks where that source lies, and only in IPv6 does a Node choose it by the Pod's
    /// address.</summary>
    private bool IsAskedFromPodCidr(ReachabilityEndpoint endpoint, ReachabilityNode node) =>
        endpoint.Kind == PodNetworkKind.Multus
        && _topology.Model.MultusRoutes == MultusRoutes.ByPodCidr
        && endpoint.Address.AddressFamily == AddressFamily.InterNetworkV6
        && _topology.AddressTowardsOwn(node, endpoint.Address) is { } source
        && _topology.OwnerInAntrea(source) is not null;

    private CalicoSide SideOf(IPAddress address, ReachabilityNode node) =>
        _topology.OwnerInAntrea(address) is { } owner
            ? new CalicoSide(
                owner.Node.Name == node.Name ? MatrixOverlap.Own : MatrixOverlap.Other,
                ReachabilityTopology.Keeping(address, owner.Node) is not null,
                _topology.RouteToCalico(address),
                PoolOf(address),
                _subnetsMatter ? owner.Node.Subnet : null)
            : new CalicoSide(MatrixOverlap.None, false, HostRoute.Calico, PoolOf(address), null);

    private PoolTraits? PoolOf(IPAddress address) => _topology.PoolOf(address) is { } pool ? TraitsOf(pool) : null;

    private static PoolTraits TraitsOf(ReachabilityPool pool) => new(pool.NatOutgoing, pool.Encapsulation);
}
