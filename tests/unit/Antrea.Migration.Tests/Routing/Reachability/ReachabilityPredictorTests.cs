using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migration.Tests.Generators;
using Antrea.Migration.Tests.Reference.Reachability;
using CsCheck;
using static Antrea.Migration.Tests.Routing.Reachability.ReachabilityFixture;

namespace Antrea.Migration.Tests.Routing.Reachability;

public class ReachabilityPredictorTests
{
    // The proposal's listing: each Calico Pod's address and Node.
    private static readonly (string Address, string Node)[] SeedPods =
    [
        ("10.10.115.1", "test-worker17"), ("10.10.79.65", "test-worker19"), ("10.10.93.1", "test-worker15"), ("10.10.244.65", "test-worker8"),
        ("10.10.247.65", "test-worker6"), ("10.10.6.65", "test-worker11"), ("10.10.253.129", "test-worker16"), ("10.10.39.193", "test-worker2"),
        ("10.10.226.129", "test-worker18"), ("10.10.129.193", "test-worker7"), ("10.10.253.1", "test-worker10"), ("10.10.222.65", "test-worker"),
        ("10.10.134.131", "test-worker13"), ("10.10.8.129", "test-worker5"), ("10.10.85.1", "test-worker14"), ("10.10.123.129", "test-worker20"),
        ("10.10.126.129", "test-worker9"), ("10.10.4.129", "test-worker3"), ("10.10.209.65", "test-worker12"), ("10.10.72.1", "test-worker4"),
    ];

    [TestCase(false)]
    [TestCase(true)]
    public void SeedClient_MissesExactlyThreeOfTheListing(bool multus)
    {
        // There test-worker2 had 10.10.20.0/24; any order of the others gives the same.
        var order = Enumerable.Range(0, 21).ToArray();
        (order[2], order[20]) = (order[20], order[2]);
        var model = ReachabilityModel.FromSnapshot(SeedCluster.Snapshot(order)) with { MultusRoutes = MultusRoutes.V1 };
        var predictor = new ReachabilityPredictor(model);
        var net1 = IPAddress.Parse("10.10.20.2");
        var client = multus
            ? ReachabilityEndpoint.Multus("test-worker2", IPAddress.Parse("10.10.39.200"), net1)
            : ReachabilityEndpoint.Antrea("test-worker2", net1);
        var answers = SeedPods.Append(("10.10.36.65", "test-control-plane"))
            .ToDictionary(p => p.Item1, p => predictor.Predict(client, ReachabilityEndpoint.Calico(p.Item2, IPAddress.Parse(p.Item1))));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                answers.Where(a => a.Value.Verdict != ReachabilityVerdict.Reachable).Select(a => a.Key),
                Is.EquivalentTo(["10.10.6.65", "10.10.8.129", "10.10.4.129"]));
            Assert.That(answers.Count(a => a.Value.Verdict == ReachabilityVerdict.Reachable), Is.EqualTo(18));
            Assert.That(answers["10.10.4.129"].LostAt, Is.EqualTo("OVS on test-worker4"));
            Assert.That(answers["10.10.72.1"].SourceSeen, Is.EqualTo("10.10.39.192"));
        }
    }

    [Test]
    public void SeedPreTest_AntreaReachesCalico_CalicoDoesNotReachAntrea()
    {
        var model = ReachabilityModel.FromSnapshot(SeedCluster.Snapshot());
        var antrea = ReachabilityEndpoint.Antrea("test-worker2", IPAddress.Parse("10.10.2.2"));
        var calico = ReachabilityEndpoint.Calico("test-worker8", IPAddress.Parse("10.10.244.69"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, antrea, calico), Is.True);
            Assert.That(Reaches(model, calico, antrea), Is.False);
        }
    }

    [Test]
    public void StockMultus_IsDegradedAsServer_ButNotToItself()
    {
        var model = Model() with { MultusRoutes = MultusRoutes.Stock };
        using (Assert.EnterMultipleScope())
        {
            foreach (var client in (ReachabilityEndpoint[])[CalicoS, AntreaX, AntreaS, HostX, HostS])
            {
                Assert.That(Ask(model, client, MultusX(model)).Verdict, Is.EqualTo(ReachabilityVerdict.Degraded), client.ToString());
                Assert.That(Ask(model, client, MultusX(model)).LostAt, Is.EqualTo("OVS on x"));
            }

            Assert.That(Reaches(model, MultusX(model), MultusX(model)), Is.True);
            var overlapped = Model(InY) with { MultusRoutes = MultusRoutes.Stock };
            Assert.That(Ask(overlapped, AntreaS, MultusX(overlapped)).Verdict, Is.EqualTo(ReachabilityVerdict.Unreachable));
        }
    }

    [Test]
    public void StockMultus_AsClient_DependsOnItsNeighbourTable()
    {
        var model = Model(InS) with { MultusRoutes = MultusRoutes.Stock };
        var client = ReachabilityEndpoint.Multus("y", IPAddress.Parse("10.10.101.9"), IPAddress.Parse("10.10.3.9"));
        var toAntrea = Ask(model, client, AntreaS);
        var toOverlapped = Ask(model, client, CalicoX(model));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(toAntrea.Verdict, Is.EqualTo(ReachabilityVerdict.Degraded));
            Assert.That(toAntrea.Reason, Does.Contain("by net1: OVS on y tunnels").And.Contain("by eth0: the request came by"));
            Assert.That(toOverlapped.Verdict, Is.EqualTo(ReachabilityVerdict.Degraded));
            Assert.That(toOverlapped.LostAt, Is.EqualTo("OVS on s"));
        }
    }

    [TestCase("10.10.2.0/24", ReachabilityVerdict.Degraded)]
    [TestCase("10.10.2.0/23", ReachabilityVerdict.Unreachable)]
    [TestCase("10.10.2.0/26", ReachabilityVerdict.Reachable)]
    public void BlockNotLongerThanThePodCidr_CutsCalicoOffFromItself(string block, ReachabilityVerdict expected)
    {
        var model = Model(block) with { MultusRoutes = MultusRoutes.V1 };
        var server = ReachabilityEndpoint.Calico("x", IPAddress.Parse("10.10.2.40"));
        var multus = ReachabilityEndpoint.Multus("x", IPAddress.Parse("10.10.2.41"), IPAddress.Parse("10.10.1.9"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ask(model, CalicoS, server).Verdict, Is.EqualTo(expected), "the request");
            Assert.That(Ask(model, server, CalicoS).Verdict, Is.EqualTo(expected), "the reply");
            Assert.That(Ask(model, CalicoS, multus).Verdict, Is.EqualTo(expected), "to Multus");
            Assert.That(Ask(model, HostS, server).Verdict, Is.EqualTo(expected), "from a host");
            Assert.That(Ask(model, HostX, server).Verdict, Is.EqualTo(ReachabilityVerdict.Reachable), "from the Pod's own host");
        }
    }

    [TestCase(AntreaEncapMode.Encap, ReversePathFilter.Loose, false, false)]
    [TestCase(AntreaEncapMode.NoEncap, ReversePathFilter.Loose, true, true)]
    [TestCase(AntreaEncapMode.NoEncap, ReversePathFilter.Strict, false, true)]
    public void BlockShorterThanItsOwnNodesPodCidr_IsFoundByAntreasRouteWhereTheNodesRoute(
        AntreaEncapMode mode, ReversePathFilter filter, bool fromCalico, bool fromAntrea)
    {
        // Both routes lead to x. Calico's answers come back by its tunnel all the same, which only a strict filter minds.
        var model = Model("10.10.0.0/23") with { AntreaEncap = mode, ReversePathFilter = filter };
        var server = ReachabilityEndpoint.Calico("x", IPAddress.Parse("10.10.1.40"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, CalicoS, server), Is.EqualTo(fromCalico), "Calico");
            Assert.That(Reaches(model, AntreaS, server), Is.EqualTo(fromAntrea), "Antrea");
            Assert.That(Reaches(model, HostS, server), Is.EqualTo(fromAntrea), "host");
            Assert.That(Reaches(model, server, AntreaS), Is.True, "back to Antrea");
        }
    }

    [TestCase("10.10.2.0/24", ReachabilityVerdict.Degraded)]
    [TestCase("10.10.2.0/23", ReachabilityVerdict.Reachable)]
    [TestCase("10.10.2.0/26", ReachabilityVerdict.Unreachable)]
    public void BlockNotShorterThanThePodCidr_CutsHostsOffFromAntrea(string block, ReachabilityVerdict expected) =>
        Assert.That(Ask(Model(block), HostS, AntreaS).Verdict, Is.EqualTo(expected));

    [Test]
    public void Hosts_SourcesSeen()
    {
        var model = Model();
        var routed = model with { AntreaEncap = AntreaEncapMode.NoEncap };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ask(model, HostX, AntreaX).SourceSeen, Is.EqualTo("10.10.1.1"));
            Assert.That(Ask(model, HostX, AntreaS).SourceSeen, Is.EqualTo("10.10.1.1"));
            Assert.That(Ask(routed, HostX, AntreaS).SourceSeen, Is.EqualTo("172.18.0.1"));
            Assert.That(Ask(model, HostS, CalicoX(model)).SourceSeen, Is.EqualTo("10.10.200.2"));
            Assert.That(Ask(model, HostX, CalicoX(model)).SourceSeen, Is.EqualTo("172.18.0.1"));
            Assert.That(Ask(model, HostX, HostS).SourceSeen, Is.EqualTo("172.18.0.1"));
            Assert.That(Ask(model, AntreaX, HostS).SourceSeen, Is.EqualTo("172.18.0.1"));
            Assert.That(Ask(model, AntreaX, HostX).SourceSeen, Is.EqualTo("10.10.1.2"));
            Assert.That(Ask(model, CalicoX(model), HostS).SourceSeen, Is.EqualTo("172.18.0.1"));
            Assert.That(Ask(model, CalicoX(model), HostX).SourceSeen, Is.EqualTo("10.10.100.62"));
        }
    }

    [TestCase(AntreaEncapMode.Encap, ReversePathFilter.Loose, false)]
    [TestCase(AntreaEncapMode.NoEncap, ReversePathFilter.Loose, true)]
    [TestCase(AntreaEncapMode.NoEncap, ReversePathFilter.Strict, false)]
    public void NoSnat_WorksAcrossNodesOnlyWhereBothWaysAreTheSame(AntreaEncapMode mode, ReversePathFilter filter, bool expected)
    {
        var model = Model() with { NoSnat = true, AntreaEncap = mode, ReversePathFilter = filter };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, AntreaS, CalicoX(model)), Is.EqualTo(expected));
            Assert.That(Ask(model, AntreaX, CalicoX(model)).SourceSeen, Is.EqualTo("10.10.1.2"));
            Assert.That(Ask(model, AntreaS, HostX).SourceSeen, Is.EqualTo("172.18.0.2"), "Calico masquerades what comes from its pool, Antrea's Pods as well");
            model = model with { Pools = [model.Pools[0] with { NatOutgoing = false }] };
            Assert.That(Reaches(model, AntreaS, HostX), Is.EqualTo(mode == AntreaEncapMode.NoEncap));
        }
    }

    /// <summary>cali-nat-outgoing asks where addresses lie and not whose they are.</summary>
    [TestCase(AntreaEncapMode.NoEncap, "10.10.1.0/24", "172.18.0.1")]
    [TestCase(AntreaEncapMode.NoEncap, "10.10.2.0/24", "10.10.1.2")]
    [TestCase(AntreaEncapMode.NoEncap, "10.10.0.0/16", "10.10.1.2")]
    [TestCase(AntreaEncapMode.Encap, "10.10.1.0/24", "10.10.1.2")]
    public void AntreaPodOfAPool_IsMasqueradedOnTheWayToAnAntreaPodOfNone(AntreaEncapMode mode, string pool, string expected)
    {
        var model = Model() with { AntreaEncap = mode, Pools = [new(Cidr.Parse(pool), NatOutgoing: true), new(Cidr.Parse("10.10.100.0/23"), NatOutgoing: true)] };
        Assert.That(Ask(model, AntreaX, AntreaS).SourceSeen, Is.EqualTo(expected));
    }

    /// <summary>On both Nodes: the client's gives it its tunnel's address, which lies in a pool as well.</summary>
    [Test]
    public void LedCalicoPod_IsSeenAsTheServersGatewayWhereNoPoolHoldsTheServer()
    {
        var model = Model() with { LeadsCalicoByItsTunnel = true, Pools = [new(Cidr.Parse("10.10.100.0/22"), NatOutgoing: true), new(Cidr.Parse("10.10.200.0/22"), NatOutgoing: true)] };
        Assert.That(Ask(model, CalicoX(model), AntreaS).SourceSeen, Is.EqualTo("10.10.2.1"));
    }

    [Test]
    public void CalicoSourceInThePodCidrOfAForwardingNode_IsMasqueradedByAntreaThere()
    {
        var (inServers, inOwn) = (Model(InS), Model(InX));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ask(inServers, CalicoX(inServers), CalicoS).SourceSeen, Is.EqualTo("172.18.0.2"), "by the server's Node");
            Assert.That(Ask(inServers with { NoSnat = true }, CalicoX(inServers), CalicoS).SourceSeen, Is.EqualTo(CalicoX(inServers).Address.ToString()));
            Assert.That(Ask(inOwn, CalicoX(inOwn), CalicoS).SourceSeen, Is.Not.EqualTo(CalicoX(inOwn).Address.ToString()), "by its own Node");
            Assert.That(Ask(inOwn, CalicoX(inOwn), ReachabilityEndpoint.Host("s", IPAddress.Parse("172.18.0.2"))).SourceSeen, Is.EqualTo("172.18.0.1"));
        }
    }

    [Test]
    public void RoutesByPodCidr_LoseTheRepliesToOverlappedClientsThatV2Keeps([Values(MultusRoutes.V2, MultusRoutes.ByPodCidr)] MultusRoutes routes)
    {
        var model = Model(InY) with { MultusRoutes = routes };
        var server = ReachabilityEndpoint.Multus("s", IPAddress.Parse("10.10.101.6"), IPAddress.Parse("10.10.2.9"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, CalicoX(model), server), Is.EqualTo(routes == MultusRoutes.V2));
            Assert.That(Reaches(Model() with { MultusRoutes = routes }, CalicoX(Model()), server), Is.True);
        }
    }

    [Test]
    public void StrictReversePathFilter_HarmsOnlyWhereCalicoTunnels()
    {
        var model = Model() with { AntreaEncap = AntreaEncapMode.NoEncap, ReversePathFilter = ReversePathFilter.Strict };
        ReachabilityModel With(EncapsulationMode mode) =>
            model with { Pools = [model.Pools[0] with { Encapsulation = mode }] };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(With(EncapsulationMode.Always), CalicoX(model), AntreaS), Is.False);
            Assert.That(Reaches(With(EncapsulationMode.CrossSubnet), CalicoX(model), AntreaS), Is.True);
            Assert.That(Reaches(With(EncapsulationMode.Never), CalicoX(model), AntreaS), Is.True);
        }
    }

    [Test]
    public void Hybrid_IsRoutedWithinASubnetAndTunnelledBetween()
    {
        var model = Model() with { AntreaEncap = AntreaEncapMode.Hybrid };
        ReachabilityModel Subnets(string x, string s) => model with
        {
            Nodes =
            [
                model.Nodes[0] with { Subnet = Cidr.Parse(x) }, model.Nodes[1] with { Subnet = Cidr.Parse(s) }, model.Nodes[2],
            ],
        };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, CalicoX(model), AntreaS), Is.True, "subnets unknown");
            Assert.That(Reaches(Subnets("172.18.0.0/24", "172.18.0.0/24"), CalicoX(model), AntreaS), Is.True);
            Assert.That(Reaches(Subnets("172.18.0.0/24", "172.18.1.0/24"), CalicoX(model), AntreaS), Is.False);
        }
    }

    [Test]
    public void Hybrid_ReplyToWhatCameByTheHost_GoesBackToTheHost_WhateverTheThirdNodesPodCidr()
    {
        var model = Model(InY) with { AntreaEncap = AntreaEncapMode.Hybrid };
        model = model with
        {
            Nodes =
            [
                model.Nodes[0] with { Subnet = Cidr.Parse("172.18.0.0/24") }, model.Nodes[1] with { Subnet = Cidr.Parse("172.18.0.0/24") },
                model.Nodes[2] with { Subnet = Cidr.Parse("172.18.1.0/24") },
            ],
        };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, CalicoX(model), AntreaS), Is.True);
            Assert.That(Ask(model, AntreaS, CalicoX(model)).LostAt, Is.EqualTo("OVS on y"), "the other way round it is tunnelled to y");
        }
    }

    [Test]
    public void AntreaClientInsideACalicoBlock_LosesWhatComesBackByItsHost()
    {
        var model = Model("10.10.2.0/26");
        var answer = Ask(model, AntreaS, ReachabilityEndpoint.Calico("s", IPAddress.Parse("10.10.101.5")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.LostAt, Is.EqualTo("the host of s"));
            Assert.That(Reaches(model, AntreaS, HostX), Is.False);
            Assert.That(Reaches(model with { AntreaEncap = AntreaEncapMode.NoEncap }, AntreaS, AntreaX), Is.False);
        }
    }

    [Test]
    public void BlockWithoutOwner_HasNoRoute_ItsBorrowedAddressHas()
    {
        var model = Model() with { Blocks = [new(Cidr.Parse("10.10.2.0/26"), null), new(Cidr.Parse("10.10.2.5/32"), "y")] };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, HostX, AntreaS), Is.True);
            Assert.That(Reaches(model, HostX, ReachabilityEndpoint.Antrea("s", IPAddress.Parse("10.10.2.5"))), Is.False);
            Assert.That(Reaches(model, HostX, ReachabilityEndpoint.Calico("y", IPAddress.Parse("10.10.2.5"))), Is.True);
        }
    }

    [Test]
    public void EgressGate_ChangesTheReasonOnly()
    {
        var model = Model(InY);
        var on = Ask(model, AntreaS, CalicoX(model));
        var off = Ask(model with { EgressEnabled = false }, AntreaS, CalicoX(model));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(on.Reason, Does.Contain("EgressMark"));
            Assert.That(off.Reason, Does.Not.Contain("EgressMark"));
            Assert.That((off.Verdict, off.LostAt), Is.EqualTo((on.Verdict, on.LostAt)));
        }
    }

    [Test]
    public void InputThatCannotBe_IsRefused()
    {
        var model = Model();
        var predictor = new ReachabilityPredictor(model);
        var v6 = IPAddress.Parse("fd00::1");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                () => predictor.Predict(AntreaX, ReachabilityEndpoint.Calico("nowhere", v6)),
                Throws.ArgumentException.With.Message.Contains("no Node nowhere"));
            Assert.That(
                () => predictor.Predict(ReachabilityEndpoint.Antrea("x", IPAddress.Parse("10.10.2.2")), AntreaS),
                Throws.ArgumentException.With.Message.Contains("not in the Node's PodCIDR"));
            Assert.That(
                () => predictor.Predict(AntreaX, ReachabilityEndpoint.Calico("x", v6)),
                Throws.ArgumentException.With.Message.Contains("different families"));
            Assert.That(
                () => predictor.Predict(ReachabilityEndpoint.Multus("x", v6, IPAddress.Parse("10.10.1.2")), AntreaS),
                Throws.ArgumentException.With.Message.Contains("different families"));
            Assert.That(
                () => new ReachabilityPredictor(model with { Nodes = [.. model.Nodes, model.Nodes[0]] }),
                Throws.ArgumentException);
        }
    }

    /// <summary>As a kernel has it: the Node whose PodCIDR's last address a Calico Pod has neither connects nor forwards to it.</summary>
    [TestCase("10.10.2.192/26", "10.10.2.255", "s s-c y y-c", "y y-c", TestName = "The last address of another Node's PodCIDR is cut off from that Node")]
    [TestCase("10.10.2.192/26", "10.10.2.254", "s s-c y y-c", "s s-c y y-c", TestName = "The last but one is not")]
    [TestCase("10.10.1.192/26", "10.10.1.255", "s s-c y y-c x x-c", "", TestName = "The last address of the own Node's PodCIDR is cut off from everybody")]
    [TestCase("10.10.1.192/26", "10.10.1.254", "s s-c y y-c x x-c", "s s-c y y-c x x-c", TestName = "The last but one of it is not either")]
    public void LastAddress_OfAPodCidr_IsKeptForBroadcasts(string block, string address, string others, string reached)
    {
        var model = Model(block) with { Pools = [new(Cidr.Parse("10.10.0.0/16"), NatOutgoing: false)] };
        var pod = ReachabilityEndpoint.Calico("x", IPAddress.Parse(address));
        ReachabilityEndpoint Other(string name) => name.EndsWith("-c", StringComparison.Ordinal)
            ? ReachabilityEndpoint.Calico(name[..1], IPAddress.Parse(name[0] == 'x' ? block[..block.LastIndexOf('.')] + ".194" : name[0] == 's' ? "10.10.101.5" : "10.10.102.5"))
            : ReachabilityEndpoint.Host(name, model.Nodes.First(n => n.Name == name).InternalIPs[0]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(others.Split(' ').Where(o => Reaches(model, Other(o), pod)), Is.EqualTo(reached.Split(' ', StringSplitOptions.RemoveEmptyEntries)), "to the Pod");
            Assert.That(others.Split(' ').Where(o => Reaches(model, pod, Other(o))), Is.EqualTo(reached.Split(' ', StringSplitOptions.RemoveEmptyEntries)), "from the Pod");
            foreach (var answer in others.Split(' ').Where(o => !reached.Contains(o, StringComparison.Ordinal)).Select(o => Ask(model, Other(o), pod)))
            {
                Assert.That((answer.Cause, answer.LostAt), Is.EqualTo((ReachabilityCause.LastOfPodCidr, $"the host of {(block == "10.10.2.192/26" ? "s" : "x")}")));
                Assert.That(answer.Reason, Does.Contain($"{address} is the last address of 10.10."));
            }
        }
    }

    [Test]
    public void LastAddress_OfAnIPv6PodCidr_IsLikeAnyOther()
    {
        var model = new ReachabilityModel
        {
            Nodes = [.. ((string[])["x", "s"]).Select((n, i) => new ReachabilityNode { Name = n, PodCidrs = [Cidr.Parse($"fd00:{i}::/64")], InternalIPs = [IPAddress.Parse($"fd01::{i + 1}")] })],
            Blocks = [new(Cidr.Parse("fd00:1::ffff:ffff:ffff:ff00/120"), "x")],
        };
        Assert.That(
            Reaches(model, ReachabilityEndpoint.Host("s", model.Nodes[1].InternalIPs[0]), ReachabilityEndpoint.Calico("x", Cidr.Parse("fd00:1::/64").LastAddress)));
    }

    /// <summary>As a kernel has it: each router on an IPv6 network has the network's first address for its own.</summary>
    [TestCase("fd00:1::/122", "s", ReachabilityCause.FirstOfPodCidr, TestName = "The first address of an IPv6 PodCIDR is cut off from that PodCIDR's Node")]
    [TestCase("fd00:2::/122", "s", ReachabilityCause.None, TestName = "The first address of a block elsewhere is not")]
    public void FirstAddress_OfAnIPv6PodCidr_IsTheRouters(string block, string from, ReachabilityCause cause)
    {
        var model = IPv6Model(block);
        var pod = ReachabilityEndpoint.Calico("x", Cidr.Parse(block).FirstAddress);
        var node = ReachabilityEndpoint.Host(from, model.Nodes[1].InternalIPs[0]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ask(model, node, pod).Cause, Is.EqualTo(cause), "to the Pod");
            Assert.That(Ask(model, pod, node).Cause, Is.EqualTo(cause), "from the Pod");
        }
    }

    /// <summary>A Pod's veth has no address: IPv4 takes the Node's, IPv6 the one that has most in common with the Pod's (RFC 6724).</summary>
    [TestCase("fd00:0:1::/122", null, "fd00::1", TestName = "A Node's antrea-gw0 has most in common with a Calico Pod of its own")]
    [TestCase("fd00:0:1::/122", "fd00:0:1::3f", "fd00:0:1::3f", TestName = "The Node's tunnel has, where there is one")]
    [TestCase("2001:db8::/122", null, "2001:db8:9::1", TestName = "A unique local address is not taken for others")]
    public void Source_TowardsACalicoPodOfTheSameNode_InIPv6(string block, string? tunnel, string seen)
    {
        var model = IPv6Model(block);
        var node = model.Nodes[0] with
        {
            InternalIPs = [IPAddress.Parse(block.StartsWith("2001", StringComparison.Ordinal) ? "2001:db8:9::1" : "fd01::1")],
            TunnelAddresses = tunnel is null ? [] : [IPAddress.Parse(tunnel)],
        };
        model = model with { Nodes = model.Nodes.SetItem(0, node) };
        var pod = ReachabilityEndpoint.Calico("x", Cidr.Parse(block).AddressAt(5));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ask(model, ReachabilityEndpoint.Host("x", node.InternalIPs[0]), pod).SourceSeen, Is.EqualTo(seen), "from the Node");
            Assert.That(Ask(model, ReachabilityEndpoint.Antrea("x", IPAddress.Parse("fd00::7")), pod).SourceSeen, Is.EqualTo(seen), "masqueraded");
        }
    }

    [Test]
    public void ReversePathFilter_IsNoneOfIPv6s()
    {
        var model = IPv6Model("fd00:0:1::/122") with
        {
            AntreaEncap = AntreaEncapMode.NoEncap,
            ReversePathFilter = ReversePathFilter.Strict,
            Pools = [new(Cidr.Parse("fd00::/16"), NatOutgoing: false)],
        };
        Assert.That(Reaches(model, ReachabilityEndpoint.Calico("x", IPAddress.Parse("fd00:0:1::5")), ReachabilityEndpoint.Antrea("s", IPAddress.Parse("fd00:1::7"))));
    }

    /// <summary>Two Nodes with a PodCIDR fd00:N::/64 each, and one block.</summary>
    private static ReachabilityModel IPv6Model(string block) => new()
    {
        Nodes =
        [
            .. ((string[])["x", "s"]).Select((n, i) => new ReachabilityNode
            {
                Name = n,
                PodCidrs = [Cidr.Parse($"fd00:{i}::/64")],
                InternalIPs = [IPAddress.Parse($"fd01::{i + 1}")],
            }),
        ],
        Blocks = [new(Cidr.Parse(block), "x")],
    };

    [Test]
    public void Verdicts_AgreeWithTheFactSheetTwin() =>
        Gen.Select(Models, Gen.Int[0, 3], Gen.Int[0, 3], Gen.Byte, Gen.Byte, Gen.Bool, Gen.Bool)
            .Sample((model, from, to, low, high, fromAntrea, toAntrea) =>
            {
                var source = Endpoint(model, from, low, fromAntrea);
                var destination = Endpoint(model, to, high, toAntrea);
                var twin = new FactSheetPredictor(model);
                if (source == destination || twin.Contested(source.Address) || twin.Contested(destination.Address)
                    || (fromAntrea && twin.Shadow(source.Address)))
                {
                    return;
                }

                var answer = Ask(model, source, destination);
                Assert.That(
                    answer.Verdict,
                    Is.EqualTo(twin.Reaches(source.Kind, source.Node, source.Address, destination.Kind, destination.Node, destination.Address)
                        ? ReachabilityVerdict.Reachable
                        : ReachabilityVerdict.Unreachable),
                    $"{source} to {destination}: {answer.Reason}");
                Assert.That(answer.LostAt is null, Is.EqualTo(answer.Verdict == ReachabilityVerdict.Reachable));
                Assert.That(answer.Reason, Does.Contain(source.Node).Or.Contain(destination.Node));
            }, iter: 5000);

    // Four Nodes with a /24 each; one block a Node, of a length around the PodCIDRs' and often inside one of them.
    private static readonly Gen<ReachabilityModel> Models =
        Gen.Select(
                Gen.Select(Gen.Int[22, 27], Gen.Int[0, 9], Gen.Byte).Array[4],
                Gen.OneOf(AntreaEncapMode.Encap, AntreaEncapMode.NoEncap), Gen.Bool, Gen.Bool, Gen.Enum<ReversePathFilter>(), Gen.Bool, Gen.Bool)
            .Select((blocks, mode, noSnat, drops, filter, covering, nat) => new ReachabilityModel
            {
                Nodes =
                [
                    .. Enumerable.Range(0, 4).Select(i => new ReachabilityNode
                    {
                        Name = $"node{i}",
                        PodCidrs = [Cidr.Parse($"10.10.{i}.0/24")],
                        InternalIPs = [IPAddress.Parse($"172.18.0.{i + 1}")],
                    }),
                ],
                Blocks =
                [
                    .. blocks.Select((b, i) => new ReachabilityBlock(Cidr.Containing(new IPAddress([10, 10, (byte)b.Item2, b.Item3]), b.Item1), $"node{i}")),
                ],
                Pools = [new(Cidr.Parse(covering ? "10.10.0.0/16" : "10.10.8.0/22"), nat)],
                AntreaEncap = mode,
                NoSnat = noSnat,
                KubeProxyDropsInvalid = drops,
                ReversePathFilter = filter,
            })
            // The twin takes all of Calico's traffic for tunnelled, which is so only within a pool.
            .Where(m => m.Pools[0].Cidr.PrefixLength == 16 || m.ReversePathFilter != ReversePathFilter.Strict);

    private static ReachabilityEndpoint Endpoint(ReachabilityModel model, int node, byte low, bool antrea)
    {
        var range = antrea ? model.Nodes[node].PodCidrs[0] : model.Blocks[node].Cidr;
        var address = range.AddressAt(low % range.AddressCount);
        return antrea ? ReachabilityEndpoint.Antrea($"node{node}", address) : ReachabilityEndpoint.Calico($"node{node}", address);
    }
}
