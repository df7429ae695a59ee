using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Inside an Antrea Pod, and by net1 inside a Multus Pod, the whole PodCIDR is on the link: nothing there asks a Node's
/// routes.</summary>
internal static class PodTraps
{
    public static void Find(NodeRoutes node, KnownRanges known, RouteConflictList conflicts)
    {
        var isPod = KnownRanges.IsPod(node);
        foreach (var onLink in node.Routes.Where(r => r is { Type: RouteType.Unicast, Gateway: null, Protocol: "kernel", Device: not null }
            && NodeRoutes.Canonical(r.Table) == RouteFormat.MainTable
            && (KnownRanges.IsByGateway(r) || r.Device == "net1" || (!r.Destination.IsIPv6 && KnownRanges.Exact(known.PodCidrs, r.Destination) is not null))))
        {
            foreach (var block in known.Blocks.Overlapping(onLink.Destination).Where(b => b.Cidr.PrefixLength > 0))
            {
                var shared = block.Cidr.PrefixLength >= onLink.Destination.PrefixLength ? block.Cidr : onLink.Destination;
                var pods = isPod ? "this Pod sends" : $"Antrea Pods on {node.Node} send, and Multus Pods by net1,";
                conflicts.Add(
                    node.Node,
                    "on-link-hides-calico",
                    Severity.Blocker,
                    onLink,
                    $"{onLink.Destination} is on the link in every Antrea interface of {node.Node}, and Calico's {block.Cidr}"
                    + $"{(block.Value is null ? "" : $" of {block.Value}")} shares {shared} with it",
                    $"what {pods} to Calico Pods in {shared} never leaves the Pod: nobody answers its ARP request, and it gets 'no route to host' "
                    + "after 3 s (or an Antrea Pod that has the same address answers)",
                    OverlapTexts.Remedy(block.Cidr));
            }
        }
    }
}
