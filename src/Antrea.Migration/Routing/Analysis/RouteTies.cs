using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Routes of one destination and metric, among which something else than the table decides.</summary>
internal static class RouteTies
{
    private const string CalicosGateway = "169.254.1.1";

    public static void Find(KernelGroup group, RouteConflictList conflicts, CancellationToken cancellationToken)
    {
        var shared = group.Shared.Routes.Where(CanTie).ToLookup(KeyOf);
        var tied = shared.Where(tie => tie.Skip(1).Any()).ToDictionary(tie => tie.Key, _ => new List<string>());
        var seen = new HashSet<Key>();
        foreach (var node in group.Nodes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ChangedBy(node, shared, tied, seen) is not { Count: > 0 } changed)
            {
                continue;
            }

            var added = KernelGroup.AddedBy(node).Where(CanTie).ToLookup(KeyOf);
            foreach (var key in changed)
            {
                if (tied.TryGetValue(key, out var apart))
                {
                    apart.Add(node.Node);
                }

                if (Judge(key, added[key].Concat(shared[key].Where(r => KernelGroup.Has(node, r)))) is { } conflict)
                {
                    conflicts.Add(node.Node, conflict);
                }
            }
        }

        foreach (var (key, apart) in tied)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Judge(key, shared[key]) is { } conflict)
            {
                conflicts.Add(group, apart, conflict);
            }
        }
    }

    /// <summary>Where a kernel's own routes may make a tie or break one: nearly all are alone, and need no more than this look.</summary>
    private static HashSet<Key> ChangedBy(NodeRoutes node, ILookup<Key, Route> shared, Dictionary<Key, List<string>> tied, HashSet<Key> seen)
    {
        seen.Clear();
        var twice = KernelGroup.AddedBy(node).Where(CanTie).Select(KeyOf).Where(key => !seen.Add(key) || shared.Contains(key));
        return [.. twice, .. (node.Difference?.Removed ?? []).Where(CanTie).Select(KeyOf).Where(tied.ContainsKey)];
    }

    /// <summary>Every device has its own link-local and multicast prefix; they are told apart by the device that is asked for. IPv6 spreads
    /// flows over equal routes on purpose, so there only defaults are looked at.</summary>
    private static bool CanTie(Route route) =>
        route is { Type: RouteType.Unicast, Dead: false } && (!route.Destination.IsIPv6 || route.Destination.PrefixLength == 0)
        && NodeRoutes.Canonical(route.Table) != "local" && !route.Destination.FirstAddress.IsIPv6LinkLocal;

    private static Key KeyOf(Route route) => new(NodeRoutes.Canonical(route.Table), route.Destination, route.Metric);

    private static RouteConflict? Judge(Key tie, IEnumerable<Route> candidates)
    {
        // Nearly all are alone; they cost no list.
        if (!candidates.Skip(1).Any())
        {
            return null;
        }

        var routes = candidates.ToList();
        var destination = tie.Destination.PrefixLength == 0 ? "default" : tie.Destination.ToString();
        var all = string.Join(" | ", routes.Select(r => r.ToString().ReplaceLineEndings(" ")));
        if (tie.Destination.PrefixLength == 0 && routes.Exists(r => r.Gateway?.ToString() == CalicosGateway) && routes.Exists(r => r.Device == "net1"))
        {
            return Conflict(
                "multus-two-defaults",
                Severity.Blocker,
                routes[0],
                $"two default routes of metric {tie.Metric}, one by each interface: {all}",
                "the kernel takes the one whose gateway answers at the moment: replies of the Pod's Calico address that leave by net1 die in "
                + "OVS SpoofGuard, so clients get through at once, after a second, or not at all",
                "Give the Pod one default in main and a rule for the other address ('ip rule add from CALICO-ADDRESS lookup 101', "
                + "'ip route add default via 169.254.1.1 dev eth0 onlink table 101'), or let the Multus file of this migration do it");
        }

        return Conflict(
            "route-tie",
            Severity.Warning,
            routes[0],
            $"{routes.Count} routes to {destination} of metric {tie.Metric} in table {tie.Table}: {all}",
            tie.Destination.FirstAddress.AddressFamily == AddressFamily.InterNetworkV6
                ? "the kernel spreads flows over them; what needs one of them fails now and then"
                : "the one listed first wins, and the order changes with every writer",
            "Find out who writes each of them ('ip -d route'), and give one a higher metric or remove it");
    }

    private static RouteConflict Conflict(string id, Severity severity, Route route, string evidence, string dies, string remedy) =>
        new(id, severity, [], route.ToString(), evidence, dies, remedy);

    /// <summary>Among what has the same of these, the kernel does not choose by the table alone.</summary>
    private readonly record struct Key(string Table, Cidr Destination, long Metric)
    {
        /// <summary>Few tables have a route to one destination, so the name is not looked at.</summary>
        public override int GetHashCode() => HashCode.Combine(Destination, Metric);
    }
}
