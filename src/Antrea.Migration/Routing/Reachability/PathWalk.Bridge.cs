using System.Net;

namespace Antrea.Migration.Routing.Reachability;

/// <content>What Antrea's flow tables do, by their names. Source: Antrea v1.14 <c>pkg/agent/openflow/pipeline.go</c>.</content>
internal sealed partial class PathWalk
{
    private Station? EnterBridge(Station at)
    {
        var (node, packet, destination) = (at.Node, at.Packet, at.Packet.Destination);
        if (!node.HasAntrea)
        {
            return Lose(HostOf(node), $"no antrea-agent runs there, so nobody takes what comes for {destination} by Antrea's tunnel");
        }

        var fromTunnel = at.Kind == "bridge from tunnel";
        var fromGateway = at.Kind == "bridge from gateway";
        var zone = Zone("bridge", node, packet, out var isInvalid);
        if (isInvalid)
        {
            return Lose(OvsOf(node), $"ConntrackState: this bridge has seen only one side of the connection to {destination}: +inv+trk, dropped");
        }

        var isProxied = at.Kind == "bridge from Pod" && !IsReply && destination.Equals(clusterIP);
        if (isProxied)
        {
            Note(OvsOf(node), $"AntreaProxy: {clusterIP} becomes {server.Address}");
            zone!.Endpoint = destination = server.Address;
            packet = packet with { Destination = destination };
        }
        else if (IsReply)
        {
            packet = packet with { Source = zone!.AsAsked(packet.Source) };
        }

        if (IsRequest && fromGateway)
        {
            zone!.IsFromGateway = true;
        }

        if (destination.Equals(ReachabilityTopology.GatewayOf(node, destination.AddressFamily)))
        {
            return ToGateway("the gateway's own address");
        }

        if (IsReply && zone!.IsFromGateway)
        {
            return ToGateway("a reply to what came in there (FromGatewayCTMark)");
        }

        if (ReachabilityTopology.IsOwn(destination, node))
        {
            if (IsAntreaPodOn(node, destination))
            {
                Note(OvsOf(node), $"L3Forwarding: {destination} is a Pod of this Node");
                return new Station("pod", node, "", packet);
            }

            if (isProxied)
            {
                return ToGateway($"no Pod of this bridge has {destination}");
            }

            return Lose(OvsOf(node), fromTunnel
                ? $"{destination} lies in this Node's PodCIDR, but no Antrea Pod here has it: {DropOfTunnel()}"
                : $"nobody on the bridge answers the host's ARP request for {destination}");
        }

        if (topology.OwnerInAntrea(destination) is { } peer)
        {
            if (!topology.AntreaTunnels(node, peer.Node))
            {
                return ToGateway($"{peer.PodCidr} of {peer.Node.Name} is reached without a tunnel, the host routes it");
            }

            if (fromTunnel)
            {
                return Lose(OvsOf(node), $"{destination} is of {peer.Node.Name}, and OVS does not send back where it came from");
            }

            Note(OvsOf(node), $"L3Forwarding: {destination} lies in {peer.PodCidr}, the PodCIDR of {peer.Node.Name}: by tunnel to that Node");
            return new Station("bridge from tunnel", peer.Node, "antrea-tun0", packet);
        }

        return fromTunnel && IsRequest
            ? Lose(OvsOf(node), $"no Antrea Pod here has {destination}: {DropOfTunnel()}")
            : ToGateway(IsReply ? "table miss" : $"{destination} lies in no PodCIDR");

        Station? ToGateway(string why)
        {
            if (fromGateway)
            {
                return Lose(OvsOf(node), $"to antrea-gw0 ({why}), where it came from: OVS does not send it back");
            }

            Note(OvsOf(node), $"L3Forwarding: to antrea-gw0, {why}");
            return new Station("host", node, ExpectedRoutes.Gateway, packet);
        }
    }

    private string DropOfTunnel() => Model.EgressEnabled
        ? "EgressMark drops what is new from a tunnel"
        : "OVS does not send back where it came from";

    private bool IsAntreaPodOn(ReachabilityNode node, IPAddress address) =>
        ((ReachabilityEndpoint[])[client, server]).Any(e => e.Node == node.Name && address.Equals(e.AntreaAddress));

    private static string OvsOf(ReachabilityNode node) => $"OVS on {node.Name}";
}
