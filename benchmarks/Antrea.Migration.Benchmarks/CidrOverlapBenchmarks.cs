using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.Reference.Addressing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>Overlaps of Calico's blocks with the Nodes' PodCIDRs, from lists in no order: tables are built within the
/// measurement.</summary>
[MemoryDiagnoser]
public class CidrOverlapBenchmarks
{
    private CidrEntry<int>[] _podCidrs = [];
    private CidrEntry<int>[] _blocks = [];
    private OverlapInput _input = new([], []);

    public static IEnumerable<string> Sizes => Scale.Of("5000x25000", "100000x500000");

    [ParamsSource(nameof(Sizes))]
    public string Size { get; set; } = "";

    [Params("IPv4", "IPv6")]
    public string Family { get; set; } = "";

    [Params("random", "nested")]
    public string Shape { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _input = OverlapInput.Of(Size, Family, Shape);
        _podCidrs = [.. _input.PodCidrs.Select((c, i) => new CidrEntry<int>(c, i))];
        _blocks = [.. _input.Blocks.Select((c, i) => new CidrEntry<int>(c, i))];
        if (Scale.IsFirst(this, $"{Size} {Family} {Shape}"))
        {
            Agree();
        }
    }

    [Benchmark(Baseline = true)]
    public int BlocksHit_ByHand() =>
        new PrefixesByLength<int>(_podCidrs.Select(e => (e.Cidr, e.Value))).CountOverlapping(_input.Blocks);

    [Benchmark]
    public int BlocksHit()
    {
        var podCidrs = new CidrTable<int>(_podCidrs);
        var count = 0;
        foreach (var block in _input.Blocks)
        {
            count += podCidrs.Overlaps(block) ? 1 : 0;
        }

        return count;
    }

    [Benchmark]
    public long CountPairs() => new CidrTable<int>(_blocks).CountOverlaps(new CidrTable<int>(_podCidrs));

    [Benchmark]
    public int AllPairs() => new CidrTable<int>(_blocks).OverlapsWith(new CidrTable<int>(_podCidrs)).Count();

    /// <summary>All blocks against the answer by hand, some of them pair by pair against the twin, and all pairs counted
    /// against all pairs met.</summary>
    private void Agree()
    {
        var hit = BlocksHit();
        if (hit != BlocksHit_ByHand() || hit == 0 || hit == _blocks.Length)
        {
            throw new InvalidOperationException("The blocks hit differ from those found by hand, or are none or all.");
        }

        if (CountPairs() != AllPairs())
        {
            throw new InvalidOperationException("The pairs counted and the pairs met differ.");
        }

        CidrEntry<int>[] sample = [.. _blocks.Where((_, i) => i % 2503 == 0)];
        var slow = new LinearCidrTable<int>(sample).OverlapsWith(new LinearCidrTable<int>(_podCidrs));
        if (!new CidrTable<int>(sample).OverlapsWith(new CidrTable<int>(_podCidrs)).SequenceEqual(slow))
        {
            throw new InvalidOperationException("The sweep and the pairwise loop disagree.");
        }
    }
}
