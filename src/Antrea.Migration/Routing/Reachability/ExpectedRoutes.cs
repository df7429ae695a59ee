using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>The routes that Calico and Antrea write on a Node, where its own table is not at hand.</summary>
/// <remarks>Source: Calico v3.26 <c>bird_ipam.cfg.template</c> and <c>felix/dataplane/linux/vxlan_mgr.go</c>, Antrea v1.14
/// <c>pkg/agent/route/route_linux.go</c>.</remarks>
internal static class ExpectedRoutes
{
    public const string Tunnel = "tunl0";
    public const string Gateway = "antrea-gw0";
    public const string Uplink = "eth0";

    /// <summary>The device of a Calico Pod's veth; its real name is made of a hash.</summary>
    public const string Veth = "cali*";

    /// <summary>One Node's routes.</summary>
    /// <param name="topology">The cluster.</param>
    /// <param name="node">The Node.</param>
    /// <param name="pods">The Calico Pods on it, which have a route each.</param>
    public static NodeRoutes Of(ReachabilityTopology topology, ReachabilityNode node, IEnumerable<IPAddress> pods)
    {
        var routes = new List<Route>();
        routes.AddRange(pods.Select(p => new Route { Destination = Cidr.Host(p), Device = Veth, Scope = "link" }));
        routes.AddRange(topology.Model.Nodes.SelectMany(peer => peer.PodCidrs.Select(podCidr => PodCidr(topology, node, peer, podCidr))).OfType<Route>());

        // Antrea replaces what is there, and BIRD cannot add what is taken: but a connected route does not replace the own block's blackhole.
        var taken = routes.Where(r => r.Gateway is not null).Select(r => r.Destination).ToHashSet();
        routes.InsertRange(0, topology.Model.Blocks.Where(b => b.Owner is not null && !taken.Contains(b.Cidr)).Select(b => Block(topology, node, b)).OfType<Route>());
        foreach (var family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            routes.Add(new Route { Destination = Cidr.Containing(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), Device = Uplink });
        }

        return new NodeRoutes(node.Name, routes);
    }

    private static Route? PodCidr(ReachabilityTopology topology, ReachabilityNode node, ReachabilityNode peer, Cidr podCidr)
    {
        if (!node.HasAntrea)
        {
            return null;
        }

        var gateway = podCidr.AddressCount > 1 ? podCidr.AddressAt(1) : podCidr.FirstAddress;
        if (peer.Name == node.Name)
        {
            return new Route { Destination = podCidr, Device = Gateway, Protocol = "kernel", Scope = "link", Source = gateway };
        }

        return topology.AntreaTunnels(node, peer)
            ? new Route { Destination = podCidr, Gateway = gateway, Device = Gateway, OnLink = true }
            : ReachabilityTopology.AddressOf(peer, gateway.AddressFamily) is { } address
                ? new Route { Destination = podCidr, Gateway = address, Device = Uplink }
                : null;
    }

    private static Route? Block(ReachabilityTopology topology, ReachabilityNode node, ReachabilityBlock block)
    {
        if (!node.HasCalico)
        {
            return null;
        }

        var isAddress = block.Cidr.AddressCount == 1;
        if (block.Owner == node.Name)
        {
            return isAddress ? null : new Route { Destination = block.Cidr, Type = RouteType.Blackhole, Protocol = "bird" };
        }

        if (topology.FindNode(block.Owner!) is not { } owner || ReachabilityTopology.AddressOf(owner, block.Cidr.FirstAddress.AddressFamily) is not { } address)
        {
            return null;
        }

        var tunnels = topology.CalicoTunnels(node, owner, block.Cidr.FirstAddress);
        return new Route
        {
            Destination = block.Cidr,
            Gateway = address,
            Device = tunnels ? Tunnel : Uplink,
            Protocol = "bird",
            OnLink = tunnels,
        };
    }
}
