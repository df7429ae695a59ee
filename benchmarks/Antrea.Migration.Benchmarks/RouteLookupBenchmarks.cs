using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;
using Antrea.Migration.Tests.Reference.Addressing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>One longest-prefix look-up in a Node's table: PodCIDRs, blocks within them and single Pods, no default
/// route.</summary>
/// <remarks>A hit finds a block or a Pod's own route; a miss finds nothing. Fixed seed; a thousand destinations an
/// invocation.</remarks>
[MemoryDiagnoser]
public class RouteLookupBenchmarks
{
    private const int Destinations = 1000;

    private RouteTable _table = new([]);
    private LinearRouteTable _linear = new([]);
    private (IPNetwork2 Network, Route Route)[] _ipNetwork = [];
    private IPAddress[] _destinations = [];

    [Params(100, 1000, 10000)]
    public int Routes { get; set; }

    [Params("IPv4", "IPv6")]
    public string Family { get; set; } = "IPv4";

    [Params(true, false)]
    public bool Hit { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(20231014);
        var isIPv6 = Family == "IPv6";
        var cluster = Cidr.Parse(isIPv6 ? "fd00:10::/48" : "10.0.0.0/8");
        var (node, block, host) = isIPv6 ? (64, 122, 128) : (24, 26, 32);

        // Half the routes are PodCIDRs; a quarter are blocks and a quarter single Pods, within PodCIDRs that exist.
        var podCidrs = Enumerable.Range(0, Routes / 2).Select(i => cluster.Subnet(node, (UInt128)i)).ToArray();
        Cidr Within(int length) => podCidrs[random.Next(podCidrs.Length)].Subnet(length, (UInt128)random.Next(4));
        Route[] routes =
        [
            .. podCidrs.Concat(Enumerable.Range(0, Routes / 4).Select(_ => Within(block)))
                .Concat(Enumerable.Range(0, Routes / 4).Select(_ => Within(host)))
                .Select((c, i) => new Route { Destination = c, Device = $"d{i}" }),
        ];
        random.Shuffle(routes);
        var apart = Cidr.Parse(isIPv6 ? "fd00:20::/48" : "172.16.0.0/12");
        _destinations =
        [
            .. Enumerable.Range(0, Destinations).Select(_ => Hit
                ? routes[random.Next(routes.Length)].Destination.AddressAt(0)
                : apart.AddressAt((UInt128)random.Next(1 << 20))),
        ];
        _table = new RouteTable(routes);
        _linear = new LinearRouteTable(routes);
        _ipNetwork = [.. routes.Select(r => (IPNetwork2.Parse(r.Destination.ToString()), r))];
        foreach (var destination in _destinations)
        {
            var expected = _linear.Lookup(destination);
            if (_table.Lookup(destination) != expected || IPNetwork2Lookup(destination) != expected || expected is null == Hit)
            {
                throw new InvalidOperationException($"The tables disagree on {destination}.");
            }
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Destinations)]
    public int LinearScan() => _destinations.Count(d => _linear.Lookup(d) is not null);

    [Benchmark(OperationsPerInvoke = Destinations)]
    public int IPNetwork2LinearScan() => _destinations.Count(d => IPNetwork2Lookup(d) is not null);

    [Benchmark(OperationsPerInvoke = Destinations)]
    public int RouteTableLookup() => _destinations.Count(d => _table.Lookup(d) is not null);

    private Route? IPNetwork2Lookup(IPAddress destination)
    {
        Route? best = null;
        var length = -1;
        foreach (var (network, route) in _ipNetwork)
        {
            if (network.Cidr > length && network.Contains(destination))
            {
                (best, length) = (route, network.Cidr);
            }
        }

        return best;
    }
}
