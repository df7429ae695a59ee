using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindAddressPlanTests
{
    private static readonly Cidr PodSubnet = Cidr.Parse("10.10.0.0/16");

    [Test]
    public void For_makes_as_many_overlaps_as_the_scenario_has(
        [Values] KindScenario scenario, [Values(1, 2, 3, 5, 20)] int workers)
    {
        if (scenario is KindScenario.SmallOverlap or KindScenario.OwnPodCidr or KindScenario.TunnelOnly && workers < 3)
        {
            Assert.That(
                () => KindAddressPlan.For(scenario, workers, PodSubnet, "rehearsal"),
                Throws.TypeOf<MigrationException>().With.Message.Contains("would be migrated as MostOverlap"));
            return;
        }

        var plan = KindAddressPlan.For(scenario, workers, PodSubnet, "rehearsal");

        var podCidrs = Enumerable.Range(0, workers + 1).Select(i => PodSubnet.Subnet(24, (ulong)i)).ToList();
        List<string> nodes = [$"{plan.ClusterName}-control-plane", $"{plan.ClusterName}-worker", .. Enumerable.Range(2, workers - 1).Select(i => $"{plan.ClusterName}-worker{i}")];
        var blocks = nodes.Select(n => CalicoBlockChooser.Candidates(plan.Pool, plan.BlockSize, n).First()).ToList();
        Assert.That(
            blocks.Count(b => podCidrs.Any(c => c.Overlaps(b))),
            Is.EqualTo(scenario switch { KindScenario.Simple or KindScenario.OwnPodCidr => 0, KindScenario.MostOverlap => workers + 1, _ => 1 }));
    }

    [Test]
    public void For_many_Nodes_whose_blocks_never_miss_all_PodCIDRs_the_pool_is_elsewhere() =>
        Assert.That(KindAddressPlan.For(KindScenario.Simple, 120, PodSubnet, "r"), Is.EqualTo(new KindAddressPlan("r", Cidr.Parse("10.244.0.0/16"), 26)));

    [Test]
    public void For_equal_blocks_has_a_block_that_is_a_PodCIDR() =>
        Assert.That(KindAddressPlan.For(KindScenario.EqualBlocks, 3, PodSubnet, "r").BlockSize, Is.EqualTo(24));

    [Test]
    public void For_a_tunnel_alone_the_block_in_a_PodCIDR_is_the_control_planes()
    {
        var plan = KindAddressPlan.For(KindScenario.TunnelOnly, 5, PodSubnet, "r");

        var block = CalicoBlockChooser.Candidates(plan.Pool, plan.BlockSize, $"{plan.ClusterName}-control-plane").First();
        Assert.That(Enumerable.Range(0, 6).Select(i => PodSubnet.Subnet(24, (ulong)i)), Has.Some.Matches<Cidr>(c => c.Contains(block)));
    }

    [Test]
    public void For_the_same_wish_is_the_same_name() =>
        Assert.That(
            KindAddressPlan.For(KindScenario.SmallOverlap, 20, PodSubnet, "r"),
            Is.EqualTo(KindAddressPlan.For(KindScenario.SmallOverlap, 20, PodSubnet, "r")));

    [TestCase("10.10.0.0/20", 16)]
    [TestCase("10.10.0.0/25", 1)]
    [TestCase("fd00::/48", 1)]
    public void For_a_network_without_room_says_so(string podSubnet, int workers) =>
        Assert.That(
            () => KindAddressPlan.For(KindScenario.Simple, workers, Cidr.Parse(podSubnet), "r"),
            Throws.TypeOf<MigrationException>().With.Message.Contains($"{podSubnet} has no room for {workers + 1} Nodes"));

    [TestCase(KindScenario.Simple, "10.244.0.0/20")]
    [TestCase(KindScenario.SmallOverlap, "10.10.0.0/20")]
    public void For_a_network_that_PodCIDRs_fill_there_is_no_other_case(KindScenario scenario, string podSubnet) =>
        Assert.That(
            () => KindAddressPlan.For(scenario, 15, Cidr.Parse(podSubnet), "r"),
            Throws.TypeOf<MigrationException>().With.Message.Contains($"a case of {scenario}"));
}
