using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing;
using Antrea.Migration.Routing.Analysis;
using Antrea.Migration.Tests.Generators;
using CsCheck;

namespace Antrea.Migration.Tests.Routing.Analysis;

/// <summary>Kernels that share routes against the same kernels with all routes listed.</summary>
public class SharedRoutesTests
{
    private const int Nodes = 4;

    // Prefixes around four PodCIDRs (10.10.0.0/24 to 10.10.3.0/24): inside, equal, around, beside.
    private static readonly Gen<Cidr> Prefix = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.OneOf(23, 24, 24, 25, 26, 32))
        .Select((third, quarter, length) => Cidr.Containing(new IPAddress([10, 10, (byte)third, (byte)(64 * quarter)]), length));

    private static readonly Gen<Route> AnyRoute = Gen.Select(Prefix, Gen.Int[0, 8], Gen.Int[0, Nodes], Gen.Int[0, 30]).Select((prefix, kind, node, odd) => (kind switch
    {
        0 => new Route { Destination = prefix, Type = RouteType.Blackhole, Protocol = "bird" },
        1 or 2 or 3 => new Route { Destination = prefix, Gateway = Address(node), Device = "tunl0", Protocol = "bird", OnLink = true },
        4 => new Route { Destination = prefix, Gateway = prefix.FirstAddress, Device = "antrea-gw0", OnLink = true },
        5 => new Route { Destination = prefix, Device = "antrea-gw0", Protocol = "kernel", Scope = "link", Source = prefix.FirstAddress },
        6 => new Route { Destination = prefix, Gateway = Address(node), Device = "eth0" },
        7 => new Route { Destination = Cidr.Parse("0.0.0.0/0"), Gateway = odd == 7 ? IPAddress.Parse("169.254.1.1") : Address(node), Device = "eth0" },
        _ => new Route { Destination = Cidr.Parse("172.18.0.0/16"), Device = "eth0", Protocol = "kernel", Scope = "link", Source = Address(node) },
    }) with
    {
        Dead = odd == 0,
        Table = odd is 1 or 2 ? "100" : "main",
        Metric = odd is 3 or 4 ? 5 : 0,
    });

    private static readonly Gen<(Route[] Shared, (Route[] Added, int[] Removed)[] Differences)> Kernels = Gen.Select(
        AnyRoute.Array[0, 14], Gen.Select(AnyRoute.Array[0, 4], Gen.Int[0, 20].Array[0, 5]).Array[1, Nodes]);

    [Test]
    public void Analyze_SharedRoutes_FindsWhatItFindsOfEachKernelByItself([Values] bool withCluster) =>
        Gen.Select(Kernels, Gen.Select(Prefix, Gen.Int[0, Nodes]).Array[0, 6]).Sample(
            (kernels, blocks) =>
            {
                var snapshot = withCluster ? Snapshot(blocks) : null;
                var sharing = Sharing(kernels);
                NodeRoutes[] listed = [.. sharing.Select(n => new NodeRoutes(n.Node, n.Routes, n.Rules))];
                var expected = Words(RouteAnalyzer.Analyze(listed, snapshot));
                Assert.That(Words(RouteAnalyzer.Analyze(sharing, snapshot)), Is.EqualTo(expected));
                Assert.That(Words(RouteAnalyzer.Analyze([.. NodeRoutes.Share(listed)], snapshot)), Is.EqualTo(expected), "shared afterwards");
            },
            iter: 3000);

    [Test]
    public void Lookup_OfASharingKernel_IsThatOfAllItsRoutes() => Gen.Select(Kernels, Prefix.Array[1, 10]).Sample((kernels, asked) =>
    {
        foreach (var node in Sharing(kernels))
        {
            var listed = new NodeRoutes(node.Node, node.Routes, node.Rules);
            Assert.That(node.RouteCount, Is.EqualTo(listed.Routes.Length));
            Assert.That(asked.Select(p => node.Lookup(p.LastAddress)), Is.EqualTo(asked.Select(p => listed.Lookup(p.LastAddress))));
        }
    });

    [Test]
    public void Share_KeepsOrderAndRules_AndSharesOnlyWhatIsAlike()
    {
        Route[] routes = [.. Enumerable.Range(0, 50).Select(i => new Route { Destination = Cidr.Parse($"10.{i}.0.0/16"), Device = "eth0" })];
        var one = new NodeRoutes("one", routes);
        var two = new NodeRoutes("two", routes.Select((r, i) => i == 7 ? r with { Device = "eth1" } : r), [new RouteRule { Priority = 5, Table = "100" }]);
        var three = new NodeRoutes("three", [routes[0]]);
        var shared = NodeRoutes.Share([one, two, three]).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(shared.Select(n => n.Node), Is.EqualTo(["one", "two", "three"]));
            Assert.That(shared.Select(n => n.Difference is null), Is.EqualTo([true, false, true]));
            Assert.That(shared[1].Rules, Is.EqualTo(two.Rules));
            Assert.That(shared[1].Routes, Is.EquivalentTo(two.Routes));
            Assert.That(shared[1].Difference!.Added, Has.Length.EqualTo(1));
        }
    }

    [Test]
    public void Analyze_Cancelled_Ends() => Assert.That(
        () => RouteAnalyzer.Analyze([new NodeRoutes("n", [new Route { Destination = Cidr.Parse("10.0.0.0/8"), Device = "eth0" }])], null, new CancellationToken(canceled: true)),
        Throws.InstanceOf<OperationCanceledException>());

    [Test]
    public void NodeNames_AreTheListWithoutSome() => Gen.Select(Gen.Int[0, 12], Gen.Int[0, 11].Array[0, 8]).Sample((count, without) =>
    {
        string[] all = [.. Enumerable.Range(0, count).Select(i => $"n{i:00}")];
        int[] left = [.. without.Where(w => w < count).Distinct().Order()];
        Assert.That(new NodeNames(all, left), Is.EqualTo(all.Where((_, i) => !left.Contains(i))));
    });

    private static IPAddress Address(int node) => new([172, 18, 0, (byte)(node + 1)]);

    private static NodeRoutes[] Sharing((Route[] Shared, (Route[] Added, int[] Removed)[] Differences) kernels)
    {
        var shared = new NodeRoutes("shared", kernels.Shared);
        return
        [
            .. kernels.Differences.Select((d, i) => shared.With(
                $"n{i}", d.Added, d.Removed.Where(r => r < kernels.Shared.Length).Select(r => kernels.Shared[r]), [new RouteRule { Priority = i }])),
        ];
    }

    private static IEnumerable<string> Words(IEnumerable<RouteConflict> conflicts) =>
        conflicts.Select(c => $"{c.Severity} {c.Id} [{string.Join(' ', c.Nodes)}] {c.Route} | {c.Evidence} | {c.Dies} | {c.Remedy}");

    private static ClusterSnapshot Snapshot((Cidr Prefix, int Owner)[] blocks) => new()
    {
        Nodes =
        [
            .. Enumerable.Range(0, Nodes).Select(i => new NodeInfo { Name = $"n{i}", PodCidrs = [Cidr.Parse($"10.10.{i}.0/24")], InternalIPs = [Address(i)] }),
        ],
        CalicoIpam = new CalicoIpam(
            [new IPPool { Name = "pool", Cidr = Cidr.Parse("10.10.0.0/16"), BlockSize = 26 }],
            [.. blocks.DistinctBy(b => b.Prefix).Select(b => new IpamBlock { Name = b.Prefix.ToString(), Cidr = b.Prefix, Node = b.Owner == Nodes ? null : $"n{b.Owner}" })],
            []),
    };
}
