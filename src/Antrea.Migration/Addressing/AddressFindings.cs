using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Addressing;

/// <summary>Turns clashes of addresses into findings: one rule a method, all collected.</summary>
internal static class AddressFindings
{
    public static ImmutableArray<Finding> Collect(
        ClusterSnapshot snapshot,
        ImmutableArray<CalicoRange> ranges,
        CidrTable<string> podCidrs,
        ImmutableArray<BlockOverlap> overlaps)
    {
        var blocks = new CidrTable<CalicoRange>(ranges
            .Where(r => r.Kind is CalicoRangeKind.Block or CalicoRangeKind.PendingAffinity)
            .Select(r => new CidrEntry<CalicoRange>(r.Cidr, r)));
        var services = new CidrTable<Cidr>(snapshot.ServiceCidrs.Select(s => new CidrEntry<Cidr>(s, s)));
        IEnumerable<Finding> all =
        [
            .. overlaps.Select(BlockOverlapsPodCidr),
            .. overlaps.Where(CoversGateway).Select(BlockCoversGateway),
            .. NodesWithoutPodCidr(snapshot),
            .. PodCidrsOverlap(podCidrs),
            .. PodCidrsOverlapServices(podCidrs, services),
            .. BlocksOverlapServices(blocks, services),
            .. NodeAddresses(snapshot, blocks, podCidrs),
            .. PoolsContainNodeAddresses(snapshot),
            .. PoolsCoverPodCidrs(snapshot, podCidrs),
            .. PodAddressesOutsideBlocks(ranges),
        ];
        return
        [
            .. all.OrderByDescending(f => f.Severity)
                .ThenBy(f => f.Id, StringComparer.Ordinal)
                .ThenBy(f => f.Subject, StringComparer.Ordinal)
                .ThenBy(f => f.Evidence, StringComparer.Ordinal),
        ];
    }

    private static Finding BlockOverlapsPodCidr(BlockOverlap overlap)
    {
        var whose = overlap.Own ? "that Node's own PodCIDR" : $"the PodCIDR of Node {overlap.Node}";
        return new Finding(
            "block-overlaps-pod-cidr",
            Severity.Blocker,
            SubjectOf(overlap.Block, overlap.Owner),
            $"{Describe(overlap)} overlaps {overlap.PodCidr}, {whose}: Calico Pods in it cannot be reached from "
            + "Antrea interfaces, and Antrea Pods with these addresses cannot be reached from any Node",
            "Move Calico to a new IPPool outside every PodCIDR and restart what has an address in the range, or "
                + "drain the owner and release the range before Antrea gives these addresses out");
    }

    // Antrea's antrea-gw0 takes the first host address of the PodCIDR (Antrea v1.14 pkg/agent/agent.go).
    private static bool CoversGateway(BlockOverlap overlap) =>
        overlap.PodCidr.AddressCount > 1 && overlap.Block.Contains(overlap.PodCidr.AddressAt(1));

    private static Finding BlockCoversGateway(BlockOverlap overlap) =>
        new(
            "block-covers-antrea-gateway",
            Severity.Blocker,
            $"Node/{overlap.Node}",
            $"{Describe(overlap)} holds {overlap.PodCidr.AddressAt(1)}, which antrea-gw0 of Node {overlap.Node} will take",
            "Move Calico to a new IPPool outside every PodCIDR, so that no Pod can have the gateway's address");

    private static IEnumerable<Finding> NodesWithoutPodCidr(ClusterSnapshot snapshot) =>
        snapshot.Nodes.Where(n => n.PodCidrs.IsEmpty).Select(n => new Finding(
            "node-without-pod-cidr",
            Severity.Blocker,
            $"Node/{n.Name}",
            $"Node {n.Name} has neither spec.podCIDR nor spec.podCIDRs; Antrea's agent does not start without one",
            "Let kube-controller-manager allocate PodCIDRs (--allocate-node-cidrs, --cluster-cidr), or set "
                + "spec.podCIDR by hand"));

    private static IEnumerable<Finding> PodCidrsOverlap(CidrTable<string> podCidrs) =>
        podCidrs.Nested().Select(pair => new Finding(
            "pod-cidrs-overlap",
            Severity.Blocker,
            $"Node/{pair.Inner.Value}",
            $"{pair.Inner.Cidr} of Node {pair.Inner.Value} {(pair.Inner.Cidr == pair.Outer.Cidr ? "is also" : "lies in")} "
            + $"{pair.Outer.Cidr} of Node {pair.Outer.Value}; two Nodes would give out the same addresses",
            "Give every Node a PodCIDR of its own before anything else; no cluster works like this"));

    private static IEnumerable<Finding> PodCidrsOverlapServices(CidrTable<string> podCidrs, CidrTable<Cidr> services) =>
        podCidrs.OverlapsWith(services).Select(pair => new Finding(
            "pod-cidr-overlaps-service-cidr",
            Severity.Blocker,
            $"Node/{pair.Left.Value}",
            $"{pair.Left.Cidr}, the PodCIDR of Node {pair.Left.Value}, overlaps the Service CIDR {pair.Right.Cidr}; "
            + "packets to such a Pod can be taken for a Service's",
            "Give the Node a PodCIDR outside the Service CIDR"));

    private static IEnumerable<Finding> BlocksOverlapServices(CidrTable<CalicoRange> blocks, CidrTable<Cidr> services) =>
        blocks.OverlapsWith(services).Select(pair => new Finding(
            "block-overlaps-service-cidr",
            Severity.Warning,
            SubjectOf(pair.Left.Cidr, pair.Left.Value.Owner),
            $"Calico's {pair.Left.Cidr}{OwnedBy(pair.Left.Value.Owner)} overlaps the Service CIDR {pair.Right.Cidr}; "
            + "Pods in it can be shadowed by Services already today",
            "Move Calico to an IPPool outside the Service CIDR"));

    private static IEnumerable<Finding> NodeAddresses(
        ClusterSnapshot snapshot, CidrTable<CalicoRange> blocks, CidrTable<string> podCidrs)
    {
        foreach (var (node, address) in snapshot.Nodes.SelectMany(n => n.InternalIPs.Select(a => (n.Name, a))))
        {
            if (blocks.TryLookup(address, out var block))
            {
                yield return new Finding(
                    "block-contains-node-address",
                    Severity.Warning,
                    $"Node/{node}",
                    $"InternalIP {address} of Node {node} lies in Calico's {block.Cidr}{OwnedBy(block.Value.Owner)}; "
                    + "Nodes route it as a Pod's address",
                    "Move Calico to an IPPool outside the Nodes' networks");
            }

            if (podCidrs.TryLookup(address, out var pod))
            {
                yield return new Finding(
                    "pod-cidr-contains-node-address",
                    Severity.Blocker,
                    $"Node/{node}",
                    $"InternalIP {address} of Node {node} lies in {pod.Cidr}, the PodCIDR of Node {pod.Value}; Antrea "
                    + "would route it to antrea-gw0 and cut the Node off",
                    "Choose a cluster CIDR outside the Nodes' networks");
            }
        }
    }

    private static IEnumerable<Finding> PoolsContainNodeAddresses(ClusterSnapshot snapshot)
    {
        foreach (var pool in snapshot.CalicoIpam.Pools)
        {
            var inside = snapshot.Nodes.Where(n => n.InternalIPs.Any(pool.Cidr.Contains)).ToList();
            if (inside.Count > 0)
            {
                yield return new Finding(
                    "pool-contains-node-address",
                    Severity.Warning,
                    $"IPPool/{pool.Name}",
                    $"{pool.Cidr} contains the InternalIP of {inside.Count} of {snapshot.Nodes.Length} Nodes, "
                    + $"{inside[0].Name} among them; what Pods send to these is not masqueraded",
                    "Move Calico to an IPPool outside the Nodes' networks");
            }
        }
    }

    // Felix masquerades what leaves a natOutgoing pool for an address in no pool at all, disabled pools counted
    // (Calico v3.26 felix/rules/nat.go).
    private static IEnumerable<Finding> PoolsCoverPodCidrs(ClusterSnapshot snapshot, CidrTable<string> podCidrs)
    {
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
