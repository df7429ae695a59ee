using Antrea.Migration.Routing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>What it takes to make a table ready for its first look-up. The run's log says what the table keeps.</summary>
[MemoryDiagnoser]
public class RouteTableBuildBenchmarks
{
    private RouteInput _input = new([], [], []);

    public static IEnumerable<int> Sizes => Scale.Of(30_000, 1_000_000);

    [ParamsSource(nameof(Sizes))]
    public int Routes { get; set; }

    [Params("IPv4", "IPv6")]
    public string Family { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _input = RouteInput.Of(Routes, Family);
        GC.KeepAlive(Build());
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var table = Build();
        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine($"// {Routes} {Family} routes: the table keeps {kept / (double)Routes:F1} bytes a route");
        if (table.Routes.Length != Routes)
        {
            throw new InvalidOperationException("Routes were lost.");
        }
    }

    [Benchmark]
    public RouteTable Build()
    {
        var table = new RouteTable(_input.Routes);
        table.Lookup(_input.Covered[0]);
        return table;
    }
}
