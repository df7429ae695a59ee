using System.Net;
using Antrea.Migration.Routing;
using Antrea.Migration.Tests.Reference.Addressing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>The look-ups of <see cref="RouteLookupBenchmarks"/> by comparing with every route: a few destinations, as each
/// takes its time.</summary>
[MemoryDiagnoser]
public class RouteScanBenchmarks
{
    private const int Destinations = 16;

    private RouteTable _table = new([]);
    private LinearRouteTable _linear = new([]);
    private (IPNetwork2 Network, Route Route)[] _ipNetwork = [];
    private IPAddress[] _destinations = [];

    public static IEnumerable<int> Sizes => Scale.Of(1000, 30_000);

    [ParamsSource(nameof(Sizes))]
    public int Routes { get; set; }

    [Params("IPv4", "IPv6")]
    public string Family { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var input = RouteInput.Of(Routes, Family);
        _destinations = [.. input.Covered.Take(Destinations / 2), .. input.Uncovered.Take(Destinations / 2)];
        _table = new RouteTable(input.Routes);
        _linear = new LinearRouteTable(input.Routes);
        _ipNetwork = [.. input.Routes.Select(r => (IPNetwork2.Parse(r.Destination.ToString()), r))];
        foreach (var destination in _destinations)
        {
            var expected = _linear.Lookup(destination);
            if (_table.Lookup(destination) != expected || IPNetwork2Lookup(destination) != expected)
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
