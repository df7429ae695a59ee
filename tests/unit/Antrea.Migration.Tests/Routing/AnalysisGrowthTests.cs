using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing;
using Antrea.Migration.Routing.Analysis;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migration.Tests.Fixtures;

namespace Antrea.Migration.Tests.Routing;

/// <summary>How the work of the analyses grows with the cluster, in calls and turns of loops: twice the Nodes, with their Pods, blocks and
/// routes, about double it.</summary>
[NonParallelizable]
public class AnalysisGrowthTests
{
    private const int Few = 150;
    private const int PodsPerNode = 4;
    private const double Doubling = 2.3;

    private static readonly Lazy<StepCounter> Counter = new(() => new StepCounter());

    [TestCase(nameof(Addresses))]
    [TestCase(nameof(CutOff))]
    [TestCase(nameof(Pools))]
    [TestCase(nameof(Routes))]
    [TestCase(nameof(RoutesAlone))]
    [TestCase(nameof(External))]
    [TestCase(nameof(Matrix))]
    [TestCase(nameof(Services))]
    [TestCase(nameof(Sharing))]
    public void Work_GrowsWithTheCluster_NotWithItsSquare(string analysis)
    {
        var once = Counter.Value.Of(typeof(AnalysisGrowthTests), nameof(Make), analysis, Few);
        var twice = Counter.Value.Of(typeof(AnalysisGrowthTests), nameof(Make), analysis, 2 * Few);
        Console.WriteLine($"{once} and {twice} steps: {twice / (double)once:F2}-fold");
        Assert.That(twice, Is.GreaterThan(once).And.LessThan(Doubling * once));
    }

    internal static object Addresses(Input input) => AddressAnalyzer.Analyze(input.Snapshot);

    internal static object CutOff(Input input) => CutOffAnalyzer.Analyze(input.Snapshot, Model(input));

    internal static object Pools(Input input) => PoolAdvisor.Suggest(input.Snapshot, AddressAnalyzer.Analyze(input.Snapshot));

    internal static object Routes(Input input) => RouteAnalyzer.Analyze(input.Kernels, input.Snapshot);

    internal static object RoutesAlone(Input input) => RouteAnalyzer.Analyze(input.Kernels);

    internal static object External(Input input) => ExternalRoutes.Of(input.Kernels, input.Snapshot);

    internal static object Matrix(Input input) => ReachabilityMatrix.Build(Model(input), MigrationEndpoints.Of(input.Snapshot));

    internal static object Services(Input input) => ReachabilityMatrix.Build(
        Model(input),
        MigrationEndpoints.Of(input.Snapshot),
        [
            .. MigrationEndpoints.ByPod(input.Snapshot).Values.Chunk(PodsPerNode)
                .Select((ends, i) => new ReachabilityService("default", $"s{i}", [Cidr.Parse("192.168.0.0/16").AddressAt((UInt128)i + 1)], [.. ends])),
        ]);

    internal static object Sharing(Input input) => input.Kernels.Select(k => k.With(k.Node, [], [])).Sum(k => k.RouteCount);

    /// <summary>A cluster of which half of the blocks lie in other Nodes' PodCIDRs, in the worst case of the tunnel addresses.</summary>
    internal static Input Make(int nodes)
    {
        var all = Enumerable.Range(0, nodes).ToArray();
        var podCidrs = all.Select(i => Cidr.Parse("10.0.0.0/9").Subnet(24, (UInt128)i)).ToArray();
        var blocks = all.Select(i => i % 2 == 0 ? podCidrs[(i + 1) % nodes].Subnet(26, 1) : Cidr.Parse("10.128.0.0/9").Subnet(26, (UInt128)i)).ToArray();
        var addresses = all.Select(i => Cidr.Parse("172.16.0.0/12").AddressAt((UInt128)i + 1)).ToArray();
        var snapshot = new ClusterSnapshot
        {
            Nodes =
            [
                .. all.Select(i => new NodeInfo { Name = $"n{i:0000}", PodCidrs = [podCidrs[i]], InternalIPs = [addresses[i]], CalicoTunnelAddresses = [blocks[i].AddressAt(0)] }),
            ],
            ServiceCidrs = [Cidr.Parse("192.168.0.0/16")],
            CalicoIpam = new CalicoIpam(
                [new IPPool { Name = "pool", Cidr = Cidr.Parse("10.0.0.0/8"), BlockSize = 26 }],
                [.. all.Select(i => new IpamBlock { Name = blocks[i].ToString(), Cidr = blocks[i], Node = $"n{i:0000}" })],
                []),
            Pods =
            [
                .. all.SelectMany(i => Enumerable.Range(1, PodsPerNode).Select(p => new PodInfo
                {
                    Namespace = "default",
                    Name = $"p{i}-{p}",
                    NodeName = $"n{i:0000}",
                    PodIPs = [blocks[i].AddressAt((UInt128)p)],
                })),
            ],
        };
        Route[] toBlocks = [.. all.Select(i => new Route { Destination = blocks[i], Gateway = addresses[i], Device = "tunl0", Protocol = "bird", OnLink = true })];
        Route[] toPodCidrs = [.. all.Select(i => new Route { Destination = podCidrs[i], Gateway = podCidrs[i].AddressAt(1), Device = "antrea-gw0", OnLink = true })];
        var shared = new NodeRoutes("shared", [.. toBlocks, .. toPodCidrs]);
        return new Input(
            snapshot,
            [
                .. all.Select(i => shared.With(
                    $"n{i:0000}",
                    [
                        new Route { Destination = blocks[i], Type = RouteType.Blackhole, Protocol = "bird" },
                        new Route { Destination = podCidrs[i], Device = "antrea-gw0", Protocol = "kernel", Scope = "link", Source = podCidrs[i].AddressAt(1) },
                        new Route { Destination = Cidr.Parse("172.16.0.0/12"), Device = "eth0", Protocol = "kernel", Scope = "link", Source = addresses[i] },
                    ],
                    [toBlocks[i], toPodCidrs[i]])),
            ]);
    }

    private static ReachabilityModel Model(Input input) => ReachabilityModel.FromSnapshot(input.Snapshot) with { MultusRoutes = MultusRoutes.ByPodCidr };

    /// <summary>A cluster and its Nodes' tables.</summary>
    internal sealed record Input(ClusterSnapshot Snapshot, NodeRoutes[] Kernels);
}
