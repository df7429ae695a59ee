using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Routing.Reachability;

/// <content>What a Node's kernel does: routes, kube-proxy, masquerading and filters.</content>
internal sealed partial class PathWalk
{
    private Station? LeaveHost(ReachabilityNode node, IPAddress to, IPAddress? source)
    {
        // nat OUTPUT; what leaves by another device than the socket's is masqueraded, as if it had been asked for at once.
        if (!IsReply && to.Equals(clusterIP))
        {
            Note(HostOf(node), $"kube-proxy: {to} becomes {server.Address}");
            to = server.Address;
        }

        if (Kept(node, to) is { } kept)
        {
            return Lose(HostOf(node), kept);
        }

        var decision = Table(node).Lookup(new RoutePacket(to, source));
        if (Refused(decision, to) is { } why)
        {
            return Lose(HostOf(node), why);
        }

        var sent = source ?? decision.Route!.Source ?? AddressBy(node, decision.Route, to);
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
        if (!node.HasCalico && IsCalicoTunnel(at.Device))
        {
            return Lose(HostOf(node), $"Calico is gone from there, so its tunnel, by which this comes for {packet.Destination}, leads nowhere");
        }

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

        if ((Kept(node, packet.Destination) ?? IsFiltered(node, at.Device, packet)) is { } filtered)
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

    private static string? Kept(ReachabilityNode node, IPAddress address) =>
        !node.HasAntrea || ReachabilityTopology.Keeping(address, node) is not { } podCidr ? null
        : podCidr.IsIPv6 ? $"{address} is the first address of {podCidr}, which antrea-gw0 is in: table local has it as the routers' anycast address"
        : $"{address} is the last address of {podCidr}, which antrea-gw0 is in: table local has it for broadcasts";

    /// <summary>rp_filter, for what did not come by a Pod's veth; and a broadcast address as the source, wherever it came by.</summary>
    private string? IsFiltered(ReachabilityNode node, string device, Packet packet)
    {
        if ((Model.ReversePathFilter != ReversePathFilter.Off || packet.Source.AddressFamily == AddressFamily.InterNetworkV6) && Kept(node, packet.Source) is { } kept)
        {
            return $"{kept}, and takes it for no source";
        }

        if (!topology.IsStrict(packet.Source.AddressFamily) || device == ExpectedRoutes.Veth)
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
            return AddressBy(node, route, packet.Destination);
        }

        if (node.HasCalicoRules && topology.IsMasqueraded(packet.Source, packet.Destination))
        {
            return route.Device == ExpectedRoutes.Gateway ? ReachabilityTopology.GatewayOf(node, packet.Source.AddressFamily) : AddressBy(node, route, packet.Destination);
        }

        return node.HasAntrea && !Model.NoSnat && route.Device != ExpectedRoutes.Gateway && ReachabilityTopology.IsOwn(packet.Source, node)
            && topology.OwnerInAntrea(packet.Destination) is null
            ? AddressBy(node, route, packet.Destination)
            : null;
    }

    /// <summary>The address of the device a route leaves by; a Pod's veth has none.</summary>
    private IPAddress? AddressBy(ReachabilityNode node, Route route, IPAddress to) => route.Device switch
    {
        ExpectedRoutes.Gateway => ReachabilityTopology.GatewayOf(node, to.AddressFamily),
        var device when IsCalicoTunnel(device) => node.TunnelAddresses.FirstOrDefault(a => a.AddressFamily == to.AddressFamily),
        { } device when device.StartsWith("cali", StringComparison.Ordinal) => topology.AddressTowardsOwn(node, to),
        _ => ReachabilityTopology.AddressOf(node, to.AddressFamily),
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
}
