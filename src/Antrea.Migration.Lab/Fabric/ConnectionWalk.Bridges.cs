using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <content>What Antrea's flow tables do, by the tables' names. Source: Antrea docs/design/ovs-pipeline.md and
/// v1.14 pkg/agent/openflow/pipeline.go.</content>
internal sealed partial class ConnectionWalk
{
    /// <summary>The address AntreaProxy gives a Pod that reaches itself by a Service.</summary>
    private static IPAddress HairpinAddress(AddressFamily family) =>
        IPAddress.Parse(family == AddressFamily.InterNetwork ? "169.254.0.253" : "fc01::aabb:ccdd:eeff");

    private enum BridgePort
    {
        Pod,
        Gateway,
        Tunnel,
    }

    private Station EnterBridge(Station.BridgeFromPod at)
    {
        var (host, port, packet, nextHop) = at;
        if (!port.Address.Equals(packet.Source))
        {
            return Drop(packet, Name(host), port.Name, $"SpoofGuard: {packet.Source} is not the port's {port.Address}");
        }

        var bridge = StateOf(host).Ovs!;
        var tracked = ZoneOf(bridge).Track(packet);
        if (tracked.Verdict == ConntrackVerdict.Invalid)
        {
            return Invalid(host, port.Name, packet);
        }

        if (tracked is { Verdict: ConntrackVerdict.New, Entry: { IsConfirmed: false } entry })
        {
            if (StateOf(bridge).AntreaProxy && LoadBalance(host, port, entry, packet) is { } rejected)
            {
                return rejected;
            }

            packet = Translate(host, port.Name, packet, tracked);
            if (Judge(port.Policy, PolicyDirection.Egress, port.Pod, packet, Name(host), port.Name) is { } denied)
            {
                return denied;
            }
        }
        else
        {
            packet = Translate(host, port.Name, packet, tracked);
        }

        return Forward(host, BridgePort.Pod, port.Name, packet, tracked, nextHop);
    }

    private Station EnterBridge(Station.BridgeFromGateway at)
    {
        var (host, packet, nextHop) = at;
        var tracked = ZoneOf(StateOf(host).Ovs!).Track(packet);
        if (tracked.Verdict == ConntrackVerdict.Invalid)
        {
            return Invalid(host, "antrea-gw0", packet);
        }

        // ConntrackCommit writes the mark for every +new packet, so also on one that a Pod sent to the gateway's MAC address
        // and the Node's routing brought back.
        if (tracked is { Verdict: ConntrackVerdict.New, Entry: { } entry })
        {
            entry.IsFromGateway = true;
        }

        return Forward(host, BridgePort.Gateway, "antrea-gw0", Translate(host, "antrea-gw0", packet, tracked), tracked, nextHop);
    }

    private Station EnterBridge(Station.BridgeFromTunnel at)
    {
        var (host, packet) = at;
        var tracked = ZoneOf(StateOf(host).Ovs!).Track(packet);
        return tracked.Verdict == ConntrackVerdict.Invalid
            ? Invalid(host, "antrea-tun0", packet)
            : Forward(host, BridgePort.Tunnel, "antrea-tun0", Translate(host, "antrea-tun0", packet, tracked), tracked, null);
    }

    private Station.Lost Invalid(HostNetns host, string port, Packet packet) =>
        Drop(packet, Name(host), port, "ConntrackState: +inv+trk, this bridge has not seen both sides of the connection");

    /// <summary>ServiceLB and EndpointDNAT.</summary>
    private Station.Lost? LoadBalance(HostNetns host, OvsPort port, ConntrackEntry entry, Packet packet)
    {
        if (_fabric.Services(packet.Destination, packet.Flow.DestinationPort, packet.Flow.Protocol) is not { } endpoints)
        {
            return null;
        }

        if (endpoints.IsEmpty)
        {
            return Drop(packet, Name(host), port.Name, "AntreaProxy: the Service has no endpoints", ConnectionOutcome.Refused);
        }

        var endpoint = endpoints[_fabric.ChooseEndpoint(endpoints, new IPEndPoint(packet.Source, packet.Flow.SourcePort))];
        entry.RedirectTo(endpoint);
        if (endpoint.Address.Equals(packet.Source))
        {
            entry.MasqueradeAs(HairpinAddress(packet.Source.AddressFamily));
        }

        Note(packet, Name(host), port.Name, $"AntreaProxy: DNAT to {endpoint}");
        return null;
    }

    private Packet Translate(HostNetns host, string port, Packet packet, Tracked tracked)
    {
        if (tracked.Target is not { } target || target == packet.Flow)
        {
            return packet;
        }

        packet = packet with { Flow = target };
        if (tracked.IsReply)
        {
            Note(packet, Name(host), port, "conntrack: NAT undone");
        }

        return packet;
    }

    /// <summary>L3Forwarding and L2ForwardingCalc; <paramref name="nextHop"/> stands for the destination MAC address.</summary>
    private Station Forward(
        HostNetns host, BridgePort input, string inputName, Packet packet, Tracked tracked, IPAddress? nextHop)
    {
        var bridge = StateOf(host).Ovs!;
        var state = StateOf(bridge);
        var destination = packet.Destination;

        // RewriteMAC is set on what comes from a tunnel and on what AntreaProxy redirected.
        var rewritesMac = input == BridgePort.Tunnel || tracked.Entry!.IsService;
        if (packet.Ttl <= 1)
        {
            return Drop(packet, Name(host), inputName, "its TTL has run out: a routing loop");
        }

        if (bridge.IsGateway(destination))
        {
            return ToGateway("the gateway's own address");
        }

        if (tracked is { IsReply: true, Entry.IsFromGateway: true })
        {
            return ToGateway("FromGatewayCTMark: a reply to what came in by the gateway");
        }

        if (bridge.Contains(destination))
        {
            if (state.Ports.TryGetValue(destination, out var port) && (rewritesMac || destination.Equals(nextHop)))
            {
                return ToPod(port);
            }

            if (!rewritesMac)
            {
                return nextHop is not null && bridge.IsGateway(nextHop)
                    ? ToGateway("sent to the gateway's MAC address")
                    : Drop(packet, Name(host), inputName, $"L2ForwardingCalc: no port has the MAC address of {nextHop}");
            }
        }
        else if (state.PeerOf(destination) is { } peer)
        {
            return peer.Tunnelled ? ToTunnel(peer) : ToGateway($"the peer {peer.PodCidr} is reached without a tunnel");
        }

        if (!tracked.IsReply && input == BridgePort.Tunnel)
        {
            return Drop(packet, Name(host), inputName, state.Egress
                ? $"EgressMark: new from the tunnel, and no Pod here has {destination}"
                : $"no Pod here has {destination}, and OVS does not send back where it came from");
        }

        return ToGateway(tracked.IsReply ? "table miss" : "EgressMark: not a Pod address of Antrea's");

        Station ToGateway(string why)
        {
            if (input == BridgePort.Gateway)
            {
                return Drop(packet, Name(host), inputName, "OVS does not send back where it came from");
            }

            ZoneOf(bridge).Confirm(tracked);
            Note(packet, Name(host), inputName, $"L3Forwarding: to antrea-gw0, {why}");
            return StateOf(host).Device(HostDeviceKind.AntreaGateway) is { } gateway
                ? new Station.HostIn(host, gateway.Name, packet with { Ttl = packet.Ttl - 1 })
                : Drop(packet, Name(host), inputName, "antrea-gw0 is gone");
        }

        Station ToPod(OvsPort port)
        {
            // kubelet's probes: what the Node itself sends to its own Pods is above every policy. So is, from Antrea v1.14.1 on, what a Pod
            // sends to itself by a Service.
            if (tracked.Verdict == ConntrackVerdict.New && !packet.HostLocal && !(input == BridgePort.Pod && inputName == port.Name)
                && Judge(port.Policy, PolicyDirection.Ingress, port.Pod, packet, Name(host), port.Name) is { } denied)
            {
                return denied;
            }

            ZoneOf(bridge).Confirm(tracked);
            Note(packet, Name(host), inputName, $"L3Forwarding: to port {port.Name}");
            return new Station.PodIn(port.Pod, port.PodInterface, packet with { Ttl = packet.Ttl - 1 });
        }

        Station ToTunnel(OvsPeer peer)
        {
            if (input == BridgePort.Tunnel)
            {
                return Drop(packet, Name(host), inputName, "OVS does not send back where it came from");
            }

            ZoneOf(bridge).Confirm(tracked);
            Note(packet, Name(host), inputName, $"L3Forwarding: {peer.PodCidr} by tunnel to {peer.NodeAddress}");
            if (_fabric.NodeAt(peer.NodeAddress) is not { } other || StateOf(other).IsDown)
            {
                return Drop(packet, Name(host), "antrea-tun0", $"the tunnel's other end, {peer.NodeAddress}, does not answer");
            }

            return StateOf(other).Ovs is null
                ? Drop(packet, other.Name, HostNetns.UplinkName, "there is no bridge on this Node to unwrap it")
                : new Station.BridgeFromTunnel(other, packet with { Ttl = packet.Ttl - 1, HostLocal = false });
        }
    }

    private static string Name(HostNetns host) => $"{host.Name} br-int";
}
