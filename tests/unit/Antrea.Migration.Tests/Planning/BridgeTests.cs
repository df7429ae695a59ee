using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Planning;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Tests.Planning;

/// <summary>What a bridge declares to mend fails, or fails at times, without it, and works with it.</summary>
public sealed class BridgeTests
{
    private static readonly ReachabilityModel Plain = new()
    {
        Nodes = [Node("a", 0), Node("b", 1)],
        Blocks = [new ReachabilityBlock(Cidr.Parse("10.10.200.0/26"), "a"), new ReachabilityBlock(Cidr.Parse("10.10.201.0/26"), "b")],
        Pools = [new ReachabilityPool(Cidr.Parse("10.10.0.0/16"), NatOutgoing: true)],
    };

    /// <summary>The Pods' pool outside of the PodCIDRs, the old one deleted.</summary>
    private static readonly ReachabilityModel Moved = Plain with { Pools = [new ReachabilityPool(Cidr.Parse("10.10.192.0/18"), NatOutgoing: true)] };

    [TestCase(BridgeKind.Multus)]
    [TestCase(BridgeKind.PolicyRoute)]
    [TestCase(BridgeKind.Pool)]
    public void What_a_bridge_mends_is_broken_without_it(BridgeKind kind)
    {
        var bridge = BridgeStrategy.Of(kind);
        var without = new ReachabilityPredictor(Plain);
        var with = new ReachabilityPredictor(bridge.Adapt(bridge.LeavesOldPools ? Moved : Plain));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bridge.Mends, Is.Not.Empty);
            foreach (var (from, to) in bridge.Mends)
            {
                Assert.That(without.Predict(End(from, 0), End(to, 1)).Verdict, Is.Not.EqualTo(ReachabilityVerdict.Reachable), $"{from} -> {to} without");
                Assert.That(with.Predict(End(from, 0), End(to, 1)).Verdict, Is.EqualTo(ReachabilityVerdict.Reachable), $"{from} -> {to} with");
            }
        }
    }

    /// <summary>Over a bridge both directions of a connection take the same devices, with a tunnel of Antrea's or without.</summary>
    [Test]
    public void Every_bridge_holds_without_Antreas_tunnel_under_every_reverse_path_filter(
        [Values(BridgeKind.Multus, BridgeKind.PolicyRoute, BridgeKind.Pool)] BridgeKind kind,
        [Values] ReversePathFilter filter,
        [Values(AntreaEncapMode.NoEncap, AntreaEncapMode.Hybrid)] AntreaEncapMode encap)
    {
        var bridge = BridgeStrategy.Of(kind);
        var predictor = new ReachabilityPredictor(bridge.Adapt(bridge.LeavesOldPools ? Moved : Plain) with { AntreaEncap = encap, ReversePathFilter = filter });
        using (Assert.EnterMultipleScope())
        {
            foreach (var (phase, kinds) in bridge.Mixtures)
            {
                foreach (var (from, to) in kinds.SelectMany(_ => kinds, (from, to) => (from, to)))
                {
                    Assert.That(predictor.Predict(End(from, 0), End(to, 1)).Verdict, Is.EqualTo(ReachabilityVerdict.Reachable), $"{phase}: {from} -> {to}");
                }
            }
        }
    }

    [Test]
    public void A_policy_route_keeps_the_clients_address_and_a_pool_does_not()
    {
        var led = new ReachabilityPredictor(BridgeStrategy.Of(BridgeKind.PolicyRoute).Adapt(Plain)).Predict(End(PodNetworkKind.Calico, 0), End(PodNetworkKind.Antrea, 1));
        var masqueraded = new ReachabilityPredictor(BridgeStrategy.Of(BridgeKind.Pool).Adapt(Moved)).Predict(End(PodNetworkKind.Calico, 0), End(PodNetworkKind.Antrea, 1));
        Assert.That((led.SourceSeen, masqueraded.SourceSeen), Is.EqualTo(("10.10.200.5", "10.10.0.1")));
    }

    [Test]
    public void A_policy_route_does_not_mend_a_client_in_the_servers_PodCIDR()
    {
        var model = Plain with { Blocks = [new ReachabilityBlock(Cidr.Parse("10.10.1.64/26"), "a"), Plain.Blocks[1]] };
        var answer = new ReachabilityPredictor(BridgeStrategy.Of(BridgeKind.PolicyRoute).Adapt(model))
            .Predict(ReachabilityEndpoint.Calico("a", IPAddress.Parse("10.10.1.65")), End(PodNetworkKind.Antrea, 1));
        Assert.That(answer.Cause, Is.EqualTo(ReachabilityCause.ReplyOnLink));
    }

    private static ReachabilityNode Node(string name, int index) => new()
    {
        Name = name,
        PodCidrs = [Cidr.Parse($"10.10.{index}.0/24")],
        InternalIPs = [IPAddress.Parse($"172.18.0.{index + 2}")],
        TunnelAddresses = [IPAddress.Parse($"10.10.{200 + index}.0")],
    };

    private static ReachabilityEndpoint End(PodNetworkKind kind, int node)
    {
        var (name, calico, antrea) = (node == 0 ? "a" : "b", IPAddress.Parse($"10.10.{200 + node}.5"), IPAddress.Parse($"10.10.{node}.9"));
        return kind switch
        {
            PodNetworkKind.Calico => ReachabilityEndpoint.Calico(name, calico),
            PodNetworkKind.Multus => ReachabilityEndpoint.Multus(name, calico, antrea),
            _ => ReachabilityEndpoint.Antrea(name, antrea),
        };
    }
}
