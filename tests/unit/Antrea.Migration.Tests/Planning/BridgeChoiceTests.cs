using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

/// <summary>Which bridge <c>auto</c> takes, and what a plan says of it.</summary>
public sealed class BridgeChoiceTests
{
    /// <summary>Blocks go to the two Nodes in turn; their PodCIDRs are 10.10.0.0/24 and 10.10.1.0/24.</summary>
    [TestCase("10.20.0.0/26 10.20.0.64/26", "10.20.0.0/16", true, BridgeKind.PolicyRoute, "Chosen because Calico has a route to every Node", TestName = "Of_AutoWithARouteToEveryNode_LeadsByThem")]
    [TestCase("10.20.0.0/26", "10.20.0.0/16", true, BridgeKind.Pool, "Chosen because Calico has no route to Node n1 that could be followed, and its pools lie outside of the PodCIDRs and masquerade", TestName = "Of_AutoWithoutARouteAndAPoolOutside_TakesThePool")]
    [TestCase("10.20.0.0/26", "10.20.0.0/16", false, BridgeKind.Multus, "Chosen because Calico has no route to Node n1 that could be followed, and its pools do not masquerade", TestName = "Of_AutoWhereThePoolDoesNotMasquerade_TakesMultus")]
    [TestCase("10.20.0.0/26", "10.10.0.0/16", true, BridgeKind.Multus, "Chosen because Calico has no route to Node n1", TestName = "Of_AutoWhereThePoolCoversPodCidrs_TakesMultus")]
    [TestCase("10.20.0.0/26", "", true, BridgeKind.Multus, "Chosen because Calico has no route to Node n1", TestName = "Of_AutoWithoutAPool_TakesMultus")]
    public void Of_Auto(string blocks, string pool, bool masquerades, BridgeKind kind, string reason)
    {
        var snapshot = new ClusterSnapshot
        {
            Nodes = [new NodeInfo { Name = "n0", PodCidrs = [Cidr.Parse("10.10.0.0/24")] }, new NodeInfo { Name = "n1", PodCidrs = [Cidr.Parse("10.10.1.0/24")] }],
            CalicoIpam = new CalicoIpam(
                pool.Length == 0 ? [] : [new IPPool { Name = "p", Cidr = Cidr.Parse(pool), BlockSize = 26, NatOutgoing = masquerades }],
                [.. blocks.Split(' ').Select((b, i) => new IpamBlock { Name = b, Cidr = Cidr.Parse(b), Node = $"n{i % 2}" })],
                []),
        };

        var choice = BridgeChoice.Of(BridgeKind.Auto, snapshot);

        Assert.That((choice.Bridge.Kind, choice.Reason.StartsWith(reason, StringComparison.Ordinal)), Is.EqualTo((kind, true)), choice.Reason);
    }

    [TestCase(BridgeKind.Multus, "Asked for. Between Nodes it mends Calico to Multus, Multus to Antrea, Antrea to Multus. It needs ")]
    [TestCase(BridgeKind.PolicyRoute, "Asked for. Between Nodes it mends Calico to Antrea. It needs ")]
    [TestCase(BridgeKind.Pool, "Asked for. Between Nodes it mends Calico to Antrea. It needs ")]
    public void Of_WhatIsAskedFor_SaysWhichRowsOfTheDecisionTableItMends(BridgeKind kind, string reason) =>
        Assert.That(BridgeChoice.Of(kind, new ClusterSnapshot()).Reason, Does.StartWith(reason));
}
