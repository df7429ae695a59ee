using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What Calico leaves on a hollow Node: the effects of <c>audit-calico</c> and <c>clean-calico</c>.</summary>
internal static class CalicoLeftovers
{
    private static readonly string[] Files =
    [
        CniRuntime.ConfigDirectory + "/10-calico.conflist",
        CniRuntime.ConfigDirectory + "/calico-kubeconfig",
        CniPlugins.BinDirectory + "/calico",
        CniPlugins.BinDirectory + "/calico-ipam",
    ];

    private static readonly string[] Vxlans = [CalicoTunnel.Vxlan.Device, CalicoTunnel.Vxlan6.Device];

    private static readonly string[] Directories = ["/var/lib/calico", "/var/run/calico"];

    /// <summary>One <c>WHAT: DETAIL</c> a line; nothing when the Node is clean.</summary>
    public static NodeCommandResult Audit(LabNode node, IReadOnlyList<string> arguments)
    {
        var state = node.Host.State;
        var lines = Files.Where(node.Files.FileExists).Concat(Directories.Where(node.Files.DirectoryExists)).Select(f => $"file: {f}").ToList();
        foreach (var (tables, sets) in state.Calico is null ? [] : Families(node.Host))
        {
            lines.Add($"netfilter: {tables}-nft nat: cali-nat-outgoing and its jumps");
            lines.Add($"ipset: {sets}all-ipam-pools");
            lines.Add($"ipset: {sets}masq-ipam-pools");
        }

        lines.AddRange(HostPortVerbs.Lines(state, HostPortVerbs.NetworkIn(arguments)));
        lines.AddRange(Routes(node));
        lines.AddRange(Vxlans.Where(device => state.Device(device) is not null).Select(device => $"link: {device}"));

        if (state.Device(CalicoTunnel.Ipip.Device)?.AddressOf(CalicoTunnel.Ipip.Family) is { } address)
        {
            lines.Add($"address: {CalicoTunnel.Ipip.Device} inet {address}/32");
        }

        return new NodeCommandResult(0, string.Concat(lines.Select(l => l + "\n")), "");
    }

    /// <summary>Removes the routes that calico-node wrote; those of Pods are the CNI plugin's. Prints those that are left. May be repeated.</summary>
    public static NodeCommandResult ClearRoutes(LabNode node, IReadOnlyList<string> arguments)
    {
        node.Host.RemoveRoutes(IsCalicos);
        return new NodeCommandResult(0, string.Concat(Routes(node).Select(l => l + "\n")), "");
    }

    /// <summary>Removes files, hostPorts, chains and sets, routes by protocol, and the tunnel's address; prints what is left. May be repeated.</summary>
    public static NodeCommandResult Clean(LabNode node, IReadOnlyList<string> arguments)
    {
        var everything = node.Files.All().Select(f => f.Key).ToList();
        var inside = Directories.SelectMany(d => everything.Where(f => f.StartsWith(d + "/", StringComparison.Ordinal)));
        foreach (var file in Files.Concat(inside).ToList())
        {
            node.Files.Remove(file);
        }

        node.Host.Update(state => HostPortVerbs.Without(state with { Calico = null }, HostPortVerbs.NetworkIn(arguments)));
        node.Host.SetVethPolicy(null, null);
        node.Host.RemoveRoutes(IsCalicos);
        foreach (var device in Vxlans.Append(CalicoTunnel.Ipip.Device))
        {
            node.Host.RemoveDevice(device);
        }

        return Audit(node, arguments);
    }

    private static (string Tables, string Sets)[] Families(HostNetns host) =>
        host.AddressOf(CalicoTunnel.Vxlan6.Family) is null
            ? [("iptables", "cali40")]
            : [("iptables", "cali40"), ("ip6tables", "cali60")];

    private static IEnumerable<string> Routes(LabNode node) => node.Host.State.Routing.Routes.Where(IsCalicos).Select(r => $"route: {Text(r)}");

    private static bool IsCalicos(Route route) => route.Protocol is "bird" or "12" or "80";

    private static string Text(Route route) =>
        $"{(route.Type == RouteType.Blackhole ? "blackhole " : "")}{route.Destination}"
        + (route.Gateway is null ? "" : $" via {route.Gateway}")
        + (route.Device is null ? "" : $" dev {route.Device}")
        + (route.OnLink ? " onlink" : "");
}
