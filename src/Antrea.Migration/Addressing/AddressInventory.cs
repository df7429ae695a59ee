using System.Collections.Immutable;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>Lists every range that a cluster uses or reserves, each with its use and owner.</summary>
internal static class AddressInventory
{
    /// <summary>The lists of a BGPConfiguration that name Service addresses (Calico v3.26 <c>api/pkg/apis/projectcalico/v3/bgpconfig.go</c>).</summary>
    private static readonly string[] AnnouncedLists = ["serviceClusterIPs", "serviceExternalIPs", "serviceLoadBalancerIPs"];

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
            .. Kept(snapshot),

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

    private static IEnumerable<AddressRange> ServiceAddresses(ClusterSnapshot snapshot) =>
        from service in snapshot.OfKind("", "Service")
        from text in service.Json.TextsAt("spec", "externalIPs")
            .Concat(service.Json.ItemsAt("status", "loadBalancer", "ingress").Select(i => i.TextAt("ip")).OfType<string>())
        from address in Ranges(text)
        select new AddressRange(address, AddressUse.External, service.ToString());

    private static IEnumerable<AddressRange> Kept(ClusterSnapshot snapshot)
    {
        var services = new CidrTable<Cidr>(snapshot.ServiceCidrs.Select(c => new CidrEntry<Cidr>(c, c)));
        return snapshot.Objects.SelectMany(o => KeptBy(o).SelectMany(Ranges).Where(r => !services.Overlaps(r)).Select(r => new AddressRange(r, AddressUse.Kept, o.ToString())));
    }

    private static IEnumerable<string> KeptBy(ClusterObject o) => (o.Group, o.Kind) switch
    {
        ("", "Service") => o.Json.TextsAt("spec", "clusterIPs").Append(o.Json.TextAt("spec", "clusterIP") ?? ""),
        ("", "Node") => o.Json.ItemsAt("status", "addresses").Where(a => a.TextAt("type") == "ExternalIP").Select(a => a.TextAt("address")).OfType<string>(),
        (CalicoIpamReader.RawGroup or CalicoIpamReader.ApiGroup, "IPReservation") => o.Json.TextsAt("spec", "reservedCIDRs"),
        (CalicoIpamReader.RawGroup or CalicoIpamReader.ApiGroup, "BGPConfiguration") => AnnouncedLists
            .SelectMany(list => o.Json.ItemsAt("spec", list)).Select(r => r.TextAt("cidr")).OfType<string>(),

        // Antrea v1.14 docs/egress.md and docs/antrea-ipam.md; MetalLB v0.13 api/v1beta1.
        ("crd.antrea.io", "ExternalIPPool" or "IPPool") => o.Json.ItemsAt("spec", "ipRanges")
            .Select(r => r.TextAt("cidr") ?? $"{r.TextAt("start")}-{r.TextAt("end")}"),
        ("metallb.io", "IPAddressPool" or "AddressPool") => o.Json.TextsAt("spec", "addresses"),
        _ => [],
    };

    /// <summary>The ranges that a text names: a CIDR, one address, or first and last address with a hyphen between; none where it names
    /// neither, as <c>None</c> of a headless Service.</summary>
    private static IEnumerable<Cidr> Ranges(string text)
    {
        if (Cidr.TryParseMasked(text, out var range, out _))
        {
            return [range];
        }

        if (TryAddress(text, out var address))
        {
            return [address];
        }

        return text.Split('-') is [var first, var last] && TryAddress(first.Trim(), out var from) && TryAddress(last.Trim(), out var to)
            && from.IsIPv6 == to.IsIPv6 && from <= to
            ? AddressRanges.Between(from.FirstAddress, to.FirstAddress).ToPrefixes()
            : [];
    }

    private static bool TryAddress(string text, out Cidr address) =>
        Cidr.TryParse($"{text}/{(text.Contains(':', StringComparison.Ordinal) ? 128 : 32)}", out address);
}
