using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using static Antrea.Migration.Lab.Fabric.Kernel.LayoutWords;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>An OVS bridge as a namespace that forwards by address as Antrea's flow tables do, with a conntrack of its own.</summary>
/// <remarks>Each line stands for flows of the pipeline (Antrea docs/design/ovs-pipeline.md). What differs: it is a router, so it costs a
/// hop more between Pods of one Node, and it cannot see to which MAC address a Pod sent a packet.</remarks>
internal static class BridgeLayout
{
    public const string GatewayPort = "gwp";
    public const string TunnelPort = "antrea-tun0";

    private const int Tunnel = 4;
    public const string VirtualMac = "aa:bb:cc:dd:ee:ff";

    public static NamespaceLayout Of(FabricSnapshot snapshot, KernelSpaces spaces, NodeSnapshot host, BridgeSnapshot bridge)
    {
        var (state, space) = (bridge.State, spaces[bridge]);
        var ports = state.Ports.Values.OrderBy(port => port.Name, StringComparer.Ordinal).ThenBy(port => IsIPv6(port.Address)).ToList();
        var hasIPv6 = host.HasIPv6;

        // One MAC address on all tunnel devices, as Antrea has it, would not do: VXLAN drops a frame that comes from its own.
        List<LayoutPart> links =
        [
            LayoutPart.Setting("lo", "up"),
            LayoutPart.End(GatewayPort, spaces[host].Name),
            LayoutPart.Setting(GatewayPort, $"address {VirtualMac} mtu {AntreaMtu} up"),
            .. state.HasTunnel
                ? (LayoutPart[])[LayoutPart.End(TunnelPort, spaces[host].Name), LayoutPart.Setting(TunnelPort, $"address {Mac(Tunnel, space)} mtu {AntreaMtu} up")]
                : [],
            .. bridge.Bridge.Gateways.SelectMany(gateway => ToGateway(gateway.Address, HostLayout.GatewayMac(spaces[host]))),
            .. bridge.Bridge.PodCidrs.Select(podCidr => LayoutPart.Routes($"{podCidr}", null, $"blackhole {podCidr}")),
            .. bridge.Bridge.PodCidrs.Zip(bridge.Bridge.Gateways, (podCidr, gateway) => LayoutPart.Routes(
                $"103 {podCidr}", GatewayPort, $"{podCidr} via {gateway.Address} dev {GatewayPort} onlink table 103")),
            ReplyRule,
            LedRule,
        ];
        foreach (var peer in state.Peers.Where(peer => peer.Tunnelled))
        {
            if (snapshot.Nodes.FirstOrDefault(node => node.Addresses.Contains(peer.NodeAddress))?.Bridge is { } end)
            {
                var ip = IsIPv6(peer.NodeAddress) ? "ip6" : "ip";
                var nextHop = peer.PodCidr.AddressAt(1);
                links.Add(LayoutPart.Neighbour(TunnelPort, $"{nextHop}", Mac(Tunnel, spaces[end])));
                links.Add(LayoutPart.Routes(
                    $"{peer.PodCidr}", TunnelPort, $"{peer.PodCidr} encap {ip} id 0 dst {peer.NodeAddress} via {nextHop} dev {TunnelPort} onlink"));
            }
        }

        foreach (var port in ports.DistinctBy(port => port.Name))
        {
            links.Add(LayoutPart.Link(port.Name, $"{port.Name} type veth peer name {port.PodInterface} netns {spaces[port.Pod].Name}"));
            links.Add(LayoutPart.Setting(port.Name, $"mtu {AntreaMtu} up"));
        }

        foreach (var port in ports)
        {
            links.Add(LayoutPart.Neighbour(port.Name, $"{port.Address}", PodLayout.MacOf(spaces[port.Pod], port.PodInterface)));
            links.Add(LayoutPart.Routes($"{port.Address}", port.Name, $"{port.Address} dev {port.Name} scope link"));
            links.Add(LayoutPart.Routes($"103 {port.Address}", port.Name, $"{port.Address} dev {port.Name} scope link table 103"));
        }

        if (hasIPv6)
        {
            links.AddRange(Answers(bridge.Bridge, ports.FindAll(port => IsIPv6(port.Address))));
        }

        return new NamespaceLayout
        {
            SysctlsBefore = IPv6Sysctls(hasIPv6, forwards: true) + (hasIPv6 ? "ipv6/conf/default/proxy_ndp=1\n" : "") +
                """
                ipv4/ip_forward=1
                ipv4/conf/all/rp_filter=0
                ipv4/conf/default/rp_filter=0
                ipv4/conf/default/proxy_arp=1
                ipv4/conf/all/send_redirects=0
                ipv4/conf/default/send_redirects=0

                """,
            Links = links,
            Rules6 = hasIPv6 ? [ReplyRule, LedRule] : [],
            Tables = BridgeRules.Write(snapshot.Services, bridge, ports, isIPv6: false),
            Tables6 = hasIPv6 ? BridgeRules.Write(snapshot.Services, bridge, ports, isIPv6: true) : ImmutableDictionary<string, string>.Empty,

            // ARPSpoofGuard: a request that says another address than the port's is not answered.
            SysctlsAfter = string.Concat(ports.DistinctBy(port => port.Name).Select(port => $"ipv4/conf/{port.Name}/rp_filter=1\n")),
        };
    }

    private static LayoutPart ReplyRule => LayoutPart.Rule("fwmark 0x2/0x2 lookup 102 prio 100");

    /// <summary>What AntreaProxy leads elsewhere was sent to the gateway's MAC address, so that it goes there where its address is of the own PodCIDR, but no
    /// Pod's here: a Calico Pod may have it.</summary>
    private static LayoutPart LedRule => LayoutPart.Rule($"fwmark {BridgeRules.Led} lookup 103 prio 110");

    private static IEnumerable<LayoutPart> ToGateway(IPAddress gateway, string mac)
    {
        var everything = Cidr.Containing(gateway, 0);
        yield return LayoutPart.Neighbour(GatewayPort, $"{gateway}", mac);
        yield return LayoutPart.Routes($"{gateway}", GatewayPort, $"{gateway} dev {GatewayPort} scope link");
        yield return LayoutPart.Routes($"{everything}", GatewayPort, $"{everything} via {gateway} dev {GatewayPort} onlink");
        yield return LayoutPart.Routes($"102 {everything}", GatewayPort, $"{everything} via {gateway} dev {GatewayPort} onlink table 102");
    }

    /// <summary>Who is asked for on each port, since IPv6 has no proxy for whatever is routed elsewhere: the gateway and the other Pods.</summary>
    private static IEnumerable<LayoutPart> Answers(OvsBridge bridge, List<OvsPort> ports)
    {
        var gateways = bridge.Gateways.Where(gateway => IsIPv6(gateway.Address)).Select(gateway => (Port: GatewayPort, gateway.Address)).ToList();
        var ends = ports.Select(port => (Port: port.Name, port.Address)).Concat(gateways).ToList();
        return ends.SelectMany(asked => ends.Where(other => other.Port != asked.Port).Select(other => LayoutPart.Proxy(asked.Port, $"{other.Address}")));
    }
}
