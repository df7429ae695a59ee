using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Ranges of other Nodes that no route of this Node leads to. Nothing is called missing without the cluster's objects.</summary>
internal sealed class MissingRoutes
{
    private readonly bool _isIPv6;
    private readonly KernelGroup _group;
    private readonly KnownRanges _known;
    private readonly CidrTable<Wanted> _wanted;
    private readonly ILookup<string, Wanted> _wantedOf;
    private readonly List<Route> _calico;
    private readonly List<Route> _antrea;

    // Used for one Node after the other.
    private readonly HashSet<Wanted> _ofItsOwn = [];

    /// <param name="group">The kernels.</param>
    /// <param name="known">Whose the ranges are.</param>
    /// <param name="main">The shared routes of the main table.</param>
    /// <param name="isIPv6">The family that is looked at: of which a table has nothing, nothing is missing from it, as <c>ip route</c> prints
    /// one family only.</param>
    public MissingRoutes(KernelGroup group, KnownRanges known, IReadOnlyCollection<Route> main, bool isIPv6)
    {
        (_group, _known, _isIPv6) = (group, known, isIPv6);
        List<Wanted> wanted =
        [
            .. known.HasCluster ? known.Blocks.Entries.Where(b => b.Value is not null && known.NodeNames.Contains(b.Value)).Select(b => new Wanted(b.Cidr, b.Value, isBlock: true)) : [],
            .. known.HasCluster ? known.PodCidrs.Entries.Where(p => p.Cidr.AddressCount > 1).Select(p => new Wanted(p.Cidr, p.Value, isBlock: false)) : [],
        ];
        wanted.RemoveAll(w => w.Range.IsIPv6 != isIPv6);
        _wanted = new(wanted.Select(w => new CidrEntry<Wanted>(Cidr.Host(w.Asked), w)));
        _wantedOf = wanted.Where(w => w.Owner is not null).ToLookup(w => w.Owner!, StringComparer.Ordinal);
        _calico = [.. main.Where(r => r.Destination.IsIPv6 == isIPv6 && known.IsCalicoClusterRoute(r))];
        _antrea = [.. main.Where(r => r.Destination.IsIPv6 == isIPv6 && KnownRanges.IsByGateway(r))];
    }

    /// <summary>A range that a route should lead to; there is one of each.</summary>
    private sealed class Wanted(Cidr range, string? owner, bool isBlock)
    {
        public Cidr Range { get; } = range;

        public string? Owner { get; } = owner;

        public bool IsBlock { get; } = isBlock;

        /// <summary>The address that is looked up.</summary>
        public IPAddress Asked { get; } = isBlock ? range.FirstAddress : range.AddressAt(1);

        /// <summary>Nearly as good as the object's own, and not made anew for each analysis.</summary>
        public override int GetHashCode() => Range.GetHashCode();
    }

    public void Find(RouteConflictList conflicts, CancellationToken cancellationToken)
    {
        if (_wanted.Count == 0)
        {
            return;
        }

        var apart = new Dictionary<Wanted, List<string>>();
        var withoutCalico = new List<string>();
        var withoutAntrea = new List<string>();
        foreach (var node in _group.Nodes)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // A Node without any route of a network's has not got that network (yet, or any more); that is not a gap.
            var hasCalico = HasAny(node, _calico, _known.IsCalicoClusterRoute);
            var hasAntrea = HasAny(node, _antrea, KnownRanges.IsByGateway);
            (hasCalico ? null : withoutCalico)?.Add(node.Node);
            (hasAntrea ? null : withoutAntrea)?.Add(node.Node);
            var table = node.Table(RouteFormat.MainTable);
            foreach (var wanted in OfItsOwn(node))
            {
                if (!apart.TryGetValue(wanted, out var names))
                {
                    apart.Add(wanted, names = []);
                }

                names.Add(node.Node);
                if ((wanted.IsBlock ? hasCalico && wanted.Owner != node.Node : hasAntrea) && table is not null && IsUncovered(table, wanted))
                {
                    conflicts.Add(node.Node, Conflict(node.Node, wanted));
                }
            }
        }

        // Without shared routes nothing is covered by them; who has none at all is left out below.
        var main = _group.Shared.Table(RouteFormat.MainTable);
        foreach (var (_, wanted) in _wanted.Entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var without = wanted.IsBlock ? withoutCalico : withoutAntrea;
            if (without.Count < _group.Nodes.Length && (main is null || IsUncovered(main, wanted)))
            {
                conflicts.Add(_group, apart.GetValueOrDefault(wanted, []).Concat(without), Conflict(null, wanted));
            }
        }
    }

    /// <summary>What is asked of a kernel by itself: its own Node's ranges, and what lies where its routes differ from the shared ones.</summary>
    private HashSet<Wanted> OfItsOwn(NodeRoutes node)
    {
        _ofItsOwn.Clear();
        foreach (var route in KernelGroup.AddedBy(node).Concat(node.Difference?.Removed ?? []))
        {
            if (route.Destination.IsIPv6 == _isIPv6 && route.Destination.PrefixLength > 0 && IsInMain(route))
            {
                foreach (var (_, wanted) in _wanted.Overlapping(route.Destination))
                {
                    _ofItsOwn.Add(wanted);
                }
            }
        }

        _ofItsOwn.UnionWith(_wantedOf[node.Node]);
        return _ofItsOwn;
    }

    private bool HasAny(NodeRoutes node, List<Route> shared, Func<Route, bool> isWanted) =>
        shared.Exists(r => KernelGroup.Has(node, r))
        || KernelGroup.AddedBy(node).Any(r => !r.Dead && r.Destination.IsIPv6 == _isIPv6 && IsInMain(r) && isWanted(r));

    private static bool IsInMain(Route route) => NodeRoutes.Canonical(route.Table) == RouteFormat.MainTable;

    private static RouteConflict Conflict(string? node, Wanted wanted)
    {
        var (range, owner) = (wanted.Range, OverlapTexts.Of(wanted.Owner));
        if (wanted.IsBlock)
        {
            return new RouteConflict(
                "missing-calico-route",
                Severity.Warning,
                [],
                "",
                $"no route leads to Calico's {range} of {owner}",
                $"the host and the Calico Pods cannot reach Calico Pods in {range}, unless the default gateway knows the way",
                "See whether calico-node runs on both Nodes and they are BGP peers ('calicoctl node status')");
        }

        var isOwn = node is not null && wanted.Owner == node;
        return new RouteConflict(
            "missing-pod-cidr-route",
            Severity.Warning,
            [],
            "",
            isOwn
                ? $"antrea-gw0 of {node} has no route to the Node's own PodCIDR {range}"
                : $"no route leads to {range}, the PodCIDR of {owner}",
            isOwn
                ? "kubelet cannot reach this Node's Antrea Pods, so they never become Ready"
                : $"the host and the Calico Pods cannot reach Antrea Pods of {owner}, unless the default gateway knows the way "
                + "(as it must in noEncap mode between subnets)",
            "See whether antrea-agent runs here and is connected ('kubectl get antreaagentinfos'); it writes its routes again every 60 s");
    }

    private static bool IsUncovered(RouteTable table, Wanted wanted) => table.Lookup(wanted.Asked) is null or { Destination.PrefixLength: 0 };
}
