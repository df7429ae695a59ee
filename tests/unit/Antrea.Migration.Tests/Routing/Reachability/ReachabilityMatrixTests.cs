using System.Globalization;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Routing.Reachability;
using CsCheck;

namespace Antrea.Migration.Tests.Routing.Reachability;

public class ReachabilityMatrixTests
{
    private const int IPv6 = 32;

    // Up to six Nodes of three subnets, of one family, with a block each (often in a PodCIDR) and one in no PodCIDR, tunnels in the former or elsewhere,
    // Pods of every kind.
    private static readonly Gen<(ReachabilityModel Model, ReachabilityEndpoint[] Endpoints)> Clusters =
        from nodes in Gen.Select(Gen.Int[0, 7], Gen.Byte, Gen.Int[22, 27], Gen.Int[0, 2], Gen.Bool).Array[2, 6]
        from pods in Gen.Select(Gen.Int[0, 5], Gen.Int[0, 4], Gen.Byte, Gen.Byte).Array[1, 14]
        from modes in Gen.Select(
            Gen.Enum<AntreaEncapMode>(), Gen.Enum<ReversePathFilter>(), Gen.Enum<MultusRoutes>(), Gen.Enum<EncapsulationMode>(), Gen.Int[0, 3])
        from flags in Gen.Int[0, 127]
        select (Model(nodes, modes, flags), Endpoints(nodes, pods, flags));

    [Test]
    public void Counts_AreThoseOfAskingForEveryPair() => Clusters.Sample((model, endpoints) => AssertCounts(model, endpoints), iter: 2000);

    [Test]
    public void PodsThatTheirNodeAsksFromAPodCidr_AreAClassOfTheirOwn()
    {
        var model = Ipv6Node with { MultusRoutes = MultusRoutes.ByPodCidr };
        ReachabilityEndpoint[] endpoints =
        [
            ReachabilityEndpoint.Host("n1", IPAddress.Parse("fd00:172::1")),
            ReachabilityEndpoint.Multus("n1", IPAddress.Parse("fd00:10:0:8001::5"), IPAddress.Parse("fd00:10:0:8000::5")),
            ReachabilityEndpoint.Multus("n1", IPAddress.Parse("fd00:10:0:5::5"), IPAddress.Parse("fd00:10:0:8000::6")),
        ];
        var matrix = AssertCounts(model, endpoints);
        Assert.That(
            matrix.Cells.Where(c => c.From.Kind == PodNetworkKind.Host).Select(c => (c.Server, c.To.Addresses, c.Answer.Cause)),
            Is.EquivalentTo(((ReachabilityEndpoint, string, ReachabilityCause)[])
            [
                (endpoints[1], "asked by their own Node from an address in a PodCIDR", ReachabilityCause.ReplyByOtherInterface),
                (endpoints[2], "", ReachabilityCause.None),
            ]));
    }

    [Test]
    public void LabelledNodeAddresses_AreWhatPodsOfTheNodeSee()
    {
        var model = Ipv6Node with { MultusRoutes = MultusRoutes.ByPodCidr, LabelsNodeAddresses = true };
        var host = ReachabilityEndpoint.Host("n1", IPAddress.Parse("fd00:172::1"));
        var nearGateway = ReachabilityEndpoint.Multus("n1", IPAddress.Parse("fd00:10:0:8001::5"), IPAddress.Parse("fd00:10:0:8000::5"));
        var answer = new ReachabilityPredictor(model).Predict(host, nearGateway);
        Assert.That((answer.Verdict, answer.SourceSeen), Is.EqualTo((ReachabilityVerdict.Reachable, "fd00:10:0:4::")), "the tunnel's, and not antrea-gw0's, which is nearer");
    }

    [Test]
    public void WhereNothingAsksForTheNodesSource_SuchPodsAreOfOneClass()
    {
        ReachabilityEndpoint[] endpoints =
        [
            ReachabilityEndpoint.Multus("n1", IPAddress.Parse("fd00:10:0:8001::5"), IPAddress.Parse("fd00:10:0:8000::5")),
            ReachabilityEndpoint.Multus("n1", IPAddress.Parse("fd00:10:0:5::5"), IPAddress.Parse("fd00:10:0:8000::6")),
        ];
        Assert.That(ReachabilityMatrix.Build(Ipv6Node with { MultusRoutes = MultusRoutes.V2 }, endpoints).Classes, Has.Length.EqualTo(1));
    }

    [TestCase("10.10.1.0/24", "10.10.1.255", "with the last address of their own Node's PodCIDR")]
    [TestCase("10.10.1.0/24", "10.10.1.0", "in their own Node's PodCIDR")]
    [TestCase("fd00:10:0:1::/64", "fd00:10:0:1::", "with the first address of their own Node's PodCIDR")]
    [TestCase("fd00:10:0:1::/64", "fd00:10:0:1:ffff:ffff:ffff:ffff", "in their own Node's PodCIDR")]
    public void TheAddressThatANodeKeeps_IsNamedByFamily(string podCidr, string address, string words)
    {
        var model = new ReachabilityModel { Nodes = [new ReachabilityNode { Name = "n1", PodCidrs = [Cidr.Parse(podCidr)] }] };
        var matrix = ReachabilityMatrix.Build(model, [ReachabilityEndpoint.Calico("n1", IPAddress.Parse(address))]);
        Assert.That(matrix.Classes.Single().Addresses, Is.EqualTo(words));
    }

    [Test]
    public void CountsOfServices_AreThoseOfAskingForEveryClientAndEndpoint() =>
        Gen.Select(Clusters, Gen.Select(Gen.Bool, Gen.Int[0, 13].Array[0, 4]).Array[1, 3], Gen.Int[0, 3]).Sample(
            (cluster, chosen, kubeProxy) =>
            {
                var (model, endpoints) = cluster;
                var flags = model.Nodes[0].PodCidrs[0].IsIPv6 ? IPv6 : 0;
                model = model with
                {
                    ServiceCidrs = [Range("10.96.0.0/16", flags)],
                    KubeProxyMasqueradesAll = kubeProxy == 1,
                    KubeProxyClusterCidrs = kubeProxy > 1 ? [Range("10.10.0.0/18", flags)] : [],
                };
                List<ReachabilityService> services =
                [
                    .. chosen.Select((s, i) => new ReachabilityService(
                        "default", $"s{i}", [Address(s.Item1 ? $"10.96.0.{i}" : $"192.0.2.{i}", flags)],
                        [.. s.Item2.Select(e => endpoints[e % endpoints.Length]).Select(e => System.Collections.Immutable.ImmutableArray.Create(e))])),
                ];
                var predictor = new ReachabilityPredictor(model);
                var asked = services
                    .SelectMany(s => s.Endpoints.SelectMany(e => endpoints.Select(client => predictor.PredictService(client, e[0], s.ClusterIPs[0]))))
                    .CountBy(a => (a.Verdict, a.Cause)).ToDictionary();
                var matrix = ReachabilityMatrix.Build(model, endpoints, services);
                var cells = matrix.Cells.Where(c => c.To.IsOfServices).ToList();
                Assert.That(cells.GroupBy(c => (c.Answer.Verdict, c.Answer.Cause)).ToDictionary(g => g.Key, g => (int)g.Sum(c => c.Pairs)), Is.EquivalentTo(asked));
                Assert.That(cells.Select(c => c.From.IsOfServices), Has.None.True);
                foreach (var cell in cells)
                {
                    Assert.That(cell.Answer, Is.EqualTo(predictor.PredictService(cell.Client, cell.Server, cell.ClusterIP!)));
                }

                Assert.That(
                    matrix.Cells.Where(c => !c.To.IsOfServices).Sum(c => c.Pairs), Is.EqualTo(endpoints.Length * (endpoints.Length - 1)), "own addresses are counted as before");
            },
            iter: 2000);

    [Test]
    public void HeadlessServices_AreAskedForByNobody()
    {
        var model = new ReachabilityModel { Nodes = [new ReachabilityNode { Name = "n", PodCidrs = [Cidr.Parse("10.10.1.0/24")] }] };
        var end = ReachabilityEndpoint.Antrea("n", IPAddress.Parse("10.10.1.2"));
        var matrix = ReachabilityMatrix.Build(model, [end], [new ReachabilityService("default", "s", [], [[end]])]);
        Assert.That((matrix.Classes.Length, matrix.Cells.Length), Is.EqualTo((1, 0)));
    }

    [Test]
    public void Build_Cancelled_Ends()
    {
        var (model, endpoints) = Large(21);
        Assert.That(
            () => ReachabilityMatrix.Build(model, endpoints, null, new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void TheSizeOfTheAnswer_DoesNotGrowWithTheCluster([Values(21, 500, 5000)] int nodes)
    {
        var (model, endpoints) = Large(nodes);
        var matrix = ReachabilityMatrix.Build(model, endpoints);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(matrix.Cells, Has.Length.LessThan(80));
            Assert.That(matrix.Classes.Sum(c => c.Endpoints), Is.EqualTo(endpoints.Count));
            Assert.That(matrix.Cells.Sum(c => c.Pairs), Is.EqualTo((long)endpoints.Count * (endpoints.Count - 1)));
        }
    }

    [Test]
    public void Families_AreNoPairs()
    {
        var model = new ReachabilityModel
        {
            Nodes = [new ReachabilityNode { Name = "n", PodCidrs = [Cidr.Parse("10.10.1.0/24"), Cidr.Parse("fd00:1::/64")] }],
        };
        var matrix = ReachabilityMatrix.Build(
            model, [ReachabilityEndpoint.Antrea("n", IPAddress.Parse("10.10.1.2")), ReachabilityEndpoint.Antrea("n", IPAddress.Parse("fd00:1::2"))]);
        Assert.That((matrix.Classes.Length, matrix.Cells.Length), Is.EqualTo((2, 0)));
    }

    // Of its two blocks outside the PodCIDR one is nearer to antrea-gw0, the other to the tunnel.
    private static ReachabilityModel Ipv6Node => new()
    {
        Nodes =
        [
            new ReachabilityNode
            {
                Name = "n1",
                PodCidrs = [Cidr.Parse("fd00:10:0:8000::/64")],
                InternalIPs = [IPAddress.Parse("fd00:172::1")],
                TunnelAddresses = [IPAddress.Parse("fd00:10:0:4::")],
            },
        ],
        Blocks = [.. ((string[])["fd00:10:0:4::/122", "fd00:10:0:5::/122", "fd00:10:0:8001::/122"]).Select(b => new ReachabilityBlock(Cidr.Parse(b), "n1"))],
        Pools = [new(Cidr.Parse("fd00:10::/48"), true)],
    };

    private static ReachabilityMatrix AssertCounts(ReachabilityModel model, ReachabilityEndpoint[] endpoints)
    {
        var predictor = new ReachabilityPredictor(model);
        var asked = Pairs(endpoints).Select(p => predictor.Predict(p.From, p.To)).CountBy(a => (a.Verdict, a.Cause)).ToDictionary();
        var matrix = ReachabilityMatrix.Build(model, endpoints);
        var counted = matrix.Cells.GroupBy(c => (c.Answer.Verdict, c.Answer.Cause)).ToDictionary(g => g.Key, g => (int)g.Sum(c => c.Pairs));
        Assert.That(counted, Is.EquivalentTo(asked));
        foreach (var cell in matrix.Cells)
        {
            Assert.That(cell.Answer, Is.EqualTo(predictor.Predict(cell.Client, cell.Server)));
            Assert.That(cell.Client, Is.Not.SameAs(cell.Server));
        }

        return matrix;
    }

    private static IEnumerable<(ReachabilityEndpoint From, ReachabilityEndpoint To)> Pairs(ReachabilityEndpoint[] endpoints) =>
        endpoints.SelectMany((from, i) => endpoints.Where((_, j) => j != i).Select(to => (from, to)));

    private static ReachabilityModel Model(
        (int Where, byte Low, int Length, int Subnet, bool TunnelAway)[] nodes,
        (AntreaEncapMode Encap, ReversePathFilter Filter, MultusRoutes Multus, EncapsulationMode Tunnel, int Pools) modes,
        int flags) => new()
        {
            Nodes =
        [
            .. nodes.Select((n, i) => new ReachabilityNode
            {
                Name = $"n{i}",
                PodCidrs = [Range($"10.10.{i}.0/24", flags)],
                InternalIPs = [Address($"172.18.{n.Subnet}.{i + 1}", flags)],
                TunnelAddresses = [n.TunnelAway ? Address($"10.10.{(n.Where + 1) % 8}.7", flags) : Block(n, i, flags).FirstAddress],
                Subnet = (flags & 1) == 0 ? null : Range($"172.18.{n.Subnet}.0/24", flags),
            }),
        ],
            Blocks = [.. nodes.SelectMany((n, i) => ((Cidr[])[Block(n, i, flags), SecondBlock(i, flags)]).Select(b => new ReachabilityBlock(b, $"n{i}")))],
            Pools = modes.Pools switch
            {
                0 => [new(Range("10.10.0.0/16", flags), (flags & 2) == 0, Encapsulation: modes.Tunnel)],
                1 => [new(Range("10.10.0.0/17", flags), true), new(Range("10.10.4.0/22", flags), false, Encapsulation: modes.Tunnel)],
                2 => [new(Range("10.20.0.0/16", flags), true)],
                _ => [],
            },
            AntreaEncap = modes.Encap,
            ReversePathFilter = modes.Filter,
            MultusRoutes = modes.Multus,
            NoSnat = (flags & 4) != 0,
            KubeProxyDropsInvalid = (flags & 8) == 0,
            EgressEnabled = (flags & 16) == 0,
            LabelsNodeAddresses = (flags & 64) != 0,
        };

    private static ReachabilityEndpoint[] Endpoints(
        (int Where, byte Low, int Length, int Subnet, bool TunnelAway)[] nodes, (int Node, int Kind, byte Low, byte Antrea)[] pods, int flags) =>
    [
        .. pods.Select(p =>
        {
            var i = p.Node % nodes.Length;
            var block = p.Low < 160 ? Block(nodes[i], i, flags) : SecondBlock(i, flags);
            var calico = block.AddressAt(p.Low % block.AddressCount);
            var antrea = Range($"10.10.{i}.0/24", flags).AddressAt(Math.Clamp(p.Antrea, (byte)2, (byte)254));
            return p.Kind switch
            {
                0 => ReachabilityEndpoint.Host($"n{i}", Address($"172.18.{nodes[i].Subnet}.{i + 1}", flags)),
                1 => ReachabilityEndpoint.Antrea($"n{i}", antrea),
                2 => ReachabilityEndpoint.Multus($"n{i}", calico, antrea),
                _ => ReachabilityEndpoint.Calico($"n{i}", calico),
            };
        }).DistinctBy(e => (e.Kind, e.Node, e.Address, e.AntreaAddress)),
    ];

    [Test]
    public void AnAddressThatAntreaCannotHaveGiven_IsRefusedAsForOnePair()
    {
        var (model, endpoints) = Large(2);
        ReachabilityEndpoint[] some = [endpoints[0], ReachabilityEndpoint.Antrea("n1", IPAddress.Parse("192.0.2.1"))];
        Assert.That(() => ReachabilityMatrix.Build(model, some), Throws.ArgumentException.With.Message.Contains("not in the Node's PodCIDR"));
    }

    private static Cidr Block((int Where, byte Low, int Length, int Subnet, bool TunnelAway) node, int i, int flags) =>
        Range($"10.{(node.Where == 7 ? 20 : 10)}.{(node.Where == 6 ? 100 + (4 * i) : node.Where)}.{node.Low}/{node.Length}", flags);

    private static Cidr SecondBlock(int i, int flags) => Range($"10.10.{8 + i}.0/26", flags);

    // In IPv6 the same bytes, laid out so that a /24 becomes a /64: 10.20.3.4 is fd00:14:0:3:400::.
    private static IPAddress Address(string text, int flags)
    {
        var bytes = IPAddress.Parse(text).GetAddressBytes();
        return new IPAddress((flags & IPv6) == 0 ? bytes : [0xfd, 0, 0, bytes[1], 0, 0, 0, bytes[2], bytes[3], 0, 0, 0, 0, 0, 0, 0]);
    }

    private static Cidr Range(string text, int flags)
    {
        var parts = text.Split('/');
        return Cidr.Containing(Address(parts[0], flags), int.Parse(parts[1], CultureInfo.InvariantCulture) + ((flags & IPv6) == 0 ? 0 : 40));
    }

    private static (ReachabilityModel Model, List<ReachabilityEndpoint> Endpoints) Large(int count)
    {
        // PodCIDRs from 10.0.0.0 on; each fourth Node's block lies in the next Node's PodCIDR, the others in the upper half.
        var all = Enumerable.Range(0, count).ToList();
        Cidr PodCidr(int i) => Cidr.Parse("10.0.0.0/8").Subnet(24, (UInt128)i);
        Cidr BlockOf(int i) => i % 4 == 0 ? PodCidr((i + 1) % count).Subnet(26, 2) : Cidr.Parse("10.128.0.0/9").Subnet(26, (UInt128)i);
        var model = new ReachabilityModel
        {
            Nodes =
            [
                .. all.Select(i => new ReachabilityNode
                {
                    Name = $"n{i}", PodCidrs = [PodCidr(i)], InternalIPs = [Cidr.Parse("172.16.0.0/12").AddressAt((UInt128)i)], TunnelAddresses = [BlockOf(i).FirstAddress],
                }),
            ],
            Blocks = [.. all.Select(i => new ReachabilityBlock(BlockOf(i), $"n{i}"))],
            Pools = [new(Cidr.Parse("10.0.0.0/8"), true)],
            MultusRoutes = MultusRoutes.ByPodCidr,
        };
        var endpoints = all.SelectMany(i => Enumerable.Range(1, 10).SelectMany(p => (ReachabilityEndpoint[])
        [
            ReachabilityEndpoint.Calico($"n{i}", BlockOf(i).AddressAt((UInt128)p)), ReachabilityEndpoint.Antrea($"n{i}", PodCidr(i).AddressAt((UInt128)p + 1)),
            ReachabilityEndpoint.Multus($"n{i}", BlockOf(i).AddressAt((UInt128)p + 20), PodCidr(i).AddressAt((UInt128)p + 20)),
        ])).ToList();
        return (model, endpoints);
    }
}
