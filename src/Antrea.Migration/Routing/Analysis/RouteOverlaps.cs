using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Calico's routes against the PodCIDRs, in every order of their prefixes' lengths.</summary>
internal sealed class RouteOverlaps
{
    private const int Longest = 128;

    private readonly KernelGroup _group;
    private readonly KnownRanges _known;
    private readonly CidrTable<Route> _calico;
    private readonly List<Route> _blackholes;

    // Antrea's routes of a mode without tunnels do not go by the gateway.
    private readonly ILookup<Cidr, Route> _untunnelled;

    public RouteOverlaps(KernelGroup group, KnownRanges ranges, IEnumerable<Route> main)
    {
        (_group, _known) = (group, ranges);
        _calico = new(main.Where(ranges.IsCalicoClusterRoute).Select(r => new CidrEntry<Route>(r.Destination, r)));
        _blackholes = [.. _calico.Entries.Select(e => e.Value).Where(r => r.Type == RouteType.Blackhole)];
        _untunnelled = (group.Shared.Table(RouteFormat.MainTable)?.Routes ?? []).Where(IsUntunnelled).ToLookup(r => r.Destination);
    }

    public void Find(RouteConflictList conflicts, CancellationToken cancellationToken)
    {
        // Of these routes a kernel's own answer differs, or it has not got them.
        var apart = new Dictionary<Route, List<string>>();
        var found = new HashSet<Route>();
        var own = new List<Route>();
        foreach (var node in _group.Nodes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            found.Clear();
            own.Clear();
            CollectOfItsOwn(node, found, own);
            found.UnionWith(node.Difference?.Removed ?? []);
            foreach (var route in found)
            {
                if (!apart.TryGetValue(route, out var names))
                {
                    apart.Add(route, names = []);
                }

                names.Add(node.Node);
            }

            var added = KernelGroup.AddedBy(node).Where(r => !r.Dead && IsInMain(r) && _known.IsCalicoClusterRoute(r));
            foreach (var route in added.Concat(own.Where(r => KernelGroup.Has(node, r))))
            {
                foreach (var podCidr in _known.PodCidrs.Overlapping(route.Destination))
                {
                    if (Judge(node, route, podCidr) is { } conflict)
                    {
                        conflicts.Add(node.Node, conflict);
                    }
                }
            }
        }

        foreach (var (route, podCidr) in _calico.OverlapsWith(_known.PodCidrs))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (route.Value.Type != RouteType.Blackhole && Judge(null, route.Value, podCidr) is { } conflict)
            {
                conflicts.Add(_group, apart.GetValueOrDefault(route.Value, []), conflict);
            }
        }
    }

    /// <summary>The shared routes that are told in other words of a kernel than of others: what shares addresses with its PodCIDRs, leads to
    /// its blocks, is a blackhole, or lies where the kernel's own routes change the answer.</summary>
    private void CollectOfItsOwn(NodeRoutes node, HashSet<Route> found, List<Route> inOrder)
    {
        foreach (var podCidr in _known.PodCidrsOf(node.Node))
        {
            Add(podCidr, 0, Longest);
        }

        foreach (var block in _known.BlocksOf(node.Node))
        {
            Add(block, block.PrefixLength, block.PrefixLength);
        }

        inOrder.AddRange(_blackholes.Where(found.Add));
        foreach (var route in KernelGroup.AddedBy(node).Concat(node.Difference?.Removed ?? []))
        {
            if (route.Destination.PrefixLength > 0 && IsInMain(route))
            {
                Add(route.Destination, 0, KnownRanges.Exact(_known.PodCidrs, route.Destination) is null ? route.Destination.PrefixLength : Longest);
            }
        }

        void Add(Cidr range, int shortest, int longest)
        {
            foreach (var (cidr, route) in _calico.Overlapping(range))
            {
                if (cidr.PrefixLength >= shortest && cidr.PrefixLength <= longest && found.Add(route))
                {
                    inOrder.Add(route);
                }
            }
        }
    }

    private RouteConflict? Judge(NodeRoutes? node, Route route, CidrEntry<string?> podCidr)
    {
        var length = route.Destination.PrefixLength.CompareTo(podCidr.Cidr.PrefixLength);
        return length == 0 && !_known.IsBlock(route.Destination) ? LearnedByBird(route, podCidr)
            : length > 0 ? Longer(node, route, podCidr)
            : length == 0 ? Equal(node, route, podCidr)
            : Shorter(node, route, podCidr);
    }

    private static bool IsInMain(Route route) => NodeRoutes.Canonical(route.Table) == RouteFormat.MainTable;

    private bool IsUntunnelled(Route route) => _known.IsAntrea(route) && !KnownRanges.IsByGateway(route);

    private bool IsTunnelled(NodeRoutes? node, Cidr podCidr) =>
        node is null
            ? !_untunnelled.Contains(podCidr)
            : !(_untunnelled[podCidr].Any(r => KernelGroup.Has(node, r))
                || KernelGroup.AddedBy(node).Any(r => r.Destination == podCidr && IsInMain(r) && IsUntunnelled(r)));

    /// <summary>Whether it is this kernel's Node; of none in particular it is not.</summary>
    private static bool Is(NodeRoutes? node, string? name) => node is not null && node.Node == name;

    private string? OwnerOf(Cidr block) => KnownRanges.Exact(_known.Blocks, block)?.Value;

    private RouteConflict Longer(NodeRoutes? node, Route route, CidrEntry<string?> podCidr)
    {
        var (block, y) = (route.Destination, OverlapTexts.Of(podCidr.Value));
        var isOwn = Is(node, podCidr.Value);
        if (route.Type == RouteType.Blackhole)
        {
            return Conflict(
                "blackhole-inside-pod-cidr",
                Severity.Blocker,
                route,
                $"the blackhole of {node?.Node}'s own block {block} lies in {podCidr.Cidr}, the PodCIDR of {(isOwn ? "the same Node" : y)}, and is longer",
                isOwn
                    ? $"kubelet of {node?.Node} and every other host cannot reach Antrea Pods of this Node with an address in {block}: they never become Ready"
                    : $"what {node?.Node} and, through it, others send to Antrea Pods of {y} with an address in {block} ends in it",
                OverlapTexts.Remedy(block));
        }

        var ovs = IsTunnelled(node, podCidr.Cidr)
            ? $"Antrea interfaces on every Node lose Calico Pods in {block}, as OVS knows only {podCidr.Cidr} and tunnels them to {y}, whose OVS drops them"
            : $"Antrea interfaces reach Calico Pods in {block} by the host's longer route, except on {y}, where they are on the link";
        return Conflict(
            "calico-route-inside-pod-cidr",
            Severity.Blocker,
            route,
            $"Calico's route {block} (block of {OverlapTexts.Of(OwnerOf(block))}) is longer than Antrea's {podCidr.Cidr} of {(isOwn ? "the same Node" : y)}, and wins",
            isOwn
                ? $"kubelet of {node?.Node} cannot reach its own Antrea Pods with an address in {block}, so they never become Ready; {ovs}"
                : $"the host and the Calico Pods cannot reach Antrea Pods of {y} with an address in {block}; {ovs}; Calico to Calico works on",
            OverlapTexts.Remedy(block));
    }

    private RouteConflict Equal(NodeRoutes? node, Route route, CidrEntry<string?> podCidr)
    {
        var now = (node ?? _group.Shared).Table(RouteFormat.MainTable)!.Lookup(podCidr.Cidr.AddressAt(podCidr.Cidr.AddressCount > 1 ? 1 : 0u));
        var isBlackhole = route.Type == RouteType.Blackhole;
        return Conflict(
            "calico-route-equals-pod-cidr",
            Severity.Blocker,
            route,
            $"Calico's block {route.Destination} of {OverlapTexts.Of(OwnerOf(route.Destination))} and the PodCIDR of {OverlapTexts.Of(podCidr.Value)} are "
            + $"the same prefix, and the kernel keeps one route of a prefix and metric{(now is null ? "" : $" (now that of {(_known.IsAntrea(now) ? "Antrea" : "Calico")})")}",
            isBlackhole && Is(node, podCidr.Value)
                ? "the blackhole wins over the connected route of antrea-gw0, so no host reaches this Node's Antrea Pods"
                : "the last one to write has it, Antrea every 60 s, felix when it resyncs, BIRD never once it is taken: either Calico Pods or Antrea "
                + "Pods of the range are cut off, in turns",
            OverlapTexts.Remedy(route.Destination));
    }

    private RouteConflict? Shorter(NodeRoutes? node, Route route, CidrEntry<string?> podCidr)
    {
        var owner = OwnerOf(route.Destination);
        if (route.Type == RouteType.Blackhole || Is(node, owner))
        {
            return Conflict(
                "blackhole-around-pod-cidr",
                Severity.Info,
                route,
                $"the blackhole of {node?.Node}'s own block {route.Destination} lies around {podCidr.Cidr} of {OverlapTexts.Of(podCidr.Value)}, which is longer and wins",
                "nobody by this route",
                "None");
        }

        if (owner is not null && owner == podCidr.Value && !IsTunnelled(node, podCidr.Cidr))
        {
            return null; // Both lead to the same Node.
        }

        return Conflict(
            "pod-cidr-inside-calico-route",
            Severity.Blocker,
            route,
            $"Antrea's {podCidr.Cidr} of {OverlapTexts.Of(podCidr.Value)} is longer than Calico's route {route.Destination} (block of {OverlapTexts.Of(owner)}), and wins",
            $"Calico Pods of {OverlapTexts.Of(owner)} with an address in {podCidr.Cidr} are cut off even from Calico Pods and hosts of other Nodes: "
            + $"the packets go to {OverlapTexts.Of(podCidr.Value)}, where no Antrea Pod has the address",
            OverlapTexts.Remedy(route.Destination));
    }

    private static RouteConflict LearnedByBird(Route route, CidrEntry<string?> podCidr) => Conflict(
        "bird-learned-pod-cidr",
        Severity.Warning,
        route,
        $"BIRD has a route to {podCidr.Cidr}, the PodCIDR of {OverlapTexts.Of(podCidr.Value)}, which is no block of Calico's: it learned it from antrea-gw0 there",
        $"until antrea-agent replaces it, what this Node sends to Antrea Pods of {OverlapTexts.Of(podCidr.Value)} goes by Calico's tunnel to that host, "
        + "past this Node's OVS, so that replies are invalid here",
        "Set disableBGPExport on the IPPool that covers the PodCIDRs, or move Calico to a pool outside them; then remove the route");

    private static RouteConflict Conflict(string id, Severity severity, Route route, string evidence, string dies, string remedy) =>
        new(id, severity, [], route.ToString(), evidence, dies, remedy);
}
