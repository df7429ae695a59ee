using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using static Antrea.Migration.Lab.Fabric.Kernel.LayoutWords;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>A Node as its kernel has it: uplink, tunnel, gateway and workload devices, routes, and Calico's, Antrea's and kube-proxy's rules.</summary>
/// <remarks>Calico's IPIP tunnel is a VXLAN device here, with a neighbour a peer: that needs no kernel module, and routes read and work the
/// same. IPv6's VXLAN has a network number of its own: the kernel lets two devices share neither number nor port.</remarks>
internal sealed class HostLayout
{
    /// <summary>Calico's VXLAN device for IPv6.</summary>
    public const string VxlanTunnel6 = "vxlan-v6.calico";

    private const int Uplink = 1;
    private const int Tunnel = 2;
    private const int Gateway = 3;

    private readonly FabricSnapshot _snapshot;
    private readonly KernelSpaces _spaces;
    private readonly NodeSnapshot _node;
    private readonly List<LayoutPart> _links = [LayoutPart.Setting("lo", "up")];
    private readonly List<LayoutPart> _forwarding = [];
    private readonly StringBuilder _after = new();

    private HostLayout(FabricSnapshot snapshot, KernelSpaces spaces, NodeSnapshot node) => (_snapshot, _spaces, _node) = (snapshot, spaces, node);

    private HostState State => _node.State;

    public static NamespaceLayout Of(FabricSnapshot snapshot, KernelSpaces spaces, NodeSnapshot node) => new HostLayout(snapshot, spaces, node).Build();

    /// <summary>The MAC address of a Node's antrea-gw0.</summary>
    public static string GatewayMac(KernelNamespace node) => Mac(Gateway, node);

    private NamespaceLayout Build()
    {
        foreach (var device in State.Devices.OrderBy(device => device.Kind))
        {
            Add(device);
        }

        foreach (var veth in State.Veths.Values.OrderBy(veth => veth.Name, StringComparer.Ordinal))
        {
            _links.Add(LayoutPart.Link(veth.Name, $"{veth.Name} type veth peer name {veth.PodInterface} netns {_spaces[veth.Pod].Name}"));
            _links.Add(LayoutPart.Setting(veth.Name, $"address ee:ee:ee:ee:ee:ee mtu {CalicoMtu} up"));
            _after.Append($"ipv4/conf/{veth.Name}/proxy_arp=1\n");
        }

        return new NamespaceLayout
        {
            SysctlsBefore = IPv6Sysctls(_node.HasIPv6, forwards: true) +
                $"""
                ipv4/ip_forward=1
                ipv4/conf/all/rp_filter={State.RpFilter}
                ipv4/conf/default/rp_filter={State.RpFilter}
                ipv4/conf/all/send_redirects=0
                ipv4/conf/default/send_redirects=0

                """,
            Links = [.. _links, .. RoutesOf(State.Routing, _ => true), .. RulesOf(State.Routing, isIPv6: false)],
            Rules6 = _node.HasIPv6 ? [.. RulesOf(State.Routing, isIPv6: true), .. State.AddressLabels.Select(LayoutPart.Label)] : [],
            Forwarding = _forwarding,
            Sets = HostRules.Sets(State, _node.HasIPv6),
            Tables = HostRules.Write(_node, _snapshot.Services, isIPv6: false),
            Tables6 = _node.HasIPv6 ? HostRules.Write(_node, _snapshot.Services, isIPv6: true) : ImmutableDictionary<string, string>.Empty,
            SysctlsAfter = _after.ToString(),
        };
    }

    private void Add(HostDevice device)
    {
        var name = device.Name;
        switch (device.Kind)
        {
            case HostDeviceKind.Uplink:
                _links.Add(LayoutPart.End(name, _spaces.Fabric.Name));
                _links.Add(LayoutPart.Setting(name, $"address {Mac(Uplink, _spaces[_node])} mtu {UnderlayMtu} up"));
                foreach (var peer in Peers())
                {
                    // The physical network is not what is judged here, and the machine's table for learnt neighbours is small.
                    _links.AddRange(peer.Addresses.Select(address => LayoutPart.Neighbour(name, $"{address}", Mac(Uplink, _spaces[peer]))));
                }

                break;
            case HostDeviceKind.IpipTunnel:
                AddTunnel(device, id: 4097, AddressFamily.InterNetwork, peer => peer.AddressOf(AddressFamily.InterNetwork));
                break;
            case HostDeviceKind.VxlanTunnel:
                var family = device.Name == VxlanTunnel6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
                AddTunnel(device, id: family == AddressFamily.InterNetwork ? 4096 : 4098, family, peer => peer.State.Device(name)?.AddressOf(family));
                break;
            case HostDeviceKind.AntreaGateway when _node.Bridge is { } bridge:
                _links.Add(LayoutPart.Link(name, $"{name} type veth peer name {BridgeLayout.GatewayPort} netns {_spaces[bridge].Name}"));
                _links.Add(LayoutPart.Setting(name, $"address {GatewayMac(_spaces[_node])} mtu {AntreaMtu} up"));
                _after.Append($"ipv4/conf/{name}/arp_announce=1\n");

                // As Antrea does: IPv6 has no ARP responder in the flow tables.
                _links.AddRange(bridge.State.Peers.Where(peer => peer is { Tunnelled: true, PodCidr.IsIPv6: true })
                    .Select(peer => LayoutPart.Neighbour(name, $"{peer.PodCidr.AddressAt(1)}", BridgeLayout.VirtualMac)));

                if (!bridge.State.HasTunnel)
                {
                    break;
                }

                // Its UDP socket stays here, on the Node's uplink, when the device goes to the bridge: with the bridge it goes too. What a
                // route encapsulates has no UDP checksum, which IPv6 takes from nobody unless told.
                var tunnel = BridgeLayout.TunnelPort;
                var sums = _node.HasIPv6 ? " udp6zerocsumtx udp6zerocsumrx" : "";
                _links.Add(new LayoutPart(
                    $"link {tunnel}", $"link add name {tunnel} type vxlan external dstport 6081{sums}\nlink set dev {tunnel} netns {_spaces[bridge].Name}\n", ""));
                break;
            default:
                _links.Add(LayoutPart.Link(name, $"{name} type bridge"));
                _links.Add(LayoutPart.Setting(name, "up"));
                break;
        }

        _links.AddRange(device.Addresses.Select(address => LayoutPart.Address(name, address)));
    }

    private void AddTunnel(HostDevice device, int id, AddressFamily family, Func<NodeSnapshot, IPAddress?> nextHopTo)
    {
        if (_node.AddressOf(family) is not { } local)
        {
            return;
        }

        var uplink = State.Device(HostDeviceKind.Uplink)!;
        _links.Add(LayoutPart.Link(device.Name, $"{device.Name} type vxlan id {id} local {local} dstport 4789 dev {uplink.Name} nolearning") with
        {
            Replaces = true, // Calico's clean-up leaves it, without an address.
        });
        _links.Add(LayoutPart.Setting(device.Name, $"address {Mac(Tunnel, _spaces[_node])} mtu {CalicoMtu} up"));
        foreach (var peer in Peers())
        {
            if (nextHopTo(peer) is { } nextHop && peer.AddressOf(family) is { } end)
            {
                _links.Add(LayoutPart.Neighbour(device.Name, $"{nextHop}", Mac(Tunnel, _spaces[peer])));
                _forwarding.Add(LayoutPart.Forwarding(device.Name, Mac(Tunnel, _spaces[peer]), $"{end}"));
            }
        }
    }

    private IEnumerable<NodeSnapshot> Peers() => _snapshot.Nodes.Where(node => node.Host != _node.Host);
}
