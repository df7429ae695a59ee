using System.Collections.Immutable;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>Enumerates what Calico uses or reserves in a snapshot.</summary>
internal static class CalicoRangeList
{
    /// <summary>All ranges, each once, sorted by range, kind and owner (none first).</summary>
    public static ImmutableArray<CalicoRange> Of(ClusterSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        var ipam = snapshot.CalicoIpam;
        var ranges = new HashSet<CalicoRange>(ipam.Blocks.Select(b => new CalicoRange(b.Cidr, b.Node, CalicoRangeKind.Block)));

        var withBlock = ipam.Blocks.Select(b => b.Cidr).ToHashSet();
        ranges.UnionWith(ipam.Affinities
            .Where(a => !withBlock.Contains(a.Cidr))
            .Select(a => new CalicoRange(a.Cidr, a.Node, CalicoRangeKind.PendingAffinity)));

        ranges.UnionWith(ipam.Blocks.SelectMany(AwayFromBlock));

        var given = new CalicoPodAddresses(snapshot);
        foreach (var node in snapshot.Nodes)
        {
            ranges.UnionWith(node.CalicoTunnelAddresses
                .Where(a => given.BlockOf(a)?.Node != node.Name)
                .Select(a => new CalicoRange(Cidr.Host(a), node.Name, CalicoRangeKind.TunnelAddress)));
        }

        foreach (var pod in snapshot.Pods.Where(CalicoPodAddresses.HasNetwork))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var address in pod.PodIPs)
            {
                if (given.BlockOf(address) is null && given.Gave(pod, address))
                {
                    ranges.Add(new CalicoRange(Cidr.Host(address), pod.NodeName, CalicoRangeKind.PodAddress));
                }
            }
        }

        return
        [
            .. ranges.OrderBy(r => r.Cidr).ThenBy(r => r.Kind).ThenBy(r => r.Owner, StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<CalicoRange> AwayFromBlock(IpamBlock block) =>
        block.Allocations
            .Where(a => a.Node is not null && a.Node != block.Node)
            .Select(a => new CalicoRange(
                Cidr.Host(a.Address), a.Node, a.IsTunnel ? CalicoRangeKind.TunnelAddress : CalicoRangeKind.BorrowedAddress));
}
