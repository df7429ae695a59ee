using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Tests.Generators;
using CsCheck;

namespace Antrea.Migration.Tests.Addressing;

public class AddressAnalyzerTests
{
    [Test]
    public void SeedCluster_OverlapsOnWorkers3And5And11()
    {
        var analysis = AddressAnalyzer.Analyze(SeedCluster.Snapshot());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.Scenario, Is.EqualTo(MigrationScenario.SmallOverlap));
            Assert.That(analysis.OverlappedNodes, Is.EqualTo(["test-worker11", "test-worker3", "test-worker5"]));
            Assert.That(analysis.Overlaps, Is.EqualTo(
            [
                new BlockOverlap(Cidr.Parse("10.10.4.128/26"), "test-worker3", Cidr.Parse("10.10.4.0/24"), "test-worker4", false, CalicoRangeKind.Block),
                new BlockOverlap(Cidr.Parse("10.10.6.64/26"), "test-worker11", Cidr.Parse("10.10.6.0/24"), "test-worker6", false, CalicoRangeKind.Block),
                new BlockOverlap(Cidr.Parse("10.10.8.128/26"), "test-worker5", Cidr.Parse("10.10.8.0/24"), "test-worker8", false, CalicoRangeKind.Block),
            ]));
            Assert.That(analysis.CalicoRanges, Has.Length.EqualTo(21));
            Assert.That(
                analysis.Findings.Select(f => (f.Id, f.Subject)),
                Is.EqualTo(
                [
                    ("block-overlaps-pod-cidr", "Node/test-worker11"), ("block-overlaps-pod-cidr", "Node/test-worker3"),
                    ("block-overlaps-pod-cidr", "Node/test-worker5"), ("pool-covers-pod-cidr", "IPPool/default-ipv4-ippool"),
                ]));
            Assert.That(analysis.Findings[1].Evidence, Does.Contain("10.10.4.128/26 (of Node test-worker3)").And.Contain("10.10.4.0/24"));
        }
    }

    [Test]
    public void SeedCluster_WhicheverNodeHasWhichPodCidr_TheSameThreeOverlap() =>
        Gen.Shuffle(Enumerable.Range(0, 21).ToArray()).Sample(order =>
            AddressAnalyzer.Analyze(SeedCluster.Snapshot(order)).OverlappedNodes
                .SequenceEqual(["test-worker11", "test-worker3", "test-worker5"]));

    [Test]
    public void BlockInItsOwnNodesPodCidr_IsAnOverlapToo()
    {
        var overlap = AddressAnalyzer.Analyze(Cluster(blocks: [Block("10.10.1.64/26", "b")])).Overlaps.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(overlap.Own, Is.True);
            Assert.That((overlap.Owner, overlap.Node), Is.EqualTo(("b", "b")));
        }
    }

    [Test]
    public void NothingOverlaps_Simple()
    {
        var analysis = AddressAnalyzer.Analyze(Cluster(blocks: [Block("10.244.0.0/26", "a"), Block("10.244.0.64/26", "b")]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.Scenario, Is.EqualTo(MigrationScenario.Simple));
            Assert.That(analysis.Overlaps, Is.Empty);
            Assert.That(analysis.OverlappedNodes, Is.Empty);
            Assert.That(analysis.Findings, Is.Empty);
        }
    }

    [TestCase(1, "0.25", MigrationScenario.SmallOverlap)]
    [TestCase(2, "0.25", MigrationScenario.MostOverlap)]
    [TestCase(2, "0.5", MigrationScenario.SmallOverlap)]
    [TestCase(1, "0", MigrationScenario.MostOverlap)]
    [TestCase(4, "1", MigrationScenario.SmallOverlap)]
    [TestCase(3, "0.7499", MigrationScenario.MostOverlap)]
    public void Threshold_IsInclusive(int overlapped, string threshold, MigrationScenario expected)
    {
        var names = (string[])["a", "b", "c", "d"];
        var options = new AddressAnalysisOptions
        {
            SmallOverlapThreshold = decimal.Parse(threshold, System.Globalization.CultureInfo.InvariantCulture),
        };
        var snapshot = Cluster(blocks: [.. names.Take(overlapped).Select((n, i) => Block($"10.10.{i}.64/26", n))]);
        Assert.That(AddressAnalyzer.Analyze(snapshot, options).Scenario, Is.EqualTo(expected));
    }

    [TestCase("-0.01")]
    [TestCase("1.01")]
    public void Threshold_OutOfRange_IsRefused(string threshold) =>
        Assert.That(
            () => new AddressAnalysisOptions
            {
                SmallOverlapThreshold = decimal.Parse(threshold, System.Globalization.CultureInfo.InvariantCulture),
            },
            Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void AffinitylessBlock_CountsTheNodesThatUseItsAddresses()
    {
        var block = Block("10.10.1.64/26", null, Pod("10.10.1.66", "c"), Pod("10.10.1.67", null), Tunnel("10.10.1.68", "d"));
        var analysis = AddressAnalyzer.Analyze(Cluster(blocks: [block]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                analysis.Overlaps.Select(o => (o.Block.ToString(), o.Owner, o.Kind)),
                Is.EqualTo(new (string, string?, CalicoRangeKind)[]
                {
                    ("10.10.1.64/26", null, CalicoRangeKind.Block),
                    ("10.10.1.66/32", "c", CalicoRangeKind.BorrowedAddress),
                    ("10.10.1.68/32", "d", CalicoRangeKind.TunnelAddress),
                }));
            Assert.That(analysis.OverlappedNodes, Is.EqualTo(["c", "d"]));
            Assert.That(analysis.Findings.First(f => f.Evidence.Contains("/26")).Subject, Is.EqualTo("IPAMBlock/10-10-1-64-26"));
        }
    }

    [Test]
    public void AffinitylessBlockWithoutAddresses_IsSmallNotSimple()
    {
        var analysis = AddressAnalyzer.Analyze(Cluster(blocks: [Block("10.10.1.64/26", null)]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.Scenario, Is.EqualTo(MigrationScenario.SmallOverlap));
            Assert.That(analysis.OverlappedNodes, Is.Empty);
        }
    }

    [Test]
    public void BorrowedAddress_CountsTheBorrower()
    {
        var block = Block("10.10.1.64/26", "a", Pod("10.10.1.65", "a"), Pod("10.10.1.66", "c"));
        var analysis = AddressAnalyzer.Analyze(Cluster(blocks: [block]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.OverlappedNodes, Is.EqualTo(["a", "c"]));
            Assert.That(
                analysis.Overlaps.Select(o => (o.Block.ToString(), o.Owner, o.Kind)),
                Is.EqualTo([("10.10.1.64/26", "a", CalicoRangeKind.Block), ("10.10.1.66/32", "c", CalicoRangeKind.BorrowedAddress)]));
        }
    }

    [Test]
    public void PendingAffinity_ReservesItsRange_ConfirmedWithBlockIsNotCountedTwice()
    {
        var snapshot = Cluster(
            blocks: [Block("10.10.1.64/26", "a")],
            affinities: [new("a", Cidr.Parse("10.10.1.64/26"), "confirmed"), new("b", Cidr.Parse("10.10.2.0/26"), "pending")]);
        Assert.That(
            AddressAnalyzer.Analyze(snapshot).Overlaps.Select(o => (o.Block.ToString(), o.Owner, o.Kind)),
            Is.EqualTo([("10.10.1.64/26", "a", CalicoRangeKind.Block), ("10.10.2.0/26", "b", CalicoRangeKind.PendingAffinity)]));
    }

    [Test]
    public void TunnelAddress_OutsideEveryBlock_IsFoundByTheAnnotation()
    {
        var snapshot = Cluster(blocks: [Block("10.10.1.64/26", "a")]);
        snapshot = snapshot with
        {
            Nodes = snapshot.Nodes.SetItem(0, snapshot.Nodes[0] with
            {
                CalicoTunnelAddresses = [IPAddress.Parse("10.10.1.64"), IPAddress.Parse("10.10.3.9")],
            }),
        };
        Assert.That(
            AddressAnalyzer.Analyze(snapshot).Overlaps.Select(o => (o.Block.ToString(), o.Owner, o.Node, o.Kind)),
            Is.EqualTo([("10.10.1.64/26", "a", "b", CalicoRangeKind.Block), ("10.10.3.9/32", "a", "d", CalicoRangeKind.TunnelAddress)]));
    }

    [Test]
    public void TunnelAddress_InAnotherNodesBlock_CountsTheNodeThatHasIt()
    {
        var snapshot = Cluster(blocks: [Block("10.10.1.64/26", "b")]);
        snapshot = snapshot with
        {
            Nodes = snapshot.Nodes.SetItem(0, snapshot.Nodes[0] with { CalicoTunnelAddresses = [IPAddress.Parse("10.10.1.70")] }),
        };
        Assert.That(AddressAnalyzer.Analyze(snapshot).OverlappedNodes, Is.EqualTo(["a", "b"]));
    }

    [Test]
    public void PodAddresses_AreACrossCheck()
    {
        var snapshot = Cluster(blocks: [Block("10.244.0.0/26", "a")]) with
        {
            Pods =
            [
                NewPod("in-block", "a", "10.244.0.5"),
                NewPod("antrea", "a", "10.10.0.5"),
                NewPod("fixed-elsewhere", "a", "10.10.3.5"),
                NewPod("fixed-own", "a", "10.10.0.9", annotation: "10.10.0.9/32"),
                NewPod("ended", "a", "10.10.3.6") with { Phase = "Succeeded" },
                NewPod("host", "a", "172.18.0.2") with { HostNetwork = true },
            ],
        };
        var analysis = AddressAnalyzer.Analyze(snapshot);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                analysis.Overlaps.Select(o => (o.Block.ToString(), o.Node, o.Own, o.Kind)),
                Is.EqualTo([("10.10.0.9/32", "a", true, CalicoRangeKind.PodAddress), ("10.10.3.5/32", "d", false, CalicoRangeKind.PodAddress)]));
            Assert.That(analysis.Findings.Count(f => f.Id == "pod-address-outside-blocks"), Is.EqualTo(2));
        }
    }

    [Test]
    public void BlockWiderThanPodCidrs_ClashesWithEachOfThem() =>
        Assert.That(
            AddressAnalyzer.Analyze(Cluster(blocks: [Block("10.10.0.0/23", "c")])).Overlaps.Select(o => o.Node),
            Is.EqualTo(["a", "b"]));

    [TestCase("10.10.1.0/26", true)]
    [TestCase("10.10.1.64/26", false)]
    [TestCase("10.10.0.0/22", true)]
    [TestCase("10.244.0.0/26", false)]
    public void GatewayAddressInABlock_Blocks(string block, bool expected)
    {
        var findings = AddressAnalyzer.Analyze(Cluster(blocks: [Block(block, "c")])).Findings;
        Assert.That(
            findings.Any(f => f.Id == "block-covers-antrea-gateway" && f.Subject == "Node/b" && f.Evidence.Contains("10.10.1.1")),
            Is.EqualTo(expected));
    }

    [TestCase("10.10.1.64/26", CidrRelation.Within, "10.10.1.64/26", "cannot be reached from any Node")]
    [TestCase("10.10.1.0/24", CidrRelation.Equal, "10.10.1.0/24", "the one written last")]
    [TestCase("10.10.0.0/23", CidrRelation.Contains, "10.10.1.0/24", "Antrea's route is the longer one")]
    public void Overlap_HasItsRelationAndTheSharedAddresses(string block, CidrRelation relation, string shared, string effect)
    {
        var analysis = AddressAnalyzer.Analyze(Cluster(blocks: [Block(block, "c")]));
        var overlap = analysis.Overlaps.Single(o => o.Node == "b");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((overlap.Relation, overlap.Shared.ToString()), Is.EqualTo((relation, shared)));
            Assert.That(analysis.Findings.First(f => f.Evidence.Contains("PodCIDR of Node b")).Evidence, Does.Contain(effect));
            Assert.That(analysis.Clashes.Select(c => (c.Left.Cidr, c.Right.Cidr)), Is.EqualTo(analysis.Overlaps.Select(o => (o.Block, o.PodCidr))));
        }
    }

    [TestCase("Pod", "Pod default/p has it now")]
    [TestCase("Tunnel", "the tunnel address of Node c now")]
    [TestCase("", "no Pod has it yet")]
    public void GatewayInABlock_NamesWhoHasItsAddress(string holder, string expected)
    {
        ImmutableArray<IpamAllocation> allocations = holder switch
        {
            "Pod" => [Pod("10.10.1.1", "c")],
            "Tunnel" => [Tunnel("10.10.1.1", "c")],
            _ => [],
        };
        Assert.That(
            AddressAnalyzer.Analyze(Cluster(blocks: [Block("10.10.1.0/26", "c", allocations)])).Findings
                .Single(f => f.Id == "block-covers-antrea-gateway").Evidence,
            Does.Contain(expected));
    }

    [Test]
    public void ExternalRoutes_AreComparedWithWhatTheClusterUses_DefaultRoutesAreNot()
    {
        var analysis = AddressAnalyzer.Analyze(
            Cluster(blocks: [Block("10.244.0.0/26", "a")]),
            new AddressAnalysisOptions
            {
                ExternalRoutes =
                [
                    Cidr.Parse("0.0.0.0/0"), Cidr.Parse("10.10.2.128/25"), Cidr.Parse("10.96.0.0/12"), Cidr.Parse("10.244.0.0/24"), Cidr.Parse("192.168.0.0/16"),
                ],
            });
        Assert.That(
            analysis.Findings.Select(f => $"{f.Severity} {f.Id} {f.Subject}"),
            Is.EqualTo(
            [
                "Warning external-route-in-cluster-range Node/c", "Info external-route-covers-cluster-range Cluster",
                "Info external-route-covers-cluster-range Node/a",
            ]));
    }

    [Test]
    public void DualStack_EachFamilyIsComparedWithItself()
    {
        var snapshot = new ClusterSnapshot
        {
            Nodes = [new NodeInfo { Name = "a", PodCidrs = [Cidr.Parse("10.10.0.0/24"), Cidr.Parse("fd00:10::/64")] }],
            CalicoIpam = new CalicoIpam([], [Block("fd00:10::40/122", "a"), Block("10.10.0.64/32", "a"), Block("fd00:10::1:0/128", "a")], []),
        };
        Assert.That(
            AddressAnalyzer.Analyze(snapshot).Overlaps.Select(o => $"{o.Block} {o.PodCidr}"),
            Is.EqualTo(["10.10.0.64/32 10.10.0.0/24", "fd00:10::40/122 fd00:10::/64", "fd00:10::1:0/128 fd00:10::/64"]));
    }

    [Test]
    public void AbsurdlyManyOverlaps_AreCutShortAndSaid()
    {
        var snapshot = new ClusterSnapshot
        {
            Nodes = [.. Enumerable.Range(0, 1100).Select(i => new NodeInfo { Name = $"n{i:0000}", PodCidrs = [Cidr.Parse("0.0.0.0/0")] })],
            CalicoIpam = new CalicoIpam([], [.. Enumerable.Range(0, 1100).Select(i => Block(Cidr.Parse("10.0.0.0/8").Subnet(32, (UInt128)i).ToString(), "a"))], []),
        };
        var analysis = AddressAnalyzer.Analyze(snapshot);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.Overlaps, Has.Length.EqualTo(AddressAnalyzer.MostClashes));
            Assert.That(analysis.Findings.Count(f => f.Id == "too-many-clashes"), Is.EqualTo(1));
            Assert.That(analysis.Findings.Count(f => f.Id == "block-overlaps-pod-cidr"), Is.EqualTo(AddressFindings.MostOfAKind + 1));
        }
    }

    [Test]
    public void OtherClashes_AreAllCollected()
    {
        var snapshot = Cluster(
            blocks: [Block("10.96.0.0/26", "a"), Block("172.18.0.0/26", "b")],
            pools: [Pool("172.18.0.0/16"), Pool("10.10.2.0/23") with { Disabled = true }]) with
        {
            ServiceCidrs = [Cidr.Parse("10.96.0.0/16"), Cidr.Parse("10.10.3.128/25")],
        };
        snapshot = snapshot with
        {
            Nodes =
            [
                .. snapshot.Nodes,
                new NodeInfo { Name = "e" },
                new NodeInfo { Name = "f", PodCidrs = [Cidr.Parse("172.18.0.0/29")] },
                new NodeInfo { Name = "g", PodCidrs = [Cidr.Parse("10.10.2.0/24")] },
            ],
        };
        Assert.That(
            AddressAnalyzer.Analyze(snapshot).Findings
                .Where(f => f.Id is not ("block-overlaps-pod-cidr" or "block-covers-antrea-gateway"))
                .Select(f => $"{f.Severity} {f.Id} {f.Subject}"),
            Is.EqualTo(
            [
                "Blocker node-without-pod-cidr Node/e",
                "Blocker pod-cidr-contains-node-address Node/a",
                "Blocker pod-cidr-contains-node-address Node/b",
                "Blocker pod-cidr-contains-node-address Node/c",
                "Blocker pod-cidr-contains-node-address Node/d",
                "Blocker pod-cidr-overlaps-service-cidr Node/d",
                "Blocker pod-cidrs-overlap Node/g",
                "Warning block-contains-node-address Node/a",
                "Warning block-contains-node-address Node/b",
                "Warning block-contains-node-address Node/c",
                "Warning block-contains-node-address Node/d",
                "Warning block-overlaps-service-cidr Node/a",
                "Warning pool-contains-node-address IPPool/p-172.18.0.0/16",
                "Warning pool-overlaps-service-cidr IPPool/p-10.10.2.0/23",
                "Info pool-covers-pod-cidr IPPool/p-10.10.2.0/23",
                "Info pool-covers-pod-cidr IPPool/p-172.18.0.0/16",
            ]));
    }

    [Test]
    public void Nonsense_GivesFindingsInLinearNumber()
    {
        var everything = Cidr.Parse("0.0.0.0/0");
        var snapshot = new ClusterSnapshot
        {
            Nodes =
            [
                .. Enumerable.Range(0, 300).Select(i => new NodeInfo { Name = $"n{i:000}", PodCidrs = [everything] }),
                new NodeInfo { Name = "six", PodCidrs = [Cidr.Parse("::/0")] },
            ],
        };
        var analysis = AddressAnalyzer.Analyze(snapshot);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.Scenario, Is.EqualTo(MigrationScenario.Simple));
            Assert.That(analysis.Findings, Has.Length.EqualTo(299));
            Assert.That(analysis.Findings, Is.All.Matches<Finding>(f => f!.Id == "pod-cidrs-overlap"));
        }
    }

    [Test]
    public void EmptySnapshot_IsSimple() =>
        Assert.That(AddressAnalyzer.Analyze(new ClusterSnapshot()).Scenario, Is.EqualTo(MigrationScenario.Simple));

    [Test]
    public void SinglePrefixPodCidr_HasNoGateway() =>
        Assert.That(
            AddressAnalyzer.Analyze(new ClusterSnapshot
            {
                Nodes = [new NodeInfo { Name = "a", PodCidrs = [Cidr.Parse("10.0.0.0/32")] }],
                CalicoIpam = new CalicoIpam([], [Block("10.0.0.0/26", "a")], []),
            }).Findings.Select(f => f.Id),
            Is.EqualTo(["block-overlaps-pod-cidr"]));

    [Test]
    public void Overlaps_AgreeWithThePairwiseTwin_AndAreOrdered() =>
        Gen.Select(AddressGen.CrowdedCidr.Array[0, 12], AddressGen.CrowdedCidr.Array[0, 12]).Sample((blocks, pods) =>
        {
            var distinct = blocks.Distinct().ToArray();
            var snapshot = new ClusterSnapshot
            {
                Nodes = [.. pods.Select((p, i) => new NodeInfo { Name = $"n{i:00}", PodCidrs = [p] })],
                CalicoIpam = new CalicoIpam([], [.. distinct.Select((b, i) => Block(b.ToString(), $"n{i:00}"))], []),
            };
            var expected =
                from b in distinct.Select((cidr, i) => (cidr, i))
                from p in pods.Select((cidr, i) => (cidr, i))
                where b.cidr.Overlaps(p.cidr)
                orderby b.cidr, p.cidr, p.i
                select new BlockOverlap(b.cidr, $"n{b.i:00}", p.cidr, $"n{p.i:00}", b.i == p.i, CalicoRangeKind.Block);
            Assert.That(AddressAnalyzer.Analyze(snapshot).Overlaps, Is.EqualTo(expected));
        });

    private static ClusterSnapshot Cluster(
        ImmutableArray<IpamBlock> blocks, ImmutableArray<BlockAffinity>? affinities = null, ImmutableArray<IPPool>? pools = null) => new()
        {
            Nodes =
        [
            .. ((string[])["a", "b", "c", "d"]).Select((name, i) => new NodeInfo
            {
                Name = name,
                PodCidrs = [Cidr.Parse($"10.10.{i}.0/24")],
                InternalIPs = [IPAddress.Parse($"172.18.0.{i + 2}")],
            }),
        ],
            CalicoIpam = new CalicoIpam(pools ?? [], blocks, affinities ?? []),
            ServiceCidrs = [Cidr.Parse("10.96.0.0/16")],
        };

    private static IpamBlock Block(string cidr, string? node, params ImmutableArray<IpamAllocation> allocations) =>
        new() { Name = cidr, Cidr = Cidr.Parse(cidr), Node = node, Allocations = allocations };

    private static IPPool Pool(string cidr) => new() { Name = $"p-{cidr}", Cidr = Cidr.Parse(cidr), BlockSize = 26 };

    private static IpamAllocation Pod(string address, string? node) =>
        new(IPAddress.Parse(address), "h", node, "default", "p", null);

    private static IpamAllocation Tunnel(string address, string node) =>
        new(IPAddress.Parse(address), "h", node, null, null, "ipipTunnelAddress");

    private static PodInfo NewPod(string name, string node, string address, string? annotation = null) => new()
    {
        Namespace = "default",
        Name = name,
        NodeName = node,
        PodIPs = [IPAddress.Parse(address)],
        Phase = "Running",
        Annotations = annotation is null
            ? ImmutableSortedDictionary<string, string>.Empty
            : ImmutableSortedDictionary<string, string>.Empty.Add("cni.projectcalico.org/podIP", annotation),
    };
}
