using System.Net;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>One connection's walk: the request, the reply, and the acknowledgement that shows who has seen both.</summary>
/// <remarks>This file has the walk and the Pods; the others have the Nodes' kernels, Open vSwitch and connection tracking.
/// With a ClusterIP the client asks for that, and the first kube-proxy or AntreaProxy on the way chooses the server.</remarks>
internal sealed partial class PathWalk(
    ReachabilityTopology topology, Func<ReachabilityNode, NodeRoutes> tableOf, ReachabilityEndpoint client, ReachabilityEndpoint server, IPAddress? clusterIP)
{
    private const int MostStations = 40;

    private readonly Dictionary<string, NodeRoutes> _tables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tracked> _zones = new(StringComparer.Ordinal);
    private string _packet = "request";
    private IPAddress? _clientAddress;

    private readonly record struct Packet(IPAddress Source, IPAddress Destination);

    /// <summary>Where a packet is next; null when it arrived or is lost.</summary>
    private readonly record struct Station(string Kind, ReachabilityNode Node, string Device, Packet Packet);

    public List<PathHop> Hops { get; } = [];

    /// <summary>The source that the server sees.</summary>
    public IPAddress? SourceSeen { get; private set; }

    private ReachabilityModel Model => topology.Model;

    private bool IsRequest => _packet == "request";

    private bool IsReply => _packet == "reply";

    /// <summary>Whether all three packets arrive.</summary>
    public bool Run()
    {
        var asked = clusterIP ?? server.Address;
        if (!Send(client, asked, null, out var seen))
        {
            return false;
        }

        SourceSeen = seen;
        _packet = "reply";
        if (!Send(server, seen!, server.Address, out _))
        {
            return false;
        }

        _packet = "acknowledgement";
        return Send(client, asked, _clientAddress, out _);
    }

    private bool Send(ReachabilityEndpoint from, IPAddress to, IPAddress? source, out IPAddress? seen)
    {
        var receiver = IsReply ? client : server;
        seen = null;
        var station = Leave(from, to, source);
        for (var i = 0; i < MostStations && station is { } at; i++)
        {
            if (Arrived(at, receiver))
            {
                seen = at.Packet.Source;
                return true;
            }

            station = at.Kind switch
            {
                "host" => EnterHost(at),
                "pod" => Lose($"the Pod's interface on {at.Node.Name}", $"{at.Packet.Destination} is no address of the other end"),
                _ => EnterBridge(at),
            };
        }

        if (station is { } circling)
        {
            Lose(HostOf(circling.Node), "the Nodes' routes lead in a circle, in which the packet's time to live runs out");
        }

        return false;
    }

    private bool Arrived(Station at, ReachabilityEndpoint receiver)
    {
        if (at.Node.Name != receiver.Node)
        {
            return false;
        }

        var mine = receiver.Kind == PodNetworkKind.Host
            ? at.Kind == "host" && IsOf(at.Node, UnNat(at).Destination)
            : at.Kind == "pod" && (at.Packet.Destination.Equals(receiver.Address) || at.Packet.Destination.Equals(receiver.AntreaAddress));
        if (mine)
        {
            // A Node's own kernel undoes its translation last of all.
            var source = IsReply && receiver.Kind == PodNetworkKind.Host ? clusterIP ?? at.Packet.Source : at.Packet.Source;
            Note(receiver.Kind == PodNetworkKind.Host ? HostOf(at.Node) : $"the {receiver.Kind} Pod on {at.Node.Name}", $"arrives, from {source}");
        }

        return mine;
    }

    /// <summary>A Node's own packets arrive where their address is the Node's, once the kernel has undone what it masqueraded.</summary>
    private Packet UnNat(Station at) =>
        IsReply && _zones.TryGetValue("host " + at.Node.Name, out var known) && known.SentAs.Equals(at.Packet.Destination) ? at.Packet with { Destination = known.Source } : at.Packet;

    private Station? Leave(ReachabilityEndpoint from, IPAddress to, IPAddress? source)
    {
        var node = topology.FindNode(from.Node)!;
        switch (from.Kind)
        {
            case PodNetworkKind.Host:
                return LeaveHost(node, to, source);
            case PodNetworkKind.Calico:
                return ByEth0(node, from, to);
            case PodNetworkKind.Antrea:
                return ByAntrea(node, from, "eth0", from.Address, to);
        }

        // A socket of a Multus Pod that answers has eth0's address; so has one that has already chosen eth0.
        var hasEth0Address = from.Address.Equals(source);
        var inPodCidr = topology.OwnerInAntrea(to) is not null;
        var byNet1 = to.Equals(clusterIP) ? !hasEth0Address && topology.IsAskedByNet1(to) != false : Model.MultusRoutes switch
        {
            MultusRoutes.V1 => !hasEth0Address,
            MultusRoutes.V2 => !hasEth0Address && inPodCidr,
            MultusRoutes.ByPodCidr => inPodCidr,
            _ => true,
        };
        if (Model.MultusRoutes == MultusRoutes.Stock)
        {
            Note($"the Multus Pod on {node.Name}", "two default routes of one metric: by net1 while that gateway answers ARP, else by eth0; followed by net1");
        }

        return byNet1 ? ByAntrea(node, from, "net1", source ?? from.AntreaAddress!, to) : ByEth0(node, from, to);
    }

    private Station ByEth0(ReachabilityNode node, ReachabilityEndpoint from, IPAddress to)
    {
        _clientAddress ??= from.Address;
        Note($"the {from.Kind} Pod on {node.Name}", $"{from.Address} to {to}: table main: default via 169.254.1.1 dev eth0");
        return new Station("host", node, ExpectedRoutes.Veth, new Packet(from.Address, to));
    }

    private Station? ByAntrea(ReachabilityNode node, ReachabilityEndpoint from, string device, IPAddress source, IPAddress to)
    {
        _clientAddress ??= source;
        var pod = $"the {from.Kind} Pod on {node.Name}";
        var gateway = ReachabilityTopology.GatewayOf(node, to.AddressFamily);
        if (!ReachabilityTopology.IsOwn(to, node))
        {
            Note(pod, $"{source} to {to}: table main: default via {gateway} dev {device}");
        }
        else
        {
            var onLink = node.PodCidrs.First(p => p.Contains(to));
            if (!to.Equals(gateway) && !IsAntreaPodOn(node, to))
            {
                return Lose(
                    $"the Pod's interface on {node.Name}",
                    $"{source} to {to}: table main: {onLink} dev {device} scope link: the Pod asks by ARP on its own link, and nobody answers "
                    + "('no route to host' after 3 s)");
            }

            Note(pod, $"{source} to {to}: table main: {onLink} dev {device} scope link");
        }

        return from.AntreaAddress!.Equals(source)
            ? new Station("bridge from Pod", node, device, new Packet(source, to))
            : Lose(OvsOf(node), $"SpoofGuard: {source} is not the address of the port ({from.AntreaAddress})");
    }

    private ReachabilityNode? NodeAt(IPAddress address) =>
        Model.Nodes.FirstOrDefault(n => n.InternalIPs.Contains(address) || n.TunnelAddresses.Contains(address));

    private static bool IsOf(ReachabilityNode node, IPAddress address) =>
        node.InternalIPs.Contains(address) || node.TunnelAddresses.Contains(address)
        || (node.HasAntrea && address.Equals(ReachabilityTopology.GatewayOf(node, address.AddressFamily)));

    private static bool IsCalicoTunnel(string? device) => device is "tunl0" or "vxlan.calico" or "vxlan-v6.calico" or "wireguard.cali" or "wg-v6.cali";

    private static bool IsSame(string one, string other) => one == other || (one.StartsWith("cali", StringComparison.Ordinal) && other == ExpectedRoutes.Veth);

    private static string HostOf(ReachabilityNode node) => $"the host of {node.Name}";

    private void Note(string where, string what) => Hops.Add(new PathHop(_packet, where, what, IsLost: false));

    private Station? Lose(string where, string what)
    {
        Hops.Add(new PathHop(_packet, where, what, IsLost: true));
        return null;
    }
}
