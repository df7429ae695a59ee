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
    private const string VirtualMac = "aa:bb:cc:dd:ee:ff";

    public static NamespaceLayout Of(FabricSnapshot snapshot, KernelSpaces spaces, NodeSnapshot host, BridgeSnapshot bridge)
    {
        var (state, space, gateway) = (bridge.State, spaces[bridge], bridge.Bridge.Gateway);
        var ports = state.Ports.Values.OrderBy(port => port.Name, StringComparer.Ordinal).ToList();

        // One MAC address on all tunnel devices, as Antrea has it, would not do: VXLAN drops a frame that comes from its own.
        List<LayoutPart> links =
        [
            LayoutPart.Setting("lo", "up"),
            LayoutPart.End(GatewayPort, spaces[host].Name),
            LayoutPart.Setting(GatewayPort, $"address {VirtualMac} mtu {AntreaMtu} up"),
            LayoutPart.End(TunnelPort, spaces[host].Name),
            LayoutPart.Setting(TunnelPort, $"address {Mac(Tunnel, space)} mtu {AntreaMtu} up"),
            LayoutPart.Neighbour(GatewayPort, $"{gateway}", HostLayout.GatewayMac(spaces[host])),
            LayoutPart.Routes($"{gateway}", GatewayPort, $"{gateway} dev {GatewayPort} scope link"),
            LayoutPart.Routes($"{bridge.Bridge.PodCidr}", null, $"blackhole {bridge.Bridge.PodCidr}"),
            LayoutPart.Routes("default", GatewayPort, $"default via {gateway} dev {GatewayPort} onlink"),
            LayoutPart.Routes("102 default", GatewayPort, $"default via {gateway} dev {GatewayPort} onlink table 102"),
            LayoutPart.Rule("fwmark 0x2/0x2 lookup 102 prio 100"),
        ];
        foreach (var peer in state.Peers.Where(peer => peer.Tunnelled))
        {
            if (snapshot.Nodes.FirstOrDefault(node => node.Address.Equals(peer.NodeAddress))?.Bridge is { } end)
            {
                var nextHop = peer.PodCidr.AddressAt(1);
                links.Add(LayoutPart.Neighbour(TunnelPort, $"{nextHop}", Mac(Tunnel, spaces[end])));
                links.Add(LayoutPart.Routes(
                    $"{peer.PodCidr}", TunnelPort, $"{peer.PodCidr} encap ip id 0 dst {peer.NodeAddress} via {nextHop} dev {TunnelPort} onlink"));
            }
        }

        foreach (var port in ports)
        {
            links.Add(LayoutPart.Link(port.Name, $"{port.Name} type veth peer name {port.PodInterface} netns {spaces[port.Pod].Name}"));
            links.Add(LayoutPart.Setting(port.Name, $"mtu {AntreaMtu} up"));
            links.Add(LayoutPart.Neighbour(port.Name, $"{port.Address}", PodLayout.MacOf(spaces[port.Pod], port.PodInterface)));
            links.Add(LayoutPart.Routes($"{port.Address}", port.Name, $"{port.Address} dev {port.Name} scope link"));
        }

        return new NamespaceLayout
        {
            SysctlsBefore =
                """
                ipv4/ip_forward=1
                ipv4/conf/all/rp_filter=0
                ipv4/conf/default/rp_filter=0
                ipv4/conf/default/proxy_arp=1
                ipv4/conf/all/send_redirects=0
                ipv4/conf/default/send_redirects=0

                """,
            Links = links,
            Rules = BridgeRules.Write(snapshot.Services, bridge, ports),

            // ARPSpoofGuard: a request that says another address than the port's is not answered.
            SysctlsAfter = string.Concat(ports.Select(port => $"ipv4/conf/{port.Name}/rp_filter=1\n")),
        };
    }
}
