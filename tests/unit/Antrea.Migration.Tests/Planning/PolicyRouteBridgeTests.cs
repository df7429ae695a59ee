using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

/// <summary>Where the bridge by policy route is refused, family by family.</summary>
public sealed class PolicyRouteBridgeTests
{
    [TestCase("10.1.0.0/26 10.1.0.64/26", null, TestName = "NodeOutOfReach_CalicoHasNoIPv6_IsNone")]
    [TestCase("10.1.0.0/26", "Calico has no block on the Node", TestName = "NodeOutOfReach_NoBlockOnANode_IsThatNode")]
    [TestCase("10.1.0.0/26 10.1.0.64/26 fd01::/122", "Calico has no IPv6 block on the Node", TestName = "NodeOutOfReach_IPv6BlockOnOneNodeOnly_IsTheOther")]
    [TestCase("10.1.0.0/26 10.1.0.64/26 fd01::/122 fd01::40/122", null, TestName = "NodeOutOfReach_BlocksOfBothFamiliesEverywhere_IsNone")]
    public void Check_DualStackPodCidrs(string blocks, string? evidence)
    {
        // Blocks go to the two Nodes in turn.
        var snapshot = new ClusterSnapshot
        {
            Nodes =
            [
                new NodeInfo { Name = "n0", PodCidrs = [Cidr.Parse("10.10.0.0/24"), Cidr.Parse("fd00:0:0:1::/64")] },
                new NodeInfo { Name = "n1", PodCidrs = [Cidr.Parse("10.10.1.0/24"), Cidr.Parse("fd00:0:0:2::/64")] },
            ],
            CalicoIpam = new CalicoIpam(
                [], [.. blocks.Split(' ').Select((b, i) => new IpamBlock { Name = b, Cidr = Cidr.Parse(b), Node = $"n{i % 2}" })], []),
        };

        var findings = new PolicyRouteBridge().Check(snapshot, new MigrationOptions()).ToList();

        Assert.That(findings.Select(f => (f.Subject, f.Evidence.Split(',')[0])), Is.EqualTo(evidence is null ? [] : new[] { ("Node/n1", evidence) }));
    }
}
