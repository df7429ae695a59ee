using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Addressing;

/// <summary>Turns clashes of addresses into findings: one rule a method, all collected.</summary>
internal static partial class AddressFindings
{
    /// <summary>How many findings one rule gives; the clashes themselves are all in the analysis.</summary>
    internal const int MostOfAKind = 1000;

    public static ImmutableArray<Finding> Collect(
        ClusterSnapshot snapshot,
        ImmutableArray<CalicoRange> ranges,
        ImmutableArray<AddressClash> clashes,
        ImmutableArray<BlockOverlap> overlaps,
        bool truncated)
    {
        var between = clashes.ToLookup(c => (c.Left.Use, c.Right.Use));
        var gateways = overlaps.Where(CoversGateway).ToList();
        var holders = gateways.Count == 0 ? [] : snapshot.CalicoIpam.Blocks.DistinctBy(b => b.Cidr).ToDictionary(b => b.Cidr);
        IEnumerable<Finding> all =
        [
            .. overlaps.Take(MostOfAKind).Select(BlockOverlapsPodCidr),
            .. Rest(overlaps.Length, "block-overlaps-pod-cidr", "overlaps of Calico's ranges with PodCIDRs"),
            .. gateways.Take(MostOfAKind).Select(o => BlockCoversGateway(o, holders)),
            .. Rest(gateways.Count, "block-covers-antrea-gateway", "addresses of antrea-gw0 in Calico's ranges"),
            .. Truncated(truncated),
            .. NodesWithoutPodCidr(snapshot),
            .. between[(AddressUse.PodCidr, AddressUse.PodCidr)].Select(PodCidrsOverlap),
            .. between[(AddressUse.PodCidr, AddressUse.ServiceCidr)].Select(PodCidrOverlapsServices),
            .. Blocks(between, AddressUse.ServiceCidr).Select(BlockOverlapsServices),
            .. Nearest(Blocks(between, AddressUse.NodeAddress)).Select(BlockContainsNodeAddress),
            .. Nearest(between[(AddressUse.PodCidr, AddressUse.NodeAddress)]).Select(PodCidrContainsNodeAddress),
            .. PoolsContainNodeAddresses(snapshot, between[(AddressUse.Pool, AddressUse.NodeAddress)]),
            .. PoolsCoverPodCidrs(snapshot),
            .. PodAddressesOutsideBlocks(ranges),
            .. BesideThePods(between),
        ];
        return all.InOrder();
    }

    private static IEnumerable<Finding> Rest(int count, string id, string what)
    {
        if (count > MostOfAKind)
        {
            yield return new Finding(
                id, Severity.Blocker, "Cluster", $"There are {count} {what}; {MostOfAKind} of them are named one by one", "See the remedy of each");
        }
    }

    private static IEnumerable<Finding> Truncated(bool truncated)
    {
        if (truncated)
        {
            yield return new Finding(
                "too-many-clashes",
                Severity.Blocker,
                "Cluster",
                $"More than {AddressAnalyzer.MostClashes} pairs of ranges overlap, and the others are not listed; no cluster in use is like that",
                "Check that the Nodes, blocks and pools are all of one cluster, and that no PodCIDR is far too wide");
        }
    }

    private static IEnumerable<AddressClash> Blocks(ILookup<(AddressUse, AddressUse), AddressClash> between, AddressUse other) =>
        between[(AddressUse.Block, other)].Concat(between[(AddressUse.PendingAffinity, other)]);

    /// <summary>Of the ranges around one address the innermost, which comes last in their order.</summary>
    private static IEnumerable<AddressClash> Nearest(IEnumerable<AddressClash> clashes) =>
        clashes.GroupBy(c => c.Right).Select(g => g.MaxBy(c => c.Left.Cidr.PrefixLength)!);

    private static Finding BlockOverlapsPodCidr(BlockOverlap overlap)
    {
        var whose = overlap.Own ? "that Node's own PodCIDR" : $"the PodCIDR of Node {overlap.Node}";
        var effect = overlap.Relation switch
        {
            CidrRelation.Within => "Calico Pods in it cannot be reached from Antrea interfaces, and Antrea Pods with these addresses cannot be "
                + "reached from any Node",
            CidrRelation.Equal => "Calico Pods in it cannot be reached from Antrea interfaces, and of the two routes every Node has the one "
                + "written last",
            _ => "Calico Pods in it cannot be reached from Antrea interfaces, nor from any other Node or its Calico Pods, as Antrea's route is "
                + "the longer one",
        };
        return new Finding(
            "block-overlaps-pod-cidr",
            Severity.Blocker,
            SubjectOf(overlap.Block, overlap.Owner),
            $"{Describe(overlap)} overlaps {overlap.PodCidr}, {whose}: {effect}",
            "Move Calico to a new IPPool outside every PodCIDR and restart what has an address in the range, or "
                + "drain the owner and release the range before Antrea gives these addresses out");
    }

    // Antrea's antrea-gw0 takes the first host address of the PodCIDR (Antrea v1.14 pkg/agent/agent.go).
    private static bool CoversGateway(BlockOverlap overlap) =>
        overlap.PodCidr.AddressCount > 1 && overlap.Block.Contains(overlap.PodCidr.AddressAt(1));

    private static Finding BlockCoversGateway(BlockOverlap overlap, Dictionary<Cidr, IpamBlock> blocks)
    {
        var gateway = overlap.PodCidr.AddressAt(1);
        return new Finding(
            "block-covers-antrea-gateway",
            Severity.Blocker,
            $"Node/{overlap.Node}",
            $"{Describe(overlap)} holds {gateway}, which antrea-gw0 of Node {overlap.Node} will take; {HolderOf(overlap, gateway, blocks)}",
            "Move Calico to a new IPPool outside every PodCIDR, so that no Pod can have the gateway's address");
    }

    private static string HolderOf(BlockOverlap overlap, IPAddress gateway, Dictionary<Cidr, IpamBlock> blocks)
    {
        var allocation = overlap.Kind == CalicoRangeKind.Block && blocks.TryGetValue(overlap.Block, out var block)
            ? block.Allocations.FirstOrDefault(a => a.Address.Equals(gateway))
            : null;
        return allocation switch
        {
            { IsTunnel: true } => $"it is the tunnel address of Node {allocation.Node ?? "unknown"} now",
            { PodName: { } pod } => $"Pod {allocation.PodNamespace}/{pod} has it now",
            not null => "it is in use now",
            null when overlap.Kind is CalicoRangeKind.Block or CalicoRangeKind.PendingAffinity => "no Pod has it yet",
            null => "it is in use now",
        };
    }

    private static IEnumerable<Finding> NodesWithoutPodCidr(ClusterSnapshot snapshot) =>
        snapshot.Nodes.Where(n => n.PodCidrs.IsEmpty).Select(n => new Finding(
            "node-without-pod-cidr",
            Severity.Blocker,
            $"Node/{n.Name}",
            $"Node {n.Name} has neither spec.podCIDR nor spec.podCIDRs; Antrea's agent does not start without one",
            "Let kube-controller-manager allocate PodCIDRs (--allocate-node-cidrs, --cluster-cidr), or set "
                + "spec.podCIDR by hand"));

    private static Finding PodCidrsOverlap(AddressClash clash) => new(
        "pod-cidrs-overlap",
        Severity.Blocker,
        $"Node/{clash.Left.Owner}",
        $"{clash.Left.Cidr} of Node {clash.Left.Owner} {(clash.Relation == CidrRelation.Equal ? "is also" : "lies in")} "
        + $"{clash.Right.Cidr} of Node {clash.Right.Owner}; two Nodes would give out the same addresses",
        "Give every Node a PodCIDR of its own before anything else; no cluster works like this");

    private static Finding PodCidrOverlapsServices(AddressClash clash) => new(
        "pod-cidr-overlaps-service-cidr",
        Severity.Blocker,
        $"Node/{clash.Left.Owner}",
        $"{clash.Left.Cidr}, the PodCIDR of Node {clash.Left.Owner}, overlaps the Service CIDR {clash.Right.Cidr}; "
        + "packets to such a Pod can be taken for a Service's",
        "Give the Node a PodCIDR outside the Service CIDR");

    private static Finding BlockOverlapsServices(AddressClash clash) => new(
        "block-overlaps-service-cidr",
        Severity.Warning,
        SubjectOf(clash.Left.Cidr, clash.Left.Owner),
        $"Calico's {clash.Left.Cidr}{OwnedBy(clash.Left.Owner)} overlaps the Service CIDR {clash.Right.Cidr}; "
        + "Pods in it can be shadowed by Services already today",
        "Move Calico to an IPPool outside the Service CIDR");

    private static Finding BlockContainsNodeAddress(AddressClash clash) => new(
        "block-contains-node-address",
        Severity.Warning,
        $"Node/{clash.Right.Owner}",
        $"InternalIP {clash.Right.Cidr.FirstAddress} of Node {clash.Right.Owner} lies in Calico's {clash.Left.Cidr}{OwnedBy(clash.Left.Owner)}; "
        + "Nodes route it as a Pod's address",
        "Move Calico to an IPPool outside the Nodes' networks");

    private static Finding PodCidrContainsNodeAddress(AddressClash clash) => new(
        "pod-cidr-contains-node-address",
        Severity.Blocker,
        $"Node/{clash.Right.Owner}",
        $"InternalIP {clash.Right.Cidr.FirstAddress} of Node {clash.Right.Owner} lies in {clash.Left.Cidr}, the PodCIDR of Node {clash.Left.Owner}; Antrea "
        + "would route it to antrea-gw0 and cut the Node off",
        "Choose a cluster CIDR outside the Nodes' networks");

    private static IEnumerable<Finding> PoolsContainNodeAddresses(ClusterSnapshot snapshot, IEnumerable<AddressClash> clashes) =>
        from clash in clashes
        group clash.Right.Owner! by clash.Left into nodes
        let inside = nodes.Distinct().Order(StringComparer.Ordinal).ToList()
        select new Finding(
            "pool-contains-node-address",
            Severity.Warning,
            $"IPPool/{nodes.Key.Owner}",
            $"{nodes.Key.Cidr} contains the InternalIP of {inside.Count} of {snapshot.Nodes.Length} Nodes, "
            + $"{inside[0]} among them; what Pods send to these is not masqueraded",
            "Move Calico to an IPPool outside the Nodes' networks");

    // Felix masquerades what leaves a natOutgoing pool for an address in no pool at all, disabled pools counted
    // (Calico v3.26 felix/rules/nat.go).
    private static IEnumerable<Finding> PoolsCoverPodCidrs(ClusterSnapshot snapshot)
    {
        var podCidrs = new CidrTable<string>(snapshot.Nodes.SelectMany(n => n.PodCidrs.Select(p => new CidrEntry<string>(p, n.Name))));
        foreach (var pool in snapshot.CalicoIpam.Pools)
        {
            var nodes = podCidrs.Overlapping(pool.Cidr).Select(e => e.Value).Distinct(StringComparer.Ordinal).Count();
            if (nodes > 0)
            {
                yield return new Finding(
                    "pool-covers-pod-cidr",
                    Severity.Info,
                    $"IPPool/{pool.Name}",
                    $"{pool.Cidr}{(pool.Disabled ? " (disabled, which changes nothing here)" : "")} reaches into the PodCIDRs of {nodes} of "
                    + $"{snapshot.Nodes.Length} Nodes, so natOutgoing does not masquerade what Calico Pods send "
                    + "there: a plain Calico Pod cannot open a connection to an Antrea Pod on another Node",
                    "None if every Pod passes through Multus; else move Calico to an IPPool outside every PodCIDR "
                        + "with natOutgoing on, and delete this one, as a disabled pool still counts");
            }
        }
    }

    private static IEnumerable<Finding> PodAddressesOutsideBlocks(ImmutableArray<CalicoRange> ranges) =>
        ranges.Where(r => r.Kind == CalicoRangeKind.PodAddress).Select(r => new Finding(
            "pod-address-outside-blocks",
            Severity.Warning,
            $"Node/{r.Owner}",
            $"A Pod on Node {r.Owner} has {r.Cidr}, which lies in no IPAM block and was not given by Antrea",
            "Check that the snapshot holds all IPAMBlocks, and whether the Pod's address was set without Calico IPAM"));

    private static string Describe(BlockOverlap overlap)
    {
        var what = overlap.Kind switch
        {
            CalicoRangeKind.Block => "block",
            CalicoRangeKind.PendingAffinity => "reserved block",
            CalicoRangeKind.BorrowedAddress => "borrowed address",
            CalicoRangeKind.TunnelAddress => "tunnel address",
            _ => "Pod address",
        };
        return $"Calico's {what} {overlap.Block}{OwnedBy(overlap.Owner)}";
    }

    private static string OwnedBy(string? owner) => owner is null ? " (of no Node)" : $" (of Node {owner})";

    // Calico names a block's object by its CIDR with these three characters replaced.
    private static string SubjectOf(Cidr range, string? owner) => owner is not null
        ? $"Node/{owner}"
        : $"IPAMBlock/{range.ToString().Replace('.', '-').Replace(':', '-').Replace('/', '-')}";
}
