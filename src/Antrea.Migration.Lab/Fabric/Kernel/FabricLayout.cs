using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>The physical network: one bridge in a namespace of its own, a port a Node, and no way out.</summary>
internal static class FabricLayout
{
    private const string Switch = "br0";

    public static NamespaceLayout Of(FabricSnapshot snapshot, KernelSpaces spaces)
    {
        List<LayoutPart> links =
        [
            LayoutPart.Setting("lo", "up"),
            LayoutPart.Link(Switch, $"{Switch} type bridge stp_state 0 forward_delay 0"),
            LayoutPart.Setting(Switch, $"mtu {LayoutWords.UnderlayMtu} up"),
        ];
        foreach (var node in snapshot.Nodes)
        {
            var port = $"u{spaces[node].Index}";
            links.Add(LayoutPart.Link(port, $"{port} type veth peer name {HostNetns.UplinkName} netns {spaces[node].Name}"));
            links.Add(LayoutPart.Setting(port, $"master {Switch} mtu {LayoutWords.UnderlayMtu} {(node.State.IsDown ? "down" : "up")}"));
        }

        // What leaves the cluster is lost without a word, as it is in the model.
        var gateways = snapshot.Nodes.SelectMany(node => node.State.Routing.Routes)
            .Where(route => route is { Device: HostNetns.UplinkName, Gateway: not null }).Select(route => route.Gateway!)
            .Where(gateway => snapshot.Nodes.All(node => !node.Addresses.Contains(gateway))).Distinct();
        links.AddRange(gateways.Select(gateway =>
            LayoutPart.Address(Switch, new LinkAddress(gateway, UplinkLength(snapshot.Nodes[0], gateway.AddressFamily))) with { Key = $"addr {gateway}" }));
        return new NamespaceLayout { SysctlsBefore = LayoutWords.IPv6Sysctls(snapshot.HasIPv6) + "ipv4/ip_forward=0\n", Links = links };
    }

    private static int UplinkLength(NodeSnapshot node, AddressFamily family) =>
        node.State.Device(HostDeviceKind.Uplink)!.Addresses.First(one => one.Address.AddressFamily == family).PrefixLength;
}
