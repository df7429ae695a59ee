using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>Enumerates what Calico uses or reserves in a snapshot.</summary>
internal static class CalicoRangeList
{
    private const string PodIPAnnotation = "cni.projectcalico.org/podIP";
    private const string PodIPsAnnotation = "cni.projectcalico.org/podIPs";

    /// <summary>All ranges, each once, sorted by range, kind and owner (none first).</summary>
    public static ImmutableArray<CalicoRange> Of(ClusterSnapshot snapshot)
    {
        var ipam = snapshot.CalicoIpam;
        var ranges = new HashSet<CalicoRange>(ipam.Blocks.Select(b => new CalicoRange(b.Cidr, b.Node, CalicoRangeKind.Block)));

        var withBlock = ipam.Blocks.Select(b => b.Cidr).ToHashSet();
        ranges.UnionWith(ipam.Affinities
            .Where(a => !withBlock.Contains(a.Cidr))
            .Select(a => new CalicoRange(a.Cidr, a.Node, CalicoRangeKind.PendingAffinity)));

        ranges.UnionWith(ipam.Blocks.SelectMany(AwayFromBlock));

        var blocks = new CidrTable<IpamBlock>(ipam.Blocks.Select(b => new CidrEntry<IpamBlock>(b.Cidr, b)));
        foreach (var node in snapshot.Nodes)
        {
            ranges.UnionWith(node.CalicoTunnelAddresses
                .Where(a => !blocks.TryLookup(a, out var block) || block.Value.Node != node.Name)
                .Select(a => new CalicoRange(Cidr.Host(a), node.Name, CalicoRangeKind.TunnelAddress)));
        }

        var podCidrs = snapshot.Nodes
            .DistinctBy(n => n.Name)
            .ToDictionary(n => n.Name, n => n.PodCidrs, StringComparer.Ordinal);
        foreach (var pod in snapshot.Pods.Where(p => p is { HostNetwork: false, HasEnded: false, NodeName.Length: > 0 }))
        {
            ranges.UnionWith(pod.PodIPs
                .Where(a => !blocks.TryLookup(a, out _) && IsCalicoAddress(pod, a, podCidrs.GetValueOrDefault(pod.NodeName, [])))
                .Select(a => new CalicoRange(Cidr.Host(a), pod.NodeName, CalicoRangeKind.PodAddress)));
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

    /// <summary>An address in no block is Calico's if Calico's plugin noted it on the Pod, or if Antrea cannot have
    /// given it.</summary>
    private static bool IsCalicoAddress(PodInfo pod, IPAddress address, ImmutableArray<Cidr> podCidrsOfNode) =>
        NotedByCalico(pod, address) || !podCidrsOfNode.Any(p => p.Contains(address));

    private static bool NotedByCalico(PodInfo pod, IPAddress address)
    {
        var noted = $"{pod.Annotations.GetValueOrDefault(PodIPAnnotation)},{pod.Annotations.GetValueOrDefault(PodIPsAnnotation)}";
        return noted.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Any(text => Cidr.TryParse(text, out var cidr) && cidr == Cidr.Host(address));
    }
}
