using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migration.Tests.Generators;

namespace Antrea.Migration.Tests.Routing.Reachability;

public class ReachabilityModelTests
{
    [Test]
    public void FromSnapshot_SeedCluster_TakesNodesBlocksAndPools()
    {
        var model = ReachabilityModel.FromSnapshot(SeedCluster.Snapshot());
        var worker2 = model.Nodes.Single(n => n.Name == "test-worker2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Nodes, Has.Length.EqualTo(21));
            Assert.That(model.Blocks, Has.Length.EqualTo(21));
            Assert.That(model.Blocks.Single(b => b.Owner == "test-worker2").Cidr, Is.EqualTo(Cidr.Parse("10.10.39.192/26")));
            Assert.That(model.Pools, Is.EqualTo([new ReachabilityPool(Cidr.Parse("10.10.0.0/16"), true)]));
            Assert.That(worker2.TunnelAddresses.AsEnumerable(), Is.EqualTo([IPAddress.Parse("10.10.39.192")]));
            Assert.That(worker2.Subnet, Is.Null);
        }
    }

    [Test]
    public void FromSnapshot_TakesSubnetsAndTunnelAddressesWhereverTheyAre()
    {
        var snapshot = new ClusterSnapshot
        {
            Nodes = [new NodeInfo { Name = "a", Networks = [Cidr.Parse("172.18.0.0/22")] }, new NodeInfo { Name = "b" }],
            CalicoIpam = new CalicoIpam(
                [
                    new IPPool { Name = "p", Cidr = Cidr.Parse("10.0.0.0/16"), BlockSize = 26, VxlanMode = EncapsulationMode.CrossSubnet, Disabled = true },
                ],
                [
                    new IpamBlock
                    {
                        Name = "b",
                        Cidr = Cidr.Parse("10.0.0.0/26"),
                        Allocations = [new(IPAddress.Parse("10.0.0.3"), "h", "b", null, null, "vxlanTunnelAddress")],
                    },
                ],
                [new BlockAffinity("a", Cidr.Parse("10.0.1.0/26"), "pending")]),
        };
        var model = ReachabilityModel.FromSnapshot(snapshot);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Nodes.Select(n => n.Subnet), Is.EqualTo(new Cidr?[] { Cidr.Parse("172.18.0.0/22"), null }));
            Assert.That(model.Nodes[1].TunnelAddresses.AsEnumerable(), Is.EqualTo([IPAddress.Parse("10.0.0.3")]));
            Assert.That(model.Pools, Is.EqualTo([new ReachabilityPool(Cidr.Parse("10.0.0.0/16"), false, true, EncapsulationMode.CrossSubnet)]));
            Assert.That(
                model.Blocks,
                Is.EqualTo([new ReachabilityBlock(Cidr.Parse("10.0.0.0/26"), null), new ReachabilityBlock(Cidr.Parse("10.0.0.3/32"), "b")]));
        }
    }
}
