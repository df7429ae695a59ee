using System.Globalization;
using static Antrea.Migration.Lab.Fabric.Kernel.LayoutWords;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>A Pod: its interfaces' own ends, addresses, routes and rules.</summary>
internal static class PodLayout
{
    private const int FirstInterface = 16;

    public static NamespaceLayout Of(FabricSnapshot snapshot, KernelSpaces spaces, PodSnapshot pod)
    {
        var (space, state) = (spaces[pod.Pod], pod.State);
        List<LayoutPart> links = [LayoutPart.Setting("lo", "up")];
        foreach (var one in state.Interfaces)
        {
            var mtu = one.Attachment == AttachmentKind.CalicoVeth ? CalicoMtu : AntreaMtu;
            var node = snapshot.Nodes.FirstOrDefault(node => node.Host == one.Node);
            var at = one.Attachment == AttachmentKind.OvsPort && node?.Bridge is { } bridge ? spaces[bridge] : node is null ? null : spaces[node];
            links.Add(LayoutPart.End(one.Name, $"{at?.Name} {one.HostSide}"));
            links.Add(LayoutPart.Setting(one.Name, $"address {MacOf(space, one.Name)} mtu {mtu} up"));
            links.AddRange(one.Addresses.Select(address => LayoutPart.Address(one.Name, address)));
        }

        var hasIPv6 = state.Addresses.Any(address => IsIPv6(address.Address));
        return new NamespaceLayout
        {
            SysctlsBefore = IPv6Sysctls(hasIPv6) + $"ipv4/conf/all/rp_filter={state.RpFilter}\nipv4/conf/default/rp_filter={state.RpFilter}\n",
            Links = [.. links, .. RoutesOf(state.Routing, device => state.Interface(device) is not null), .. RulesOf(state.Routing, isIPv6: false)],
            Rules6 = hasIPv6 ? [.. RulesOf(state.Routing, isIPv6: true)] : [],
        };
    }

    /// <summary>The MAC address of an interface of a Pod: <c>eth0</c>'s, <c>net1</c>'s.</summary>
    public static string MacOf(KernelNamespace space, string podInterface)
    {
        var digits = podInterface.AsSpan().TrimStart("abcdefghijklmnopqrstuvwxyz");
        return Mac(FirstInterface + (int.TryParse(digits, CultureInfo.InvariantCulture, out var number) ? number & 127 : 128), space);
    }
}
