using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Calico's routes against the PodCIDRs, in every order of their prefixes' lengths.</summary>
internal sealed class RouteOverlaps(NodeRoutes node, KnownRanges known, RouteConflictList conflicts)
{
    // Antrea's routes of a mode without tunnels do not go by the gateway.
    private readonly HashSet<Cidr> _untunnelled =
    [
        .. (node.Table(RouteFormat.MainTable)?.Routes ?? [])
            .Where(r => known.IsAntrea(r) && !KnownRanges.IsByGateway(r))
            .Select(r => r.Destination),
    ];

    public void Find(CidrTable<Route> calico)
    {
        foreach (var (route, podCidr) in calico.OverlapsWith(known.PodCidrs))
        {
            var length = route.Cidr.PrefixLength.CompareTo(podCidr.Cidr.PrefixLength);
            if (length == 0 && !known.IsBlock(route.Cidr))
            {
                LearnedByBird(route.Value, podCidr);
            }
            else if (length > 0)
            {
                Longer(route.Value, podCidr);
            }
            else if (length == 0)
            {
                Equal(route.Value, podCidr);
            }
            else
            {
                Shorter(route.Value, podCidr);
            }
        }
    }

    private bool IsTunnelled(Cidr podCidr) => !_untunnelled.Contains(podCidr);

    private string? OwnerOf(Cidr block) => KnownRanges.Exact(known.Blocks, block)?.Value;

    private void Longer(Route route, CidrEntry<string?> podCidr)
    {
        var (block, y) = (route.Destination, OverlapTexts.Of(podCidr.Value));
        var isOwn = podCidr.Value == node.Node;
        if (route.Type == RouteType.Blackhole)
        {
            conflicts.Add(
                node.Node,
                "blackhole-inside-pod-cidr",
                Severity.Blocker,
                route,
                $"the blackhole of {node.Node}'s own block {block} lies in {podCidr.Cidr}, the PodCIDR of {(isOwn ? "the same Node" : y)}, and is longer",
                isOwn
                    ? $"kubelet of {node.Node} and every other host cannot reach Antrea Pods of this Node with an address in {block}: they never become Ready"
                    : $"what {node.Node} and, through it, others send to Antrea Pods of {y} with an address in {block} ends in it",
                OverlapTexts.Remedy(block));
            return;
        }

        var ovs = IsTunnelled(podCidr.Cidr)
            ? $"Antrea interfaces on every Node lose Calico Pods in {block}, as OVS knows only {podCidr.Cidr} and tunnels them to {y}, whose OVS drops them"
            : $"Antrea interfaces reach Calico Pods in {block} by the host's longer route, except on {y}, where they are on the link";
        conflicts.Add(
            node.Node,
            "calico-route-inside-pod-cidr",
            Severity.Blocker,
            route,
            $"Calico's route {block} (block of {OverlapTexts.Of(OwnerOf(block))}) is longer than Antrea's {podCidr.Cidr} of {(isOwn ? "the same Node" : y)}, and wins",
            isOwn
                ? $"kubelet of {node.Node} cannot reach its own Antrea Pods with an address in {block}, so they never become Ready; {ovs}"
                : $"the host and the Calico Pods cannot reach Antrea Pods of {y} with an address in {block}; {ovs}; Calico to Calico works on",
            OverlapTexts.Remedy(block));
    }

    private void Equal(Route route, CidrEntry<string?> podCidr)
    {
        var now = node.Table(RouteFormat.MainTable)!.Lookup(podCidr.Cidr.AddressAt(podCidr.Cidr.AddressCount > 1 ? 1 : 0u));
        var isBlackhole = route.Type == RouteType.Blackhole;
        conflicts.Add(
            node.Node,
            "calico-route-equals-pod-cidr",
            Severity.Blocker,
            route,
            $"Calico's block {route.Destination} of {OverlapTexts.Of(OwnerOf(route.Destination))} and the PodCIDR of {OverlapTexts.Of(podCidr.Value)} are "
            + $"the same prefix, and the kernel keeps one route of a prefix and metric{(now is null ? "" : $" (now that of {(known.IsAntrea(now) ? "Antrea" : "Calico")})")}",
            isBlackhole && podCidr.Value == node.Node
                ? "the blackhole wins over the connected route of antrea-gw0, so no host reaches this Node's Antrea Pods"
                : "the last one to write has it, Antrea every 60 s, felix when it resyncs, BIRD never once it is taken: either Calico Pods or Antrea "
                + "Pods of the range are cut off, in turns",
            OverlapTexts.Remedy(route.Destination));
    }

    private void Shorter(Route route, CidrEntry<string?> podCidr)
    {
        var owner = OwnerOf(route.Destination);
        if (route.Type == RouteType.Blackhole || owner == node.Node)
        {
            conflicts.Add(
                node.Node,
                "blackhole-around-pod-cidr",
                Severity.Info,
                route,
                $"the blackhole of {node.Node}'s own block {route.Destination} lies around {podCidr.Cidr} of {OverlapTexts.Of(podCidr.Value)}, which is longer and wins",
                "nobody by this route",
                "None");
            return;
        }

        if (owner is not null && owner == podCidr.Value && !IsTunnelled(podCidr.Cidr))
        {
            return; // Both lead to the same Node.
        }

        conflicts.Add(
            node.Node,
            "pod-cidr-inside-calico-route",
            Severity.Blocker,
            route,
            $"Antrea's {podCidr.Cidr} of {OverlapTexts.Of(podCidr.Value)} is longer than Calico's route {route.Destination} (block of {OverlapTexts.Of(owner)}), and wins",
            $"Calico Pods of {OverlapTexts.Of(owner)} with an address in {podCidr.Cidr} are cut off even from Calico Pods and hosts of other Nodes: "
            + $"the packets go to {OverlapTexts.Of(podCidr.Value)}, where no Antrea Pod has the address",
            OverlapTexts.Remedy(route.Destination));
    }

    private void LearnedByBird(Route route, CidrEntry<string?> podCidr) => conflicts.Add(
        node.Node,
        "bird-learned-pod-cidr",
        Severity.Warning,
        route,
        $"BIRD has a route to {podCidr.Cidr}, the PodCIDR of {OverlapTexts.Of(podCidr.Value)}, which is no block of Calico's: it learned it from antrea-gw0 there",
        $"until antrea-agent replaces it, what this Node sends to Antrea Pods of {OverlapTexts.Of(podCidr.Value)} goes by Calico's tunnel to that host, "
        + "past this Node's OVS, so that replies are invalid here",
        "Set disableBGPExport on the IPPool that covers the PodCIDRs, or move Calico to a pool outside them; then remove the route");
}
