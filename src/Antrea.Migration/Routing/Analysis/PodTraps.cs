using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Inside an Antrea Pod, and by net1 inside a Multus Pod, the whole PodCIDR is on the link: nothing there asks a Node's
/// routes.</summary>
internal static class PodTraps
{
    public static void Find(KernelGroup group, KnownRanges known, RouteConflictList conflicts, CancellationToken cancellationToken)
    {
        // A kernel has one or two such routes, and they are its own Node's.
        var shared = group.Shared.Routes.Where(r => IsOnLink(r, known)).ToList();
        foreach (var node in group.Nodes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var onLink in KernelGroup.AddedBy(node).Where(r => IsOnLink(r, known)).Concat(shared.Where(r => KernelGroup.Has(node, r))))
            {
                foreach (var block in known.Blocks.Overlapping(onLink.Destination).Where(b => b.Cidr.PrefixLength > 0))
                {
                    conflicts.Add(node.Node, Conflict(group.ArePods, node.Node, onLink, block));
                }
            }
        }
    }

    private static bool IsOnLink(Route route, KnownRanges known) =>
        route is { Type: RouteType.Unicast, Gateway: null, Protocol: "kernel", Device: not null }
        && NodeRoutes.Canonical(route.Table) == RouteFormat.MainTable
        && (KnownRanges.IsByGateway(route) || route.Device == "net1"
            || (!route.Destination.IsIPv6 && KnownRanges.Exact(known.PodCidrs, route.Destination) is not null));

    private static RouteConflict Conflict(bool isPod, string node, Route onLink, CidrEntry<string?> block)
    {
        var shared = block.Cidr.PrefixLength >= onLink.Destination.PrefixLength ? block.Cidr : onLink.Destination;
        var pods = isPod ? "this Pod sends" : $"Antrea Pods on {node} send, and Multus Pods by net1,";
        return new RouteConflict(
            "on-link-hides-calico",
            Severity.Blocker,
            [],
            onLink.ToString(),
            $"{onLink.Destination} is on the link in every Antrea interface of {node}, and Calico's {block.Cidr}"
            + $"{(block.Value is null ? "" : $" of {block.Value}")} shares {shared} with it",
            $"what {pods} to Calico Pods in {shared} never leaves the Pod: nobody answers its ARP request, and it gets 'no route to host' "
            + "after 3 s (or an Antrea Pod that has the same address answers)",
            OverlapTexts.Remedy(block.Cidr));
    }
}
