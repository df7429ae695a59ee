using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What <c>release-host-ports</c>, and the clean-ups of both networks, do to a hollow Node's hostPorts.</summary>
internal static class HostPortVerbs
{
    private const string NetworkArgument = "network=";
    private const string KeepArgument = "keep=";

    /// <summary>The value of <c>network=NAME</c>; Calico's usual name where there is none.</summary>
    public static string NetworkIn(IReadOnlyList<string> arguments) =>
        arguments.FirstOrDefault(a => a.StartsWith(NetworkArgument, StringComparison.Ordinal))?[NetworkArgument.Length..] ?? NodeCommands.CalicoNetwork;

    public static NodeCommandResult Release(LabNode node, IReadOnlyList<string> arguments)
    {
        var networks = ValuesOf(NetworkArgument);
        var keep = ValuesOf(KeepArgument);
        List<string> lines = [];
        node.Host.Update(state =>
        {
            lines.Clear();
            var chains = state.HostPorts.Where(r => networks.Contains(r.Network)).GroupBy(r => (r.Network, r.ContainerId, Address: r.Target.Address.ToString())).ToList();
            var dead = chains.Where(c => !keep.Contains(c.Key.Address) && !IsWired(state, c.First())).ToList();
            lines.AddRange(chains.Select(c => $"{(dead.Contains(c) ? "released" : "alive")}: {c.Key.Address} by iptables-nft CNI-DN-{c.Key.ContainerId[..8]}"));
            return dead.Count == 0 ? state : state with { HostPorts = state.HostPorts.RemoveRange(dead.SelectMany(c => c)) };
        });
        return new NodeCommandResult(0, string.Concat(lines.Select(l => l + "\n")), "");

        HashSet<string> ValuesOf(string name) => [.. arguments.Where(a => a.StartsWith(name, StringComparison.Ordinal)).Select(a => a[name.Length..])];
    }

    /// <summary>What an audit says of a network's hostPorts.</summary>
    public static IEnumerable<string> Lines(HostState state, string network) =>
        state.HostPorts.Where(r => r.Network == network).Select(r => $"hostport: iptables-nft CNI-DN-{r.ContainerId[..8]} to {r.Target.Address}").Distinct();

    /// <summary>Removes all of a network's.</summary>
    public static HostState Without(HostState state, string network) => state with { HostPorts = state.HostPorts.RemoveAll(r => r.Network == network) };

    /// <summary>Calico's plugin gives each Pod a route by a device of its own, which goes with the sandbox.</summary>
    private static bool IsWired(HostState state, HostPortRule rule) => state.Routing.Routes.Any(r =>
        r is { Gateway: null, Device: not null, Type: RouteType.Unicast, Table: RoutingState.MainTable } && r.Destination.IsHost() && r.Destination.FirstAddress.Equals(rule.Target.Address));

    private static bool IsHost(this Addressing.Cidr cidr) => cidr.PrefixLength == (cidr.IsIPv6 ? 128 : 32);
}
