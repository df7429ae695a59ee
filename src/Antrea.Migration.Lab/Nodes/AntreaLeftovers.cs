using System.Net.Sockets;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What Antrea leaves on a hollow Node: the effects of <c>detach-antrea</c>, <c>audit-antrea</c> and <c>clean-antrea</c>.</summary>
internal static class AntreaLeftovers
{
    private const string GatewayDevice = "antrea-gw0";
    private const string RunDirectory = "/var/run/antrea";

    private static readonly string[] Files = [CniRuntime.ConfigDirectory + "/10-antrea.conflist", CniPlugins.BinDirectory + "/antrea"];

    /// <summary>Deletes the bridge while the agent runs; without it there is nobody to ask.</summary>
    public static NodeCommandResult Detach(LabNode node, IReadOnlyList<string> arguments)
    {
        if (node.AntreaAgent is not null)
        {
            RemoveBridge(node);
        }

        return new NodeCommandResult(0, "", "");
    }

    /// <summary>One <c>WHAT: DETAIL</c> a line; nothing when the Node is clean.</summary>
    public static NodeCommandResult Audit(LabNode node, IReadOnlyList<string> arguments)
    {
        var state = node.Host.State;
        var lines = Files.Where(node.Files.FileExists).Concat(node.Files.DirectoryExists(RunDirectory) ? [RunDirectory] : []).Select(f => $"file: {f}").ToList();
        if (state.Antrea is not null)
        {
            lines.Add("netfilter: iptables-nft nat: ANTREA-POSTROUTING and its jump");
            lines.Add("ipset: ANTREA-POD-IP");
            if (node.Host.AddressOf(AddressFamily.InterNetworkV6) is not null)
            {
                lines.Add("netfilter: ip6tables-nft nat: ANTREA-POSTROUTING and its jump");
                lines.Add("ipset: ANTREA-POD-IP6");
            }
        }

        if (state.Device(GatewayDevice) is not null || state.Ovs is not null)
        {
            lines.Add($"link: {GatewayDevice}");
        }

        lines.AddRange(HostPortVerbs.Lines(state, NodeCommands.AntreaNetwork));
        lines.AddRange(state.Routing.Routes.Where(r => IsDirect(r, arguments)).Select(r => $"route: {r}"));

        return new NodeCommandResult(0, string.Concat(lines.Select(l => l + "\n")), "");
    }

    /// <summary>Removes files, hostPorts, chains, sets and routes, and prints what is left. A bridge without its daemon stays, as on a Node without the tools for it.</summary>
    public static NodeCommandResult Clean(LabNode node, IReadOnlyList<string> arguments)
    {
        foreach (var file in Files.Concat(node.Files.All().Select(f => f.Key).Where(f => f.StartsWith(RunDirectory + "/", StringComparison.Ordinal))).ToList())
        {
            node.Files.Remove(file);
        }

        node.Host.Update(state => HostPortVerbs.Without(
            state with { Antrea = null, Routing = state.Routing.Remove(r => IsDirect(r, arguments)) }, NodeCommands.AntreaNetwork));
        return node.Host.State.Ovs is null
            ? Audit(node, arguments)
            : new NodeCommandResult(1, "", $"RTNETLINK answers: Operation not supported ({GatewayDevice})\n");
    }

    /// <summary>Written by an agent that did without a tunnel: it leads to another Node, so it outlives the bridge.</summary>
    private static bool IsDirect(Route route, IReadOnlyList<string> podCidrs) =>
        route is { Table: RoutingState.MainTable, Gateway: not null, Protocol: null } && podCidrs.Contains(route.Destination.ToString());

    private static void RemoveBridge(LabNode node)
    {
        node.Host.RemoveDevice(GatewayDevice);
        node.Host.Update(state => state with { Ovs = null });
    }
}
