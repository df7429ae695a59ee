using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing;
using Antrea.Migration.Routing.Analysis;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migration.Tests.Reference.Addressing;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>A whole dual-stack cluster: five blocks and thirty Pods a Node, half of the blocks in PodCIDRs.</summary>
/// <remarks>Fixed seed. Every Node has the cluster's 30,000 routes but for ten of its own; each is asked for its thirty
/// Pods' neighbours on other Nodes.</remarks>
[MemoryDiagnoser]
public class WholeClusterBenchmarks
{
    private const int SharedRoutes = 30_000;
    private const int OwnRoutes = 10;
    private const int PodsPerNode = 30;

    private ClusterSnapshot _snapshot = new();
    private CidrEntry<string>[] _blocks = [];
    private CidrEntry<string>[] _podCidrs = [];
    private RouteInput _routes = new([], [], []);
    private AddressAnalysis? _analysis;
    private NodeRoutes[] _kernels = [];

    public static IEnumerable<int> Sizes => Scale.Of(100, 1000, 5000);

    [ParamsSource(nameof(Sizes))]
    public int Nodes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(20231014);
        _routes = RouteInput.Of(SharedRoutes, "IPv4");
        var (cluster4, cluster6) = (Cidr.Parse("10.0.0.0/8"), Cidr.Parse("fd00:10::/40"));

        // Twice as many places for PodCIDRs as Nodes, so that half of the blocks miss.
        var places = Enumerable.Range(0, Nodes * 2 * 4).ToArray();
        random.Shuffle(places);
        _blocks =
        [
            .. places.Take(Nodes * 5)
                .Select((p, i) => new CidrEntry<string>(cluster4.Subnet(26, (UInt128)p), Node(i % Nodes))),
        ];
        _podCidrs =
        [
            .. Enumerable.Range(0, Nodes).Select(i => new CidrEntry<string>(cluster4.Subnet(24, (UInt128)i), Node(i))),
            .. Enumerable.Range(0, Nodes).Select(i => new CidrEntry<string>(cluster6.Subnet(64, (UInt128)i), Node(i))),
        ];
        _snapshot = new ClusterSnapshot
        {
            Nodes =
            [
                .. Enumerable.Range(0, Nodes).Select(i => new NodeInfo
                {
                    Name = Node(i),
                    InternalIPs = [Cidr.Parse("192.168.0.0/16").AddressAt((UInt128)i + 1)],
                    PodCidrs = [_podCidrs[i].Cidr, _podCidrs[Nodes + i].Cidr],
                    CalicoTunnelAddresses = [_blocks[i].Cidr.AddressAt(0)],
                }),
            ],
            Pods =
            [
                .. Enumerable.Range(0, Nodes * PodsPerNode).Select(i => new PodInfo
                {
                    Namespace = "default",
                    Name = $"pod{i}",
                    NodeName = Node(i % Nodes),
                    PodIPs = [_blocks[i % _blocks.Length].Cidr.AddressAt((UInt128)(i / _blocks.Length) + 1)],
                }),
            ],
            ServiceCidrs = [Cidr.Parse("172.20.0.0/16")],
            CalicoIpam = new CalicoIpam(
                [new IPPool { Name = "default-ipv4-ippool", Cidr = cluster4, BlockSize = 26 }],
                [.. _blocks.Select(b => new IpamBlock { Name = b.Cidr.ToString(), Cidr = b.Cidr, Node = b.Value })],
                []),
        };
        var slow = Nodes > 1000
            ? new CidrTable<string>(_blocks).CountOverlaps(new CidrTable<string>(_podCidrs))
            : PairwiseLoop();
        if (AddressAnalysis() != slow || slow == 0)
        {
            throw new InvalidOperationException("The analysis and the pairwise loop disagree, or find nothing.");
        }

        _analysis = AddressAnalyzer.Analyze(_snapshot);
        _kernels = [.. Kernels()];
        if (PoolAdvice() == 0 || CutOff() == 0 || RouteAnalysis() == 0)
        {
            throw new InvalidOperationException("Nothing is cut off, in the way, or suggested.");
        }

        if (PoolAdvisor.Suggest(_snapshot, _analysis).Pools.Any(p => _analysis.Ranges.Any(r => r.Cidr.Overlaps(p.Cidr))))
        {
            throw new InvalidOperationException("A suggested pool touches a range in use.");
        }

        if (Nodes <= 1000)
        {
            AgreeOnPairs();
        }

        var some = _kernels.Take(5).ToArray();
        if (!Words(some).SequenceEqual(Words([.. some.Select(k => new NodeRoutes(k.Node, k.Routes, k.Rules))])))
        {
            throw new InvalidOperationException("Shared and listed routes are judged differently.");
        }

        var taken = TakenFrom(7).ToHashSet();
        var listed = new RouteTable([.. OwnOf(7), .. _routes.Routes.Where(r => !taken.Contains(r))]);
        var different = new RouteTable(_routes.Routes).With(OwnOf(7), TakenFrom(7));
        if (_routes.Covered.Any(d => listed.Lookup(d) != different.Lookup(d)))
        {
            throw new InvalidOperationException("A Node's table and its difference to the shared one disagree.");
        }
    }

    /// <summary>Who is cut off, PodCIDR by PodCIDR; and the matrix of the first endpoints, pair by pair.</summary>
    private void AgreeOnPairs()
    {
        var cutOff = CutOffAnalyzer.Analyze(_snapshot, Model).Unreachable.Select(u => u.Pod).ToHashSet();
        if (!_snapshot.Pods.All(p => cutOff.Contains(p.ToString()) == _podCidrs.Any(c => c.Cidr.Contains(p.PodIPs[0]))))
        {
            throw new InvalidOperationException("Other Pods are cut off than have addresses in PodCIDRs.");
        }

        var predictor = new ReachabilityPredictor(Model);
        ReachabilityEndpoint[] some = [.. MigrationEndpoints.Of(_snapshot).Where(e => e.Address.AddressFamily == AddressFamily.InterNetwork).Take(200)];
        var matrix = ReachabilityMatrix.Build(Model, some);
        foreach (var verdict in Enum.GetValues<ReachabilityVerdict>())
        {
            if (matrix.Pairs(verdict) != some.Index().Sum(from => some.Index().Count(to => to.Index != from.Index && predictor.Predict(from.Item, to.Item).Verdict == verdict)))
            {
                throw new InvalidOperationException($"The matrix and the pairs disagree on how many are {verdict}.");
            }
        }
    }

    /// <summary>For the scale: every block against every PodCIDR, which says nothing about Pods and finds no
    /// words.</summary>
    [Benchmark]
    public int PairwiseLoop() =>
        new LinearCidrTable<string>(_blocks).OverlapsWith(new LinearCidrTable<string>(_podCidrs)).Count;

    [Benchmark(Baseline = true)]
    public int AddressAnalysis() => AddressAnalyzer.Analyze(_snapshot).Overlaps.Length;

    [Benchmark]
    public int RoutesOfAllNodes()
    {
        var shared = new RouteTable(_routes.Routes);
        var found = 0;
        for (var node = 0; node < Nodes; node++)
        {
            var table = shared.With(OwnOf(node), TakenFrom(node));
            for (var pod = 0; pod < PodsPerNode; pod++)
            {
                found += table.Lookup(_routes.Covered[((node * PodsPerNode) + pod) % RouteInput.Destinations]) is null ? 0 : 1;
            }
        }

        return found;
    }

    /// <summary>Which Pods, workloads and Services are cut off from whom.</summary>
    [Benchmark]
    public int CutOff() => CutOffAnalyzer.Analyze(_snapshot, Model).Unreachable.Length;

    /// <summary>Where a new pool fits.</summary>
    [Benchmark]
    public int PoolAdvice() => PoolAdvisor.Suggest(_snapshot, _analysis!).Pools.Length;

    /// <summary>Conflicts in every Node's table: a route to each block and PodCIDR of the cluster (six a Node), shared but for the Node's own.</summary>
    [Benchmark]
    public int RouteAnalysis() => RouteAnalyzer.Analyze(_kernels, _snapshot).Length;

    /// <summary>Who reaches whom, every Pod as what it is and becomes.</summary>
    [Benchmark]
    public int Matrix() => ReachabilityMatrix.Build(Model, MigrationEndpoints.Of(_snapshot)).Cells.Length;

    private ReachabilityModel Model => ReachabilityModel.FromSnapshot(_snapshot) with { MultusRoutes = MultusRoutes.ByPodCidr };

    private IEnumerable<string> Words(NodeRoutes[] kernels) =>
        RouteAnalyzer.Analyze(kernels, _snapshot).Select(c => $"{c.Id} {string.Join(' ', c.Nodes)} {c.Route} {c.Evidence} {c.Dies}");

    private IEnumerable<NodeRoutes> Kernels()
    {
        var nodes = _snapshot.Nodes;
        var addresses = nodes.Select(n => n.InternalIPs[0]).ToArray();
        Route[] toBlocks =
        [
            .. _blocks.Select((b, i) => new Route { Destination = b.Cidr, Gateway = addresses[i % Nodes], Device = "tunl0", Protocol = "bird", OnLink = true }),
        ];
        Route[] toPodCidrs =
        [
            .. Enumerable.Range(0, Nodes).Select(i => new Route { Destination = _podCidrs[i].Cidr, Gateway = _podCidrs[i].Cidr.AddressAt(1), Device = "antrea-gw0", OnLink = true }),
        ];
        var shared = new NodeRoutes("shared", [.. toBlocks, .. toPodCidrs, new Route { Destination = Cidr.Parse("0.0.0.0/0"), Gateway = IPAddress.Parse("192.168.255.254"), Device = "eth0" }]);
        for (var i = 0; i < Nodes; i++)
        {
            var own = Enumerable.Range(0, toBlocks.Length / Nodes).Select(b => toBlocks[(b * Nodes) + i]).ToList();
            yield return shared.With(
                Node(i),
                [
                    .. own.Select(r => new Route { Destination = r.Destination, Type = RouteType.Blackhole, Protocol = "bird" }),
                    .. own.SelectMany(r => Enumerable.Range(1, 6).Select(p => new Route { Destination = Cidr.Host(r.Destination.AddressAt((UInt128)p)), Device = "cali0", Scope = "link" })),
                    new Route { Destination = _podCidrs[i].Cidr, Device = "antrea-gw0", Protocol = "kernel", Scope = "link", Source = _podCidrs[i].Cidr.AddressAt(1) },
                ],
                [.. own, toPodCidrs[i]]);
        }
    }

    private static string Node(int i) => $"node{i}";

    private IEnumerable<Route> OwnOf(int node) => TakenFrom(node).Select(r => r with { Device = "cali0" });

    private Route[] TakenFrom(int node) =>
        [.. Enumerable.Range(0, OwnRoutes).Select(i => _routes.Routes[((node * OwnRoutes) + i) % SharedRoutes])];
}
