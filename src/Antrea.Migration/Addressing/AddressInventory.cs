using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>Lists every range that a cluster uses or reserves, each with its use and owner.</summary>
internal static class AddressInventory
{
    /// <summary>All ranges, each once, sorted by range, use and owner (none first).</summary>
    public static ImmutableArray<AddressRange> Of(
        ClusterSnapshot snapshot, ImmutableArray<CalicoRange> calico, ImmutableArray<Cidr> externalRoutes)
    {
        IEnumerable<AddressRange> all =
        [
            .. snapshot.CalicoIpam.Pools.Select(p => new AddressRange(p.Cidr, AddressUse.Pool, p.Name)),
            .. calico.Select(r => new AddressRange(r.Cidr, UseOf(r.Kind), r.Owner)),
            .. snapshot.Nodes.SelectMany(OfNode),
            .. snapshot.ClusterCidrs.Select(c => new AddressRange(c, AddressUse.ClusterCidr, null)),
            .. snapshot.ServiceCidrs.Select(c => new AddressRange(c, AddressUse.ServiceCidr, null)),
            .. ServiceAddresses(snapshot),

            // A default route says where the rest goes, not that somebody has those addresses.
            .. externalRoutes.Where(c => c.PrefixLength > 0).Select(c => new AddressRange(c, AddressUse.External, null)),
        ];
        return
        [
            .. all.Distinct().OrderBy(r => r.Cidr).ThenBy(r => r.Use).ThenBy(r => r.Owner, StringComparer.Ordinal),
        ];
    }

    /// <summary>The use of a range of Calico's.</summary>
    public static AddressUse UseOf(CalicoRangeKind kind) => kind switch
    {
        CalicoRangeKind.Block => AddressUse.Block,
        CalicoRangeKind.PendingAffinity => AddressUse.PendingAffinity,
        CalicoRangeKind.BorrowedAddress => AddressUse.BorrowedAddress,
        CalicoRangeKind.TunnelAddress => AddressUse.TunnelAddress,
        _ => AddressUse.PodAddress,
    };

    private static IEnumerable<AddressRange> OfNode(NodeInfo node) =>
    [
        .. node.PodCidrs.Select(c => new AddressRange(c, AddressUse.PodCidr, node.Name)),
        .. node.InternalIPs.Select(a => new AddressRange(Cidr.Host(a), AddressUse.NodeAddress, node.Name)),
        .. node.Networks.Select(c => new AddressRange(c, AddressUse.NodeNetwork, node.Name)),
    ];

    private static IEnumerable<AddressRange> ServiceAddresses(ClusterSnapshot snapshot)
    {
        foreach (var service in snapshot.OfKind("", "Service"))
        {
            var texts = service.Json.TextsAt("spec", "externalIPs")
                .Concat(service.Json.ItemsAt("status", "loadBalancer", "ingress").Select(i => i.TextAt("ip")).OfType<string>());
            foreach (var text in texts)
            {
                if (Cidr.TryParse($"{text}/{(text.Contains(':', StringComparison.Ordinal) ? 128 : 32)}", out var address))
                {
                    yield return new AddressRange(address, AddressUse.External, service.ToString());
                }
            }
        }
    }
}
