using System.Net;
using System.Numerics;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Tests.Reference.Addressing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>All overlaps of Calico's blocks with the Nodes' PodCIDRs, tables built included: what <c>cidrs</c>
/// computes.</summary>
/// <remarks>Dual stack. Each Node has a /24 and a /64, and four blocks: two of a pool that covers the PodCIDRs, one of
/// a pool apart, and one of IPv6. Fixed seed.</remarks>
[MemoryDiagnoser]
public class CidrOverlapBenchmarks
{
    private CidrEntry<string>[] _podCidrs = [];
    private CidrEntry<string>[] _blocks = [];
    private (IPNetwork2 Network, string Node)[] _ipNetworkPodCidrs = [];
    private (IPNetwork2 Network, string Node)[] _ipNetworkBlocks = [];
    private ClusterSnapshot _snapshot = new();

    [Params(100, 1000, 5000)]
    public int Nodes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(20231014);
        var nodes = Enumerable.Range(0, Nodes).Select(i => $"node{i}").ToArray();

        // The smallest IPv4 range that holds a /24 a Node, so that a good part of the blocks hits a PodCIDR at any size.
        var clusterLength = 24 - BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Nodes));
        var cluster4 = Cidr.Parse($"10.0.0.0/{clusterLength}");
        var inCluster = 1 << (26 - clusterLength);
        var cluster6 = Cidr.Parse("fd00:10::/48");
        var apart = Cidr.Parse("172.16.0.0/12");
        _podCidrs =
        [
            .. nodes.Select((n, i) => new CidrEntry<string>(cluster4.Subnet(24, (UInt128)i), n)),
            .. nodes.Select((n, i) => new CidrEntry<string>(cluster6.Subnet(64, (UInt128)i), n)),
        ];
        _blocks =
        [
            .. nodes.SelectMany(n => (CidrEntry<string>[])
            [
                new(cluster4.Subnet(26, (UInt128)random.Next(inCluster)), n),
                new(cluster4.Subnet(26, (UInt128)random.Next(inCluster)), n),
                new(apart.Subnet(26, (UInt128)random.Next(1 << 14)), n),
                new(cluster6.Subnet(122, (UInt128)random.NextInt64(1L << 40) << 34), n),
            ]),
        ];
        _ipNetworkPodCidrs = [.. _podCidrs.Select(e => (IPNetwork2.Parse(e.Cidr.ToString()), e.Value))];
        _ipNetworkBlocks = [.. _blocks.Select(e => (IPNetwork2.Parse(e.Cidr.ToString()), e.Value))];
        _snapshot = new ClusterSnapshot
        {
            Nodes =
            [
                .. nodes.Select((n, i) => new NodeInfo { Name = n, PodCidrs = [_podCidrs[i].Cidr, _podCidrs[Nodes + i].Cidr] }),
            ],
            CalicoIpam = new CalicoIpam(
                [], [.. _blocks.Select(b => new IpamBlock { Name = b.Cidr.ToString(), Cidr = b.Cidr, Node = b.Value })], []),
        };
        Agree();
    }

    [Benchmark(Baseline = true)]
    public int PairwiseLoop() => new LinearCidrTable<string>(_blocks).OverlapsWith(new LinearCidrTable<string>(_podCidrs)).Count;

    [Benchmark]
    public int IPNetwork2PairwiseLoop()
    {
        var count = 0;
        foreach (var (block, _) in _ipNetworkBlocks)
        {
            foreach (var (podCidr, _) in _ipNetworkPodCidrs)
            {
                if (block.AddressFamily == podCidr.AddressFamily && block.Overlap(podCidr))
                {
                    count++;
                }
            }
        }

        return count;
    }

    [Benchmark]
    public int CidrTableSweep() => new CidrTable<string>(_blocks).OverlapsWith(new CidrTable<string>(_podCidrs)).Count();

    [Benchmark]
    public int WholeAnalysis() => AddressAnalyzer.Analyze(_snapshot).Overlaps.Length;

    private void Agree()
    {
        var slow = new LinearCidrTable<string>(_blocks).OverlapsWith(new LinearCidrTable<string>(_podCidrs));
        var fast = new CidrTable<string>(_blocks).OverlapsWith(new CidrTable<string>(_podCidrs));
        if (!fast.SequenceEqual(slow) || slow.Count == 0)
        {
            throw new InvalidOperationException("The sweep and the pairwise loop disagree, or there is nothing to find.");
        }

        // A thousand Nodes are enough to hold the rival to the same answer; at 5000 that alone would take longer than the run.
        if (Nodes <= 1000 && IPNetwork2PairwiseLoop() != slow.Count)
        {
            throw new InvalidOperationException("IPNetwork2 and the pairwise loop disagree.");
        }

        if (WholeAnalysis() != slow.Distinct().Count())
        {
            throw new InvalidOperationException("The analysis and the pairwise loop disagree.");
        }
    }
}
