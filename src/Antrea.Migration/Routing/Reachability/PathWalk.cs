using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>One connection's walk: the request, the reply, and the acknowledgement that shows who has seen both.</summary>
/// <remarks>This file has the Pods and the kernels; the other has Open vSwitch. With a ClusterIP the client asks for that, and the first
/// kube-proxy or AntreaProxy on the way chooses the server.</remarks>
internal sealed partial class PathWalk(
    ReachabilityTopology topology, Func<ReachabilityNode, NodeRoutes> tableOf, ReachabilityEndpoint client, ReachabilityEndpoint server, IPAddress? clusterIP)
{
    private const int MostStations = 40;

    private readonly Dictionary<string, NodeRoutes> _tables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tracked> _zones = new(StringComparer.Ordinal);
    private string _packet = "request";
    private IPAddress? _clientAddress;

    /// <summary>A connection as one connection tracking knows it: the request as it came and as it went on.</summary>
    private sealed class Tracked(IPAddress source, IPAddress destination)
    {
        public IPAddress Source { get; } = source;

        public IPAddress Destination { get; } = destination;

        public IPAddress SentAs { get; set; } = source;

        /// <summary>Whom a Service's address was replaced by here; null where none was.</summary>
        public IPAddress? Endpoint { get; set; }

        /// <summary>A reply's source as the client knows it.</summary>
        public IPAddress AsAsked(IPAddress replySource) => replySource.Equals(Endpoint) ? Destination : replySource;

        public bool IsFromGateway { get; set; }

        public bool HasReply { get; set; }
    }

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

    private Station? LeaveHost(ReachabilityNode node, IPAddress to, IPAddress? source)
    {
        // nat OUTPUT; what leaves by another device than the socket's is masqueraded, as if it had been asked for at once.
        if (!IsReply && to.Equals(clusterIP))
        {
            Note(HostOf(node), $"kube-proxy: {to} becomes {server.Address}");
            to = server.Address;
        }

        var decision = Table(node).Lookup(new RoutePacket(to, source));
        if (Refused(decision, to) is { } why)
        {
            return Lose(HostOf(node), why);
        }

        var sent = source ?? decision.Route!.Source ?? AddressBy(node, decision.Route, to.AddressFamily);
        if (sent is null)
        {
            return Lose(HostOf(node), $"{decision}: the Node's address by that device is not known");
        }

        if (!IsReply)
        {
            _clientAddress ??= sent;
            Zone("host", node, new Packet(sent, to));
        }
        else if (_zones.TryGetValue("host " + node.Name, out var known))
        {
            known.HasReply = true;
            sent = known.AsAsked(sent);
        }

        Note(HostOf(node), $"{sent} to {to}: {decision}");
        return Forward(node, decision.Route!, new Packet(sent, to));
    }

    private Station? EnterHost(Station at)
    {
        var (node, packet) = (at.Node, at.Packet);
        var zone = Zone("host", node, packet, out var isInvalid);
        if (IsReply && zone is not null && zone.SentAs.Equals(packet.Destination) && !zone.Source.Equals(zone.SentAs))
        {
            Note(HostOf(node), $"connection tracking: {packet.Destination} back to {zone.Source}");
            packet = packet with { Destination = zone.Source };
        }

        if (!IsReply && zone is not null && packet.Destination.Equals(clusterIP))
        {
            zone.Endpoint = server.Address;
            packet = packet with { Destination = server.Address };
            Note(HostOf(node), $"kube-proxy: {clusterIP} becomes {server.Address}");
            if (IsOf(node, packet.Destination))
            {
                return new Station("host", node, at.Device, packet);
            }
        }

        if (IsFiltered(node, at.Device, packet) is { } filtered)
        {
            return Lose(HostOf(node), filtered);
        }

        if (IsOf(node, packet.Destination))
        {
            return Lose(HostOf(node), $"{packet.Destination} is the Node's own address, and no program there waits for it");
        }

        var decision = Table(node).Lookup(new RoutePacket(packet.Destination, packet.Source) { InputDevice = at.Device });
        if (Refused(decision, packet.Destination) is { } why)
        {
            return Lose(HostOf(node), why);
        }

        if (isInvalid && Model.KubeProxyDropsInvalid)
        {
            return Lose(HostOf(node), $"{decision}; but connection tracking has not seen both directions: INVALID, and KUBE-FORWARD drops it");
        }

        var sent = packet;
        if (IsRequest && zone is not null)
        {
            zone.SentAs = Masqueraded(node, decision.Route!, packet, byService: zone.Endpoint is not null) ?? packet.Source;
            sent = packet with { Source = zone.SentAs };
        }
        else if (!IsReply && zone is not null && zone.Source.Equals(packet.Source))
        {
            sent = packet with { Source = zone.SentAs };
        }

        else if (IsReply && zone is not null)
        {
            sent = packet with { Source = zone.AsAsked(packet.Source) };
        }

        Note(HostOf(node), $"{decision}{(sent == packet ? "" : IsReply ? $"; under the Service's {sent.Source}" : $"; masqueraded as {sent.Source}")}");
        return Forward(node, decision.Route!, sent);
    }

    /// <summary>rp_filter, for what did not come by a Pod's veth.</summary>
    private string? IsFiltered(ReachabilityNode node, string device, Packet packet)
    {
        if (Model.ReversePathFilter != ReversePathFilter.Strict || device == ExpectedRoutes.Veth)
        {
            return null;
        }

        var back = Table(node).Lookup(new RoutePacket(packet.Source, packet.Destination));
        return back.Route?.Device is { } by && IsSame(by, device)
            ? null
            : $"came by {device}, but the way back to {packet.Source} is {back}: rp_filter=1 drops it";
    }

    private Station? Forward(ReachabilityNode node, Route route, Packet packet)
    {
        var device = route.Device ?? route.NextHops.FirstOrDefault()?.Device ?? "";
        var gateway = route.Gateway ?? route.NextHops.FirstOrDefault()?.Gateway;
        if (device == ExpectedRoutes.Gateway)
        {
            return new Station("bridge from gateway", node, device, packet);
        }

        if (device.StartsWith("cali", StringComparison.Ordinal))
        {
            return new Station("pod", node, device, packet);
        }

        var next = gateway is not null && NodeAt(gateway) is { } peer ? peer : NodeAt(packet.Destination);
        return next is null
            ? Lose(HostOf(node), $"by {device}{(gateway is null ? "" : $" to {gateway}")} it leaves the cluster, and no Node has the address")
            : new Station("host", next, device, packet);
    }

    private IPAddress? Masqueraded(ReachabilityNode node, Route route, Packet packet, bool byService)
    {
        if (byService && topology.IsMasqueradedByKubeProxy(packet.Source))
        {
            return AddressBy(node, route, packet.Source.AddressFamily);
        }

        if (topology.IsMasqueraded(packet.Source, packet.Destination) && route.Device != ExpectedRoutes.Gateway)
        {
            return AddressBy(node, route, packet.Source.AddressFamily);
        }

        if (topology.IsMasqueraded(packet.Source, packet.Destination))
        {
            return ReachabilityTopology.GatewayOf(node, packet.Source.AddressFamily);
        }

        return !Model.NoSnat && route.Device != ExpectedRoutes.Gateway && ReachabilityTopology.IsOwn(packet.Source, node)
            && topology.OwnerInAntrea(packet.Destination) is null
            ? AddressBy(node, route, packet.Source.AddressFamily)
            : null;
    }

    /// <summary>The address of the device a route leaves by; a Pod's veth has none, and the Node's own is taken.</summary>
    private static IPAddress? AddressBy(ReachabilityNode node, Route route, AddressFamily family) => route.Device switch
    {
        ExpectedRoutes.Gateway => ReachabilityTopology.GatewayOf(node, family),
        var device when IsCalicoTunnel(device) => node.TunnelAddresses.FirstOrDefault(a => a.AddressFamily == family),
        _ => ReachabilityTopology.AddressOf(node, family),
    };

    private static string? Refused(RouteDecision decision, IPAddress to) =>
        decision.IsForwarded ? null
        : decision.Route is { Type: RouteType.Local } ? $"{decision}: {to} is taken for the Node's own"
        : $"{decision}: dropped";

    private NodeRoutes Table(ReachabilityNode node)
    {
        if (!_tables.TryGetValue(node.Name, out var table))
        {
            _tables[node.Name] = table = tableOf(node);
        }

        return table;
    }

    /// <summary>What a connection tracking makes of a packet; null where it has no entry and makes none.</summary>
    private Tracked? Zone(string kind, ReachabilityNode node, Packet packet, out bool isInvalid)
    {
        isInvalid = false;
        var known = _zones.GetValueOrDefault($"{kind} {node.Name}");
        if (IsRequest)
        {
            return known ?? Zone(kind, node, packet);
        }

        if (IsReply)
        {
            isInvalid = known is null;
            if (known is not null)
            {
                known.HasReply = true;
            }

            return known;
        }

        // Without an entry it is taken up in the middle; with half of one it is invalid.
        isInvalid = known is { HasReply: false };
        return known;
    }

    private Tracked Zone(string kind, ReachabilityNode node, Packet packet)
    {
        var name = $"{kind} {node.Name}";
        return _zones.TryGetValue(name, out var known) ? known : _zones[name] = new Tracked(packet.Source, packet.Destination);
    }

    private ReachabilityNode? NodeAt(IPAddress address) =>
        Model.Nodes.FirstOrDefault(n => n.InternalIPs.Contains(address) || n.TunnelAddresses.Contains(address));

    private static bool IsOf(ReachabilityNode node, IPAddress address) =>
        node.InternalIPs.Contains(address) || node.TunnelAddresses.Contains(address)
        || address.Equals(ReachabilityTopology.GatewayOf(node, address.AddressFamily));

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
