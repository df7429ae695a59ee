using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric;

/// <content>What a Node's kernel does: netfilter's hooks in their order, with the routing decision between them.</content>
internal sealed partial class ConnectionWalk
{
    private const string RoutersAnycast = "the anycast address of this network's routers: taken here, where TCP does not answer it";

    private Station EnterHost(Station.HostIn at)
    {
        var (host, device, packet) = at;
        var state = StateOf(host);
        if (state.IsDown)
        {
            return Drop(packet, host.Name, device, "the Node is down");
        }

        var isVeth = state.Veths.ContainsKey(device);
        if (isVeth && state.Calico is not null
            && !ReturnsBy(state, device, packet.Source, packet.Destination, strict: true))
        {
            return Drop(packet, host.Name, device, "cali-PREROUTING rpfilter: the source does not live there");
        }

        var tracked = ZoneOf(host).Track(packet);
        if (RewriteDestination(host, device, state, tracked, ref packet) is { } rejected)
        {
            return rejected;
        }

        if (IsIPv4(packet) && state.Holds(packet.Source))
        {
            return Drop(packet, host.Name, device, "martian: the source is an address of this Node");
        }

        // A device without an address, as the veths are, is checked strictly even when the filter is loose (no_addr in
        // __fib_validate_source).
        var isStrict = state.RpFilter == 1 || isVeth;
        if (IsIPv4(packet) && state.RpFilter > 0 && !ReturnsBy(state, device, packet.Source, packet.Destination, isStrict))
        {
            var back = state.Routing.Lookup(packet.Destination, packet.Source);
            return Drop(packet, host.Name, device, $"rp_filter: the way back is {(back is null ? "none" : Text(back))}");
        }

        if (state.Holds(packet.Destination))
        {
            return EnterPrograms(host, state, device, packet, tracked);
        }

        if (state.IsBroadcast(packet.Destination))
        {
            return Drop(packet, host.Name, device, "a broadcast address here: it is not forwarded");
        }

        if (state.IsRoutersAnycast(packet.Destination))
        {
            return Drop(packet, host.Name, device, RoutersAnycast);
        }

        var route = state.Routing.Lookup(packet.Source, packet.Destination);
        if (route is null or { Type: RouteType.Unreachable or RouteType.Prohibit })
        {
            var says = route is null ? "no route" : $"route {Text(route)}";
            return Drop(packet, host.Name, device, says, ConnectionOutcome.HostUnreachable);
        }

        if (route.Type != RouteType.Unicast)
        {
            return Drop(packet, host.Name, device, $"route {Text(route)}");
        }

        if (packet.Ttl <= 1)
        {
            return Drop(packet, host.Name, device, "its TTL has run out: a routing loop");
        }

        packet = packet with { Ttl = packet.Ttl - 1, HostLocal = false };
        Note(packet, host.Name, device, $"{tracked.Verdict.ToString().ToUpperInvariant()}, forwarded by route {Text(route)}");
        return Filter(host, state, device, route.Device, packet, tracked)
            ?? LeaveBy(host, state, route, PostRoute(host, state, route, packet, tracked, isLocal: false));
    }

    private Station LeaveHost(Station.HostOut at)
    {
        var (host, packet) = at;
        var state = StateOf(host);
        if (state.IsDown)
        {
            return Drop(packet, host.Name, null, "the Node is down");
        }

        var tracked = ZoneOf(host).Track(packet);
        if (RewriteDestination(host, null, state, tracked, ref packet) is { } rejected)
        {
            return rejected;
        }

        if (state.Holds(packet.Destination))
        {
            return EnterPrograms(host, state, "lo", packet, tracked);
        }

        // A connection to such an address is refused before; kube-proxy may have chosen it since.
        if (state.IsRoutersAnycast(packet.Destination))
        {
            return Drop(packet, host.Name, null, RoutersAnycast);
        }

        if (state.IsBroadcast(packet.Destination))
        {
            return Drop(packet, host.Name, null, "a broadcast address here: it goes to everybody on that network, and nobody answers");
        }

        var route = state.Routing.Lookup(packet.Source, packet.Destination);
        if (Refusal(route) is { } says)
        {
            // connect(2) asked for a route to the ClusterIP; that kube-proxy's choice has none, nobody tells it.
            var isChosen = !packet.Destination.Equals(at.Packet.Destination);
            return Drop(packet, host.Name, null, says, isChosen ? ConnectionOutcome.TimedOut : ConnectionOutcome.NoRoute);
        }

        Note(packet, host.Name, null, $"sent by route {Text(route!)}");
        return LeaveBy(host, state, route!, PostRoute(host, state, route!, packet, tracked, isLocal: true));
    }

    /// <summary>nat PREROUTING and OUTPUT: what is known already, and kube-proxy and portmap for what is new.</summary>
    private Station.Lost? RewriteDestination(HostNetns host, string? device, HostState state, Tracked tracked, ref Packet packet)
    {
        if (tracked is { Verdict: ConntrackVerdict.New, Entry: { IsConfirmed: false } entry } && state.KubeProxy is { } proxy
            && _fabric.Services(packet.Destination, packet.Flow.DestinationPort, packet.Flow.Protocol) is { } endpoints)
        {
            if (endpoints.IsEmpty)
            {
                return Drop(packet, host.Name, device, "kube-proxy: the Service has no endpoints", ConnectionOutcome.Refused);
            }

            var source = new IPEndPoint(packet.Source, packet.Flow.SourcePort);
            var endpoint = endpoints[_fabric.ChooseEndpoint(endpoints, source)];
            entry.RedirectTo(endpoint);
            entry.MustMasquerade = proxy.MasqueradeAll
                || (proxy.ClusterCidrOf(!IsIPv4(packet)) is { } inside && !inside.Contains(packet.Source))
                || endpoint.Address.Equals(packet.Source);
            Note(packet, host.Name, device, $"kube-proxy: DNAT to {endpoint}");
        }
        else if (tracked is { Verdict: ConntrackVerdict.New, Entry: { IsConfirmed: false } opened } && state.Holds(packet.Destination) && HostPortOf(state, packet) is { } hostPort)
        {
            opened.RedirectTo(hostPort.Target);
            opened.MustMasquerade = hostPort.Target.Address.Equals(packet.Source);
            Note(packet, host.Name, device, $"portmap of {hostPort.Network}: DNAT to {hostPort.Target}");
        }

        if (tracked.Target is { } target && (!packet.Destination.Equals(target.Destination)
            || packet.Flow.DestinationPort != target.DestinationPort))
        {
            packet = packet.WithDestination(target.Destination, target.DestinationPort);
            if (tracked.IsReply)
            {
                Note(packet, host.Name, device, "conntrack: SNAT undone");
            }
        }

        return null;
    }

    private static HostPortRule? HostPortOf(HostState state, Packet packet) => state.HostPorts.FirstOrDefault(rule => rule.Matches(packet));

    /// <summary>INPUT.</summary>
    private Station EnterPrograms(HostNetns host, HostState state, string device, Packet packet, Tracked tracked)
    {
        if (state.Calico is { } calico && state.Veths.TryGetValue(device, out var veth)
            && FromWorkload(host, calico, veth, packet, tracked) is { } dropped)
        {
            return dropped;
        }

        packet = RewriteSource(host, device, packet, tracked);
        ZoneOf(host).Confirm(tracked);
        Note(packet, host.Name, device, "arrived");
        return new Station.Arrived(host, packet);
    }

    /// <summary>FORWARD: Calico's workload chains first, then kube-proxy's INVALID rule. Antrea's only accepts.</summary>
    private Station.Lost? Filter(
        HostNetns host, HostState state, string input, string? output, Packet packet, Tracked tracked)
    {
        var from = state.Veths.GetValueOrDefault(input);
        var to = output is null ? null : state.Veths.GetValueOrDefault(output);
        if (state.Calico is { } calico && (from is not null || to is not null))
        {
            if (tracked.Verdict == ConntrackVerdict.Established)
            {
                return null;
            }

            if (from is not null && FromWorkload(host, calico, from, packet, tracked) is { } egress)
            {
                return egress;
            }

            if (to is not null && Workload(host, calico, to, "cali-tw", PolicyDirection.Ingress, packet, tracked) is { } ingress)
            {
                return ingress;
            }
        }

        return tracked.Verdict == ConntrackVerdict.Invalid && state.KubeProxy is { DropsInvalid: true }
            ? Drop(packet, host.Name, null, "KUBE-FORWARD: conntrack never saw this connection begin (INVALID)")
            : null;
    }

    private Station.Lost? FromWorkload(
        HostNetns host, CalicoNetfilter calico, WorkloadVeth veth, Packet packet, Tracked tracked) =>
        Workload(host, calico, veth, "cali-fw", PolicyDirection.Egress, packet, tracked);

    private Station.Lost? Workload(
        HostNetns host,
        CalicoNetfilter calico,
        WorkloadVeth veth,
        string chain,
        PolicyDirection direction,
        Packet packet,
        Tracked tracked)
    {
        switch (tracked.Verdict)
        {
            case ConntrackVerdict.Established:
                return null;
            case ConntrackVerdict.Invalid when calico.DropsInvalid:
                return Drop(packet, host.Name, veth.Name, $"{chain}: conntrack never saw this connection begin (INVALID)");
            default:
                return Judge(veth.Policy, direction, veth.Pod, packet, host.Name, veth.Name);
        }
    }

    private Station.Lost? Judge(
        IPolicyEnforcer? policy, PolicyDirection direction, PodNetns pod, Packet packet, string where, string device)
    {
        if (policy is null)
        {
            return null;
        }

        var decision = policy.Decide(direction, pod, packet.Flow);
        var text = $"{direction.ToString().ToLowerInvariant()} policy of {pod.Name}: {decision.Rule}";
        switch (decision.Action)
        {
            case PolicyAction.Drop:
                return Drop(packet, where, device, $"{text} drops");
            case PolicyAction.Reject:
                return Drop(packet, where, device, $"{text} rejects", ConnectionOutcome.Refused);
            default:
                Note(packet, where, device, $"{text} allows");
                return null;
        }
    }

    /// <summary>nat POSTROUTING: Calico's rules, kube-proxy's, Antrea's; the first that matches a new connection counts.</summary>
    private Packet PostRoute(HostNetns host, HostState state, Route route, Packet packet, Tracked tracked, bool isLocal)
    {
        if (tracked is { Verdict: ConntrackVerdict.New, Entry: { IsConfirmed: false } entry }
            && Masquerade(host, state, route, packet, entry) is { } rule)
        {
            entry.MasqueradeAs(AddressOf(host, state, route.Device, packet.Destination));
            var before = packet.Source;
            packet = RewriteSource(host, route.Device, packet, tracked, silent: true);
            Note(packet, host.Name, route.Device, $"{rule}: {before} masqueraded");
        }
        else
        {
            packet = RewriteSource(host, route.Device, packet, tracked);
        }

        ZoneOf(host).Confirm(tracked);
        return packet with { HostLocal = isLocal };
    }

    private static string? Masquerade(HostNetns host, HostState state, Route route, Packet packet, ConntrackEntry entry)
    {
        var output = state.Device(route.Device);
        var isForeignLocal = output?.AddressOf(packet.Source.AddressFamily) is not null && state.Holds(packet.Source) && !output.Holds(packet.Source);
        if (state.Calico is { } calico)
        {
            if (calico.MasqueradePools.Any(pool => pool.Contains(packet.Source))
                && !calico.AllPools.Any(pool => pool.Contains(packet.Destination)))
            {
                return "cali-nat-outgoing";
            }

            if (isForeignLocal && output!.Kind is HostDeviceKind.IpipTunnel or HostDeviceKind.VxlanTunnel)
            {
                return "cali-POSTROUTING";
            }
        }

        if (entry.MustMasquerade)
        {
            return "KUBE-POSTROUTING";
        }

        if (state.Antrea is { } antrea)
        {
            var isGateway = output?.Kind == HostDeviceKind.AntreaGateway;
            if (!antrea.NoSnat && !isGateway && antrea.PodCidrs.Any(cidr => cidr.Contains(packet.Source))
                && !antrea.PodIPSet.Any(cidr => cidr.Contains(packet.Destination)))
            {
                return "ANTREA-POSTROUTING";
            }

            if (isGateway && isForeignLocal)
            {
                return "ANTREA-POSTROUTING (local)";
            }
        }

        return null;
    }

    private Packet RewriteSource(HostNetns host, string? device, Packet packet, Tracked tracked, bool silent = false)
    {
        if (tracked.Target is not { } target
            || (packet.Source.Equals(target.Source) && packet.Flow.SourcePort == target.SourcePort))
        {
            return packet;
        }

        packet = packet.WithSource(target.Source, target.SourcePort);
        if (!silent)
        {
            Note(packet, host.Name, device, tracked.IsReply ? "conntrack: DNAT undone" : "conntrack: SNAT");
        }

        return packet;
    }

    private Station LeaveBy(HostNetns host, HostState state, Route route, Packet packet)
    {
        var nextHop = route.Gateway ?? packet.Destination;
        if (route.Device is not null && state.Veths.TryGetValue(route.Device, out var veth))
        {
            return Holds(veth.Pod, nextHop)
                ? new Station.PodIn(veth.Pod, veth.PodInterface, packet)
                : Unanswered($"{veth.Pod.Name} does not have it");
        }

        if (state.Device(route.Device) is not { } device)
        {
            return Drop(packet, host.Name, route.Device, "the device is gone");
        }

        switch (device.Kind)
        {
            case HostDeviceKind.Uplink when _fabric.NodeAt(nextHop) is { } peer:
                return StateOf(peer).IsDown
                    ? Unanswered($"Node {peer.Name} is down")
                    : new Station.HostIn(peer, HostNetns.UplinkName, packet);
            case HostDeviceKind.Uplink when route.Gateway is null:
                return Unanswered("no Node has it");
            case HostDeviceKind.Uplink:
                return Drop(packet, host.Name, device.Name, $"leaves the cluster by {nextHop}: nothing is there");
            case HostDeviceKind.IpipTunnel or HostDeviceKind.VxlanTunnel:
                return LeaveByTunnel(host, device, nextHop, packet);
            case HostDeviceKind.AntreaGateway when state.Ovs is { } bridge:
                return IsAnswered(bridge, nextHop)
                    ? new Station.BridgeFromGateway(host, packet, nextHop)
                    : Unanswered("no Pod on the bridge has it");
            default:
                return Drop(packet, host.Name, device.Name, "nothing is behind this device");
        }

        Station.Lost Unanswered(string why) => Drop(
            packet, host.Name, route.Device, $"ARP for {nextHop} is not answered: {why}", ConnectionOutcome.HostUnreachable);

        bool IsAnswered(OvsBridge bridge, IPAddress target) =>
            StateOf(bridge).Ports.ContainsKey(target)
            || StateOf(bridge).Peers.Any(peer => peer.PodCidr.AddressAt(1).Equals(target));
    }

    private Station LeaveByTunnel(HostNetns host, HostDevice device, IPAddress nextHop, Packet packet)
    {
        var peer = device.Kind == HostDeviceKind.IpipTunnel
            ? _fabric.NodeAt(nextHop)
            : _fabric.Nodes.FirstOrDefault(node => StateOf(node).Device(device.Name)?.Holds(nextHop) == true);
        if (peer is null || StateOf(peer).IsDown)
        {
            var end = peer?.Name ?? nextHop.ToString();
            return Drop(packet, host.Name, device.Name, $"the tunnel's other end, {end}, does not answer");
        }

        return StateOf(peer).Device(device.Name) is { } input
            ? new Station.HostIn(peer, input.Name, packet)
            : Drop(packet, peer.Name, HostNetns.UplinkName, $"there is no {device.Name} on this Node to unwrap it");
    }

    /// <summary>The address the kernel takes for what leaves by a device.</summary>
    private static IPAddress AddressOf(HostNetns host, HostState state, string? device, IPAddress destination) =>
        SourceSelection.Of(host, state, device, destination) ?? host.Address;

    private static bool IsIPv4(Packet packet) => packet.Source.AddressFamily == AddressFamily.InterNetwork;
}
