using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Routes that outlived what they were for. Nothing is called so without the cluster's objects.</summary>
/// <remarks>BIRD leaves its routes in the kernel when it ends (<c>persist</c>), and removing Calico's manifest removes no route.</remarks>
internal sealed class RouteLeftovers(KernelGroup group, KnownRanges known, RouteConflictList conflicts)
{
    public void Find(IEnumerable<Route> main, CancellationToken cancellationToken)
    {
        if (!known.HasCluster)
        {
            return;
        }

        // What is said of a route is the same whoever has it.
        var lackedBy = group.Nodes.SelectMany(n => (n.Difference?.Removed ?? []).Select(r => (Route: r, n.Node))).ToLookup(l => l.Route, l => l.Node);
        foreach (var node in group.Nodes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var route in KernelGroup.AddedBy(node).Where(r => !r.Dead && NodeRoutes.Canonical(r.Table) == RouteFormat.MainTable))
            {
                if (Judge(route) is { } conflict)
                {
                    conflicts.Add(node.Node, conflict);
                }
            }
        }

        foreach (var route in main)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Judge(route) is { } conflict)
            {
                conflicts.Add(group, lackedBy[route], conflict);
            }
        }
    }

    private RouteConflict? Judge(Route route) =>
        known.IsCalicoClusterRoute(route) ? Calico(route)
        : KnownRanges.IsByGateway(route) && route.Gateway is not null && KnownRanges.Exact(known.PodCidrs, route.Destination) is null
            && route.Destination.PrefixLength < (route.Destination.IsIPv6 ? 128 : 32)
            ? Conflict(
                "stale-antrea-route",
                Severity.Warning,
                route,
                $"{route.Destination} goes to antrea-gw0, but no Node has this PodCIDR",
                $"whatever is sent to {route.Destination} vanishes in OVS",
                "Let antrea-agent reconcile (it removes what it does not know at its start), or 'ip route del' it")
            : null;

    private RouteConflict? Calico(Route route)
    {
        var block = route.Destination;
        if (!known.IsInAPool(block) && !known.PodCidrs.Overlaps(block))
        {
            return null; // BGP carries other networks too; whose they are is not ours to say.
        }

        var theirs = KnownRanges.Exact(known.Blocks, block);
        var owner = theirs?.Value;
        var to = route.Gateway is null ? null : known.NodeAt(route.Gateway);
        if (theirs is null)
        {
            var clash = known.PodCidrs.Overlapping(block).Where(p => p.Cidr.PrefixLength < block.PrefixLength).Select(p => (CidrEntry<string?>?)p).FirstOrDefault();
            if (clash is null && known.PodCidrs.Overlapping(block).Any(p => p.Cidr == block))
            {
                return null; // BIRD learned it; said elsewhere.
            }

            return Conflict(
                "stale-calico-route",
                clash is null ? Severity.Warning : Severity.Blocker,
                route,
                $"Calico's route to {block}{(route.Gateway is null ? "" : $" by {to ?? route.Gateway.ToString()}")} is left, but no block, affinity or address of Calico's is there",
                clash is { } inside
                    ? $"hosts and Calico Pods cannot reach Antrea Pods of {OverlapTexts.Of(inside.Value)} with an address in {block}"
                    : $"whatever is sent to {block} vanishes",
                "Restart calico-node to let it withdraw the route, or, once Calico is gone, remove it ('ip route del'); BIRD leaves its routes when it ends");
        }
        else if (route.Gateway is not null && to is null)
        {
            return Conflict(
                "calico-route-to-no-node",
                Severity.Warning,
                route,
                $"Calico's route to {block} leads to {route.Gateway}, which is no Node's address",
                $"this Node cannot reach Calico Pods in {block}",
                "See whether calico-node runs here and knows its peers ('calicoctl node status'); release the block if its Node is gone");
        }
        else if (to is not null && owner is not null && to != owner)
        {
            return Conflict(
                "calico-route-to-other-node",
                Severity.Warning,
                route,
                $"Calico's route to {block} leads to {to}, but the block is of {OverlapTexts.Of(owner)}",
                $"this Node cannot reach Calico Pods in {block}, unless {to} passes them on",
                "See whether calico-node runs here ('calicoctl node status'); its routes are older than the block's last move");
        }

        return null;
    }

    private static RouteConflict Conflict(string id, Severity severity, Route route, string evidence, string dies, string remedy) =>
        new(id, severity, [], route.ToString(), evidence, dies, remedy);
}
