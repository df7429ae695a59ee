using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.Reference.Addressing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>The overlaps of <see cref="CidrOverlapBenchmarks"/> at sizes where comparing every pair comes to an
/// end.</summary>
[MemoryDiagnoser]
public class CidrPairwiseBenchmarks
{
    private CidrEntry<int>[] _podCidrs = [];
    private CidrEntry<int>[] _blocks = [];
    private IPNetwork2[] _ipNetworkPodCidrs = [];
    private IPNetwork2[] _ipNetworkBlocks = [];

    public static IEnumerable<string> Sizes => Scale.Of("100x500", "1000x5000");

    [ParamsSource(nameof(Sizes))]
    public string Size { get; set; } = "";

    [Params("IPv4", "IPv6")]
    public string Family { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var input = OverlapInput.Of(Size, Family, "random");
        _podCidrs = [.. input.PodCidrs.Select((c, i) => new CidrEntry<int>(c, i))];
        _blocks = [.. input.Blocks.Select((c, i) => new CidrEntry<int>(c, i))];
        _ipNetworkPodCidrs = [.. input.PodCidrs.Select(c => IPNetwork2.Parse(c.ToString()))];
        _ipNetworkBlocks = [.. input.Blocks.Select(c => IPNetwork2.Parse(c.ToString()))];
        if (!Scale.IsFirst(this, $"{Size} {Family}"))
        {
            return;
        }

        var slow = new LinearCidrTable<int>(_blocks).OverlapsWith(new LinearCidrTable<int>(_podCidrs));
        if (!new CidrTable<int>(_blocks).OverlapsWith(new CidrTable<int>(_podCidrs)).SequenceEqual(slow) || slow.Count == 0)
        {
            throw new InvalidOperationException("The sweep and the pairwise loop disagree, or there is nothing to find.");
        }

        if (IPNetwork2PairwiseLoop() != slow.Count)
        {
            throw new InvalidOperationException("IPNetwork2 and the pairwise loop disagree.");
        }
    }

    [Benchmark(Baseline = true)]
    public int PairwiseLoop() => new LinearCidrTable<int>(_blocks).OverlapsWith(new LinearCidrTable<int>(_podCidrs)).Count;

    [Benchmark]
    public int IPNetwork2PairwiseLoop()
    {
        var count = 0;
        foreach (var block in _ipNetworkBlocks)
        {
            foreach (var podCidr in _ipNetworkPodCidrs)
            {
                count += block.Overlap(podCidr) ? 1 : 0;
            }
        }

        return count;
    }

    [Benchmark]
    public int AllPairs() => new CidrTable<int>(_blocks).OverlapsWith(new CidrTable<int>(_podCidrs)).Count();
}
