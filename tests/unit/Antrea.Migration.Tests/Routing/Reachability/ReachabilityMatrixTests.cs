using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Routing.Reachability;
using CsCheck;

namespace Antrea.Migration.Tests.Routing.Reachability;

public class ReachabilityMatrixTests
{
    // Up to six Nodes of three subnets, a block each (often in a PodCIDR), tunnels in their blocks or elsewhere, Pods of every kind.
    private static readonly Gen<(ReachabilityModel Model, ReachabilityEndpoint[] Endpoints)> Clusters =
        from nodes in Gen.Select(Gen.Int[0, 7], Gen.Byte, Gen.Int[22, 27], Gen.Int[0, 2], Gen.Bool).Array[2, 6]
        from pods in Gen.Select(Gen.Int[0, 5], Gen.Int[0, 4], Gen.Byte, Gen.Byte).Array[1, 14]
        from modes in Gen.Select(
            Gen.Enum<AntreaEncapMode>(), Gen.Enum<ReversePathFilter>(), Gen.Enum<MultusRoutes>(), Gen.Enum<EncapsulationMode>(), Gen.Int[0, 3])
        from flags in Gen.Int[0, 31]
        select (Model(nodes, modes, flags), Endpoints(nodes, pods));

    [Test]
    public void Counts_AreThoseOfAskingForEveryPair() => Clusters.Sample(
        (model, endpoints) =>
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
        },
        iter: 1000);

    [Test]
    public void CountsOfServices_AreThoseOfAskingForEveryClientAndEndpoint() =>
        Gen.Select(Clusters, Gen.Select(Gen.Bool, Gen.Int[0, 13].Array[0, 4]).Array[1, 3], Gen.Int[0, 3]).Sample(
            (cluster, chosen, kubeProxy) =>
            {
                var (model, endpoints) = cluster;
                model = model with
                {
                    ServiceCidrs = [Cidr.Parse("10.96.0.0/16")],
                    KubeProxyMasqueradesAll = kubeProxy == 1,
                    KubeProxyClusterCidrs = kubeProxy > 1 ? [Cidr.Parse("10.10.0.0/18")] : [],
                };
                List<ReachabilityService> services =
                [
                    .. chosen.Select((s, i) => new ReachabilityService(
                        "default", $"s{i}", [IPAddress.Parse(s.Item1 ? $"10.96.0.{i}" : $"192.0.2.{i}")],
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
            iter: 1000);

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
                PodCidrs = [Cidr.Parse($"10.10.{i}.0/24")],
                InternalIPs = [IPAddress.Parse($"172.18.{n.Subnet}.{i + 1}")],
                TunnelAddresses = [n.TunnelAway ? IPAddress.Parse($"10.10.{(n.Where + 1) % 8}.7") : Block(n, i).FirstAddress],
                Subnet = (flags & 1) == 0 ? null : Cidr.Parse($"172.18.{n.Subnet}.0/24"),
            }),
        ],
            Blocks = [.. nodes.Select((n, i) => new ReachabilityBlock(Block(n, i), $"n{i}"))],
            Pools = modes.Pools switch
            {
                0 => [new(Cidr.Parse("10.10.0.0/16"), (flags & 2) == 0, Encapsulation: modes.Tunnel)],
                1 => [new(Cidr.Parse("10.10.0.0/17"), true), new(Cidr.Parse("10.10.4.0/22"), false, Encapsulation: modes.Tunnel)],
                2 => [new(Cidr.Parse("10.20.0.0/16"), true)],
                _ => [],
            },
            AntreaEncap = modes.Encap,
            ReversePathFilter = modes.Filter,
            MultusRoutes = modes.Multus,
            NoSnat = (flags & 4) != 0,
            KubeProxyDropsInvalid = (flags & 8) == 0,
            EgressEnabled = (flags & 16) == 0,
        };

    private static ReachabilityEndpoint[] Endpoints(
        (int Where, byte Low, int Length, int Subnet, bool TunnelAway)[] nodes, (int Node, int Kind, byte Low, byte Antrea)[] pods) =>
    [
        .. pods.Select(p =>
        {
            var i = p.Node % nodes.Length;
            var block = Block(nodes[i], i);
            var calico = block.AddressAt(p.Low % block.AddressCount);
            var antrea = IPAddress.Parse($"10.10.{i}.{p.Antrea}");
            return p.Kind switch
            {
                0 => ReachabilityEndpoint.Host($"n{i}", IPAddress.Parse($"172.18.{nodes[i].Subnet}.{i + 1}")),
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

    private static Cidr Block((int Where, byte Low, int Length, int Subnet, bool TunnelAway) node, int i) =>
        Cidr.Containing(new IPAddress([10, (byte)(node.Where == 7 ? 20 : 10), (byte)(node.Where == 6 ? 100 + (4 * i) : node.Where), node.Low]), node.Length);

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
