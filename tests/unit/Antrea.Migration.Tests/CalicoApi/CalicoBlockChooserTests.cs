using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;

namespace Antrea.Migration.Tests.CalicoApi;

/// <summary>The block choice against the seed's listings and blocks observed on real clusters (pool 10.10.0.0/16).</summary>
public sealed class CalicoBlockChooserTests
{
    private static readonly Cidr Pool = Cidr.Parse("10.10.0.0/16");

    [TestCase("test", "36.64 222.64 39.192 4.128 72.0 8.128 247.64 129.192 244.64 126.128 253.0 6.64 209.64 134.128 85.0 93.0 253.128 115.0 226.128 79.64 123.128")]
    [TestCase("kind", "82.0 162.128 110.128 195.192 218.192 59.128 254.192 0.64 218.64 225.0 245.128 20.192 98.192 78.128 145.192 87.128 157.64 245.0 20.128 53.0 142.0")]
    public void First_blocks_of_26_bits_are_those_of_the_real_clusters(string cluster, string thirdAndFourthOctets) =>
        Assert.That(
            NodeNames(cluster, 20).Select(n => CalicoBlockChooser.Candidates(Pool, 26, n).First().ToString()),
            Is.EqualTo(thirdAndFourthOctets.Split(' ').Select(o => $"10.10.{o}/26")));

    [TestCase("kind", "232 138 104 115 205 238 146 1 233 220 108 83 84 110 177 79 117 81 79 212 15")]
    [TestCase("test", "145 19 159 21 155 34 167 7 94 46 184 25 124 26 119 164 111 99 68 191 182")]
    public void First_blocks_of_24_bits_are_those_of_the_real_clusters(string cluster, string thirdOctets) =>
        Assert.That(
            NodeNames(cluster, 20).Select(n => CalicoBlockChooser.Candidates(Pool, 24, n).First().ToString()),
            Is.EqualTo(thirdOctets.Split(' ').Select(o => $"10.10.{o}.0/24")));

    [TestCase("test", 20, 3)]
    [TestCase("kind", 20, 3)]
    [TestCase("c2a6", 20, 0)]
    [TestCase("c2a4", 20, 1)]
    [TestCase("c2a0", 20, 2)]
    [TestCase("c2a1", 20, 3)]
    [TestCase("c2a2", 20, 4)]
    [TestCase("c2a9", 20, 5)]
    [TestCase("c2a0", 10, 0)]
    [TestCase("c2a1", 10, 1)]
    [TestCase("c2a22", 10, 2)]
    [TestCase("c2a3", 10, 3)]
    [TestCase("c2a0", 5, 0)]
    [TestCase("c2a2", 5, 1)]
    [TestCase("mig5", 5, 2)]
    [TestCase("c2a0", 3, 0)]
    [TestCase("c2a3", 3, 1)]
    public void Cluster_names_decide_how_many_Nodes_overlap(string cluster, int workers, int overlapping)
    {
        var podCidrs = Enumerable.Range(0, workers + 1).Select(i => Pool.Subnet(24, (UInt128)i)).ToList();

        var blocks = NodeNames(cluster, workers).Select(n => CalicoBlockChooser.Candidates(Pool, 26, n).First());

        Assert.That(blocks.Count(b => podCidrs.Any(p => p.Overlaps(b))), Is.EqualTo(overlapping));
    }

    [Test]
    public void Candidates_walk_the_pool_once_around()
    {
        var blocks = CalicoBlockChooser.Candidates(Cidr.Parse("10.10.0.0/24"), 26, "test-worker").ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(blocks, Is.Unique);
            Assert.That(blocks, Has.Count.EqualTo(4));
            Assert.That(blocks.Zip(blocks.Skip(1)), Has.All.Matches<(Cidr First, Cidr Second)>(
                p => p.Second == Cidr.Parse("10.10.0.0/24").Subnet(26, ((UInt128)p.First.FirstAddress.GetAddressBytes()[3] / 64 + 1) % 4)));
        }
    }

    [Test]
    public void A_pool_smaller_than_a_block_is_refused() =>
        Assert.That(
            () => CalicoBlockChooser.Candidates(Cidr.Parse("10.10.0.0/27"), 26, "test-worker"),
            Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static IEnumerable<string> NodeNames(string cluster, int workers) =>
        Enumerable.Range(0, workers + 1).Select(i => i switch
        {
            0 => $"{cluster}-control-plane",
            1 => $"{cluster}-worker",
            _ => $"{cluster}-worker{i}",
        });
}
