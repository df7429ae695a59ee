using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric;

/// <content>What the kernel does inside a Pod, and for a program that opens a socket anywhere.</content>
internal sealed partial class ConnectionWalk
{
    /// <summary>Gives an unbound socket its source address and, in a Pod, the route it keeps.</summary>
    /// <returns>Null when it has both; else why <c>connect</c> fails at once.</returns>
    private Station.Lost? OpenSocket(NetworkNamespace client, Flow flow, out LabSocket socket)
    {
        socket = new LabSocket(client, flow with { Source = flow.Destination }, null);
        if (Holds(client, flow.Destination))
        {
            return null;
        }

        var packet = new Packet(PacketKind.Open, flow);
        if (SnapshotOf(client).IsBroadcast(flow.Destination))
        {
            return Drop(packet, client.Name, null, "a broadcast address here (EACCES)", ConnectionOutcome.NoRoute);
        }

        if (client is HostNetns host)
        {
            var state = StateOf(host);
            var route = state.Routing.Lookup(null, flow.Destination);
            if (Refusal(route) is { } says)
            {
                return Drop(packet, host.Name, null, says, ConnectionOutcome.NoRoute);
            }

            socket = new LabSocket(client, flow with { Source = route!.Source ?? AddressOf(host, state, route.Device, flow.Destination) }, null);
            return null;
        }

        // connect(2) looks up without a source, with the source that gave, and for TCP once more with the port. IPv6 keeps what the first one
        // gave, so that rules about sources do not lead what an unbound socket opens.
        var pod = (PodNetns)client;
        var chosen = LookUp(pod, null, flow.Destination, out _);
        var source = chosen?.Source ?? StateOf(pod).Interface(chosen?.Device)?.AddressOf(flow.Destination.AddressFamily);
        for (var again = flow.Destination.AddressFamily == AddressFamily.InterNetworkV6 ? 0 : flow.Protocol == TransportProtocol.Tcp ? 2 : 1; source is not null && again > 0; again--)
        {
            chosen = LookUp(pod, source, flow.Destination, out _);
        }

        if (Refusal(chosen) is { } reason)
        {
            return Drop(packet, pod.Name, null, reason, ConnectionOutcome.NoRoute);
        }

        if (source is null)
        {
            return Drop(packet, pod.Name, chosen!.Device, "the interface has no address", ConnectionOutcome.NoRoute);
        }

        socket = new LabSocket(client, flow with { Source = source }, chosen);
        return null;
    }

    /// <summary>The look-up for an answer, whose source is given; null for a Node, and inside one namespace.</summary>
    private Route? RouteOf(LabSocket socket, out bool isChoice)
    {
        isChoice = false;
        return socket.At is PodNetns pod && !Holds(pod, socket.Flow.Destination)
            ? LookUp(pod, socket.Flow.Source, socket.Flow.Destination, out isChoice)
            : null;
    }

    /// <summary>A Pod's output look-up. Several default routes of one metric are chosen among by their gateways' state.</summary>
    private Route? LookUp(PodNetns pod, IPAddress? source, IPAddress destination, out bool isChoice)
    {
        isChoice = false;
        var routing = StateOf(pod).Routing;
        if (routing.Lookup(source, destination) is not { } route)
        {
            return null;
        }

        if (route.Destination.PrefixLength > 0)
        {
            return route;
        }

        var defaults = routing.EqualsOf(route)
            .Where(other => other is { Type: RouteType.Unicast, Gateway: not null, Device: not null })
            .ToList();
        if (defaults.Count < 2)
        {
            return route;
        }

        isChoice = true;
        return defaults[pod.Neighbours.PickDefault([.. defaults.Select(other => (other.Device!, other.Gateway!))], _now)];
    }

    /// <summary>Puts a packet on its way out of a socket.</summary>
    private Station Send(LabSocket socket, PacketKind kind)
    {
        var packet = socket.AsPacket(kind);
        if (Holds(socket.At, packet.Destination) && Holds(socket.At, packet.Source))
        {
            Note(packet, socket.At.Name, "lo", "an address of its own");
            return new Station.Arrived(socket.At, packet);
        }

        if (SnapshotOf(socket.At).IsBroadcast(packet.Destination))
        {
            return Drop(packet, socket.At.Name, null, "a broadcast address here");
        }

        return socket.At is HostNetns host
            ? new Station.HostOut(host, packet)
            : LeavePod((PodNetns)socket.At, packet, socket.Route);
    }

    private Station LeavePod(PodNetns pod, Packet packet, Route? route)
    {
        if (Refusal(route) is { } reason)
        {
            return Drop(packet, pod.Name, null, reason, ConnectionOutcome.NoRoute);
        }

        if (StateOf(pod).Interface(route!.Device) is not { } output)
        {
            return Drop(packet, pod.Name, route.Device, "the interface is gone", ConnectionOutcome.NoRoute);
        }

        var nextHop = route.Gateway ?? packet.Destination;
        Note(packet, pod.Name, output.Name, $"route {Text(route)}");
        if (StateOf(output.Node).IsDown)
        {
            return Drop(packet, pod.Name, output.Name, $"Node {output.Node.Name} is down");
        }

        if (Unresolved(pod, output, packet.Source, nextHop, isGateway: route.Gateway is not null) is { } why)
        {
            return Drop(
                packet,
                pod.Name,
                output.Name,
                $"ARP for {nextHop} is not answered: {why}",
                ConnectionOutcome.HostUnreachable);
        }

        if (output.Attachment == AttachmentKind.CalicoVeth)
        {
            return new Station.HostIn(output.Node, output.HostSide, packet);
        }

        // Unresolved answers for a bridge port that is gone, unless the gateway is still known from before.
        return PortOf(pod, output, packet.Source.AddressFamily) is { } port
            ? new Station.BridgeFromPod(output.Node, port, packet, nextHop)
            : Drop(packet, pod.Name, output.Name, "its port on the bridge is gone");
    }

    /// <summary>Null when the next hop's MAC address is known or somebody answers for it; else why not.</summary>
    private string? Unresolved(PodNetns pod, PodInterface output, IPAddress source, IPAddress nextHop, bool isGateway)
    {
        // Only gateways are remembered: nothing but the choice among default routes depends on it.
        if (isGateway
            && pod.Neighbours.StateOf(output.Name, nextHop, _now) is NeighbourState.Reachable or NeighbourState.Stale)
        {
            pod.Neighbours.Use(output.Name, nextHop, _now);
            return null;
        }

        var why = output.Attachment == AttachmentKind.CalicoVeth
            ? UnansweredByNode(output, source, nextHop)
            : UnansweredOnBridge(pod, output, source, nextHop);
        if (isGateway && why is null)
        {
            pod.Neighbours.Confirm(output.Name, nextHop, _now);
        }
        else if (isGateway)
        {
            pod.Neighbours.Miss(output.Name, nextHop, _now);
        }

        return why;
    }

    // Proxy ARP: the Node answers for what it would route elsewhere, to an asker that it would route back. IPv6's gateway is the veth's own
    // link-local address.
    private string? UnansweredByNode(PodInterface output, IPAddress asker, IPAddress target)
    {
        var node = StateOf(output.Node);
        if (!node.Veths.ContainsKey(output.HostSide))
        {
            return $"{output.HostSide} is gone from {output.Node.Name}";
        }

        if (target.IsIPv6LinkLocal)
        {
            // The solicitation goes through raw PREROUTING as any packet does, under the interface's own address where that is the one to be sent from.
            return node.Calico is not null && output.Holds(asker) && !ReturnsBy(node, output.HostSide, asker, target, strict: true)
                ? $"cali-PREROUTING rpfilter drops a solicitation of {asker}, which does not live there"
                : null;
        }

        if (node.RpFilter > 0 && !ReturnsBy(node, output.HostSide, asker, target, strict: true))
        {
            return $"{output.Node.Name} does not look for {asker} behind {output.HostSide} (rp_filter)";
        }

        return node.Routing.Lookup(null, target) is { Type: RouteType.Unicast } route
            && !string.Equals(route.Device, output.HostSide, StringComparison.Ordinal)
                ? null
                : $"{output.Node.Name} has no route to it, so proxy ARP is silent";
    }

    private string? UnansweredOnBridge(PodNetns pod, PodInterface output, IPAddress asker, IPAddress target)
    {
        var node = StateOf(output.Node);
        if (node.Ovs is not { } bridge || PortOf(pod, output, target.AddressFamily) is not { } port)
        {
            return "its port on the bridge is gone";
        }

        if (asker.AddressFamily == AddressFamily.InterNetwork && !port.Address.Equals(asker))
        {
            return $"ARPSpoofGuard drops a request that says {asker} on the port of {port.Address}";
        }

        var state = StateOf(bridge);
        var answers = bridge.IsGateway(target)
            ? node.Holds(target)
            : state.Ports.ContainsKey(target) || state.Peers.Any(peer => peer.PodCidr.AddressAt(1).Equals(target));
        return answers ? null : $"no Pod on {output.Node.Name}'s bridge has it";
    }

    private Station EnterPod(Station.PodIn at)
    {
        var pod = StateOf(at.Pod);
        var packet = at.Packet;
        if (pod.Interface(at.Device) is null)
        {
            return Drop(packet, at.Pod.Name, at.Device, "the interface is gone");
        }

        if (!pod.Holds(packet.Destination))
        {
            return Drop(packet, at.Pod.Name, at.Device, $"{packet.Destination} is not its address");
        }

        if (IsIPv4(packet) && pod.Holds(packet.Source))
        {
            return Drop(packet, at.Pod.Name, at.Device, "martian: the source is an address of its own");
        }

        if (IsIPv4(packet) && pod.RpFilter > 0 && !ReturnsBy(pod, at.Device, packet.Source, packet.Destination, strict: pod.RpFilter == 1))
        {
            return Drop(packet, at.Pod.Name, at.Device, "rp_filter: the way back is another");
        }

        Note(packet, at.Pod.Name, at.Device, "arrived");
        return new Station.Arrived(at.Pod, packet);
    }

    /// <summary>The connection made progress, which confirms the gateways both ends used.</summary>
    private void Confirm(LabSocket socket)
    {
        if (socket is { At: PodNetns pod, Route: { Gateway: { } gateway, Device: { } device } })
        {
            pod.Neighbours.Confirm(device, gateway, _now);
        }
    }

    private OvsPort? PortOf(PodNetns pod, PodInterface output, AddressFamily family) => StateOf(output.Node).Ovs is { } bridge
        ? StateOf(bridge).Port(pod, output.Name, family)
        : null;

    /// <summary>Why a route does not lead out, for the sender itself; null when it does.</summary>
    private static string? Refusal(Route? route) => route switch
    {
        null => "no route (ENETUNREACH)",
        { Type: RouteType.Unicast } => null,
        _ => $"route {Text(route)}",
    };

    private static string Text(Route route)
    {
        var to = route.Destination.PrefixLength == 0 ? "default" : route.Destination.ToString();
        var type = route.Type == RouteType.Unicast ? "" : $"{route.Type.ToString().ToLowerInvariant()} ";
        var via = route.Gateway is null ? "" : $" via {route.Gateway}";
        var device = route.Device is null ? "" : $" dev {route.Device}";
        var table = string.Equals(route.Table, RoutingState.MainTable, StringComparison.Ordinal) ? "" : $" table {route.Table}";
        return $"{type}{to}{via}{device}{table}";
    }

    /// <summary>The reverse path check: would a packet to <paramref name="source"/> leave by the device it came by?</summary>
    /// <param name="state">Whose routes.</param>
    /// <param name="device">The device the packet came by.</param>
    /// <param name="source">The packet's source.</param>
    /// <param name="destination">The packet's destination, for rules that look at it.</param>
    /// <param name="strict">False: any route back will do (rp_filter 2).</param>
    private static bool ReturnsBy(NamespaceState state, string device, IPAddress source, IPAddress destination, bool strict) =>
        !state.IsBroadcast(source)
        && !(state is HostState host && host.IsRoutersAnycast(source))
        && state.Routing.Lookup(destination, source) is { Type: RouteType.Unicast } back
        && (!strict || string.Equals(back.Device, device, StringComparison.Ordinal));
}
