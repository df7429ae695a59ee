using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Benchmarks;

/// <summary>A table's routes and destinations to look up in it. Fixed seed; made once a size and family.</summary>
/// <param name="Routes">Half PodCIDRs, a quarter blocks and a quarter single Pods within them, in no order; no default
/// route.</param>
/// <param name="Covered">Destinations that have a route, scattered over the whole table.</param>
/// <param name="Uncovered">Destinations that have none.</param>
internal sealed record RouteInput(Route[] Routes, IPAddress[] Covered, IPAddress[] Uncovered)
{
    /// <summary>How many destinations there are of each sort.</summary>
    public const int Destinations = 65536;

    private static readonly Dictionary<(int Routes, string Family), RouteInput> Made = [];

    /// <summary>An input.</summary>
    public static RouteInput Of(int routes, string family)
    {
        if (!Made.TryGetValue((routes, family), out var input))
        {
            Made[(routes, family)] = input = Make(routes, family == "IPv6");
        }

        return input;
    }

    private static RouteInput Make(int count, bool isIPv6)
    {
        var random = new Random(20231014);
        var cluster = Cidr.Parse(isIPv6 ? "fd00:10::/32" : "64.0.0.0/4");
        var apart = Cidr.Parse(isIPv6 ? "fd00:20::/32" : "172.16.0.0/12");
        var (node, block, host) = isIPv6 ? (64, 122, 128) : (24, 26, 32);
        var podCidrs = Enumerable.Range(0, count / 2).Select(i => cluster.Subnet(node, (UInt128)i)).ToArray();
        Cidr PodCidr() => podCidrs[random.Next(podCidrs.Length)];
        Cidr[] destinations =
        [
            .. podCidrs,
            .. Enumerable.Range(0, count / 4).Select(_ => PodCidr().Subnet(block, (UInt128)random.Next(4))),
            .. Enumerable.Range(0, count / 4).Select(_ => PodCidr().Subnet(host, (UInt128)random.Next(256))),
        ];
        random.Shuffle(destinations);
        return new RouteInput(
            [.. destinations.Select((c, i) => new Route { Destination = c, Device = $"d{i % 100}" })],
            [.. Enumerable.Range(0, Destinations).Select(_ => PodCidr().AddressAt((UInt128)random.Next(256)))],
            [.. Enumerable.Range(0, Destinations).Select(_ => apart.AddressAt((UInt128)random.Next(1 << 20)))]);
    }
}
