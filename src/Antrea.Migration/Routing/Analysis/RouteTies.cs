using System.Net.Sockets;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Routes of one destination and metric, among which something else than the table decides.</summary>
internal static class RouteTies
{
    private const string CalicosGateway = "169.254.1.1";

    public static void Find(NodeRoutes node, RouteConflictList conflicts)
    {
        // Every device has its own link-local and multicast prefix; they are told apart by the device that is asked for.
        var ties = node.Routes
            .Where(r => r is { Type: RouteType.Unicast, Dead: false, Destination.IsIPv6: false } || r.Destination is { IsIPv6: true, PrefixLength: 0 })
            .Where(r => r.Type == RouteType.Unicast && NodeRoutes.Canonical(r.Table) != "local" && !r.Destination.FirstAddress.IsIPv6LinkLocal)
            .GroupBy(r => (NodeRoutes.Canonical(r.Table), r.Destination, r.Metric))
            .Where(g => g.Skip(1).Any());
        foreach (var tie in ties)
        {
            var routes = tie.ToList();
            var destination = tie.Key.Destination.PrefixLength == 0 ? "default" : tie.Key.Destination.ToString();
            var all = string.Join(" | ", routes.Select(r => r.ToString().ReplaceLineEndings(" ")));
            if (tie.Key.Destination.PrefixLength == 0 && routes.Exists(r => r.Gateway?.ToString() == CalicosGateway) && routes.Exists(r => r.Device == "net1"))
            {
                conflicts.Add(
                    node.Node,
                    "multus-two-defaults",
                    Severity.Blocker,
                    routes[0],
                    $"two default routes of metric {tie.Key.Metric}, one by each interface: {all}",
                    "the kernel takes the one whose gateway answers at the moment: replies of the Pod's Calico address that leave by net1 die in "
                    + "OVS SpoofGuard, so clients get through at once, after a second, or not at all",
                    "Give the Pod one default in main and a rule for the other address ('ip rule add from CALICO-ADDRESS lookup 101', "
                    + "'ip route add default via 169.254.1.1 dev eth0 onlink table 101'), or let the Multus file of this migration do it");
                continue;
            }

            conflicts.Add(
                node.Node,
                "route-tie",
                Severity.Warning,
                routes[0],
                $"{routes.Count} routes to {destination} of metric {tie.Key.Metric} in table {tie.Key.Item1}: {all}",
                tie.Key.Destination.FirstAddress.AddressFamily == AddressFamily.InterNetworkV6
                    ? "the kernel spreads flows over them; what needs one of them fails now and then"
                    : "the one listed first wins, and the order changes with every writer",
                "Find out who writes each of them ('ip -d route'), and give one a higher metric or remove it");
        }
    }
}
