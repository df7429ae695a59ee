using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;
using Antrea.Migration.Tests.Reference.Addressing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>Longest-prefix look-ups of 65,536 scattered destinations in large tables, a look-up's share.</summary>
[MemoryDiagnoser]
public class RouteLookupBenchmarks
{
    private readonly Route?[] _found = new Route?[RouteInput.Destinations];
    private RouteTable _table = new([]);
    private PrefixesByLength<Route> _byHand = new([]);
    private IPAddress[] _destinations = [];

    public static IEnumerable<int> Sizes => Scale.Of(30_000, 1_000_000);

    [ParamsSource(nameof(Sizes))]
    public int Routes { get; set; }

    [Params("IPv4", "IPv6")]
    public string Family { get; set; } = "";

    [Params(true, false)]
    public bool Hit { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var input = RouteInput.Of(Routes, Family);
        _destinations = Hit ? input.Covered : input.Uncovered;
        _table = new RouteTable(input.Routes);
        _byHand = new PrefixesByLength<Route>(input.Routes.Select(r => (r.Destination, r)));
        if (Scale.IsFirst(this, $"{Routes} {Family} {Hit}"))
        {
            Agree(input);
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = RouteInput.Destinations)]
    public int DictionariesByHand()
    {
        var found = 0;
        foreach (var destination in _destinations)
        {
            found += _byHand.TryLookup(destination, 128, out _) ? 1 : 0;
        }

        return found;
    }

    [Benchmark(OperationsPerInvoke = RouteInput.Destinations)]
    public int OneByOne()
    {
        var found = 0;
        foreach (var destination in _destinations)
        {
            found += _table.Lookup(destination) is null ? 0 : 1;
        }

        return found;
    }

    /// <summary>A thousand of the destinations over and over: what they touch stays in the processor's caches.</summary>
    [Benchmark(OperationsPerInvoke = RouteInput.Destinations)]
    public int OneByOne_AThousandAgain()
    {
        var found = 0;
        for (var i = 0; i < _destinations.Length; i++)
        {
            found += _table.Lookup(_destinations[i % 1024]) is null ? 0 : 1;
        }

        return found;
    }

    [Benchmark(OperationsPerInvoke = RouteInput.Destinations)]
    public Route? AllAtOnce()
    {
        _table.Lookup(_destinations, _found);
        return _found[0];
    }

    private void Agree(RouteInput input)
    {
        _table.Lookup(_destinations, _found);
        var linear = new LinearRouteTable(input.Routes);
        for (var i = 0; i < _destinations.Length; i++)
        {
            var destination = _destinations[i];
            _byHand.TryLookup(destination, 128, out var expected);
            if (!ReferenceEquals(_found[i], expected)
                || !ReferenceEquals(_table.Lookup(destination), expected)
                || (i % 16384 == 0 && !ReferenceEquals(linear.Lookup(destination), expected))
                || expected is null == Hit)
            {
                throw new InvalidOperationException($"The tables disagree on {destination}.");
            }
        }
    }
}
