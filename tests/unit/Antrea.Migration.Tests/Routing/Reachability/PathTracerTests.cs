using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Routing;
using Antrea.Migration.Routing.Reachability;
using CsCheck;
using static Antrea.Migration.Tests.Routing.Reachability.ReachabilityFixture;

namespace Antrea.Migration.Tests.Routing.Reachability;

public class PathTracerTests
{
    /// <summary>Behind it a place stands for the block's last address, which a PodCIDR around it may have for broadcasts.</summary>
    private const int LastPlaces = 16;

    // As the lab's fabric is drawn in the differential test: blocks that do not overlap, each Node's tunnel address the first of its block.
    private static readonly Gen<(ReachabilityModel Model, List<ReachabilityEndpoint> Endpoints)> Clusters =
        from nodes in Gen.Select(Gen.Int[0, 6], Gen.Int[0, 3], Gen.Int[23, 27], Gen.Int[0, 3], Gen.Int[0, 1]).Array[3, 6]
        from places in Gen.Int[2, 20].Array[12]
        from modes in Gen.Select(
            Gen.Enum<AntreaEncapMode>(), Gen.Enum<ReversePathFilter>(), Gen.OneOf(MultusRoutes.V1, MultusRoutes.V2, MultusRoutes.ByPodCidr),
            Gen.Enum<EncapsulationMode>())
        from flags in Gen.Int[0, 127]
        select Cluster(nodes, places, modes, flags);

    [Test]
    public void Traces_EndAsTheRulesSay() => Clusters.Sample(
        (model, endpoints) =>
        {
            var (predictor, tracer) = (new ReachabilityPredictor(model), new PathTracer(model));
            foreach (var (from, to) in endpoints.SelectMany(from => endpoints.Where(to => to != from).Select(to => (from, to))))
            {
                var predicted = predictor.Predict(from, to);
                if (predicted.Verdict == ReachabilityVerdict.Degraded)
                {
                    continue;
                }

                var trace = tracer.Trace(from, to);
                var story = $"{from} to {to}, {model.AntreaEncap} {model.ReversePathFilter} {model.MultusRoutes} noSNAT {model.NoSnat} {model.Pools[0]}\n"
                    + $"{string.Join(' ', model.Nodes.Select(n => $"{n.Name}:{n.PodCidrs[0]}"))} {string.Join(' ', model.Blocks)}\n"
                    + $"predicted {predicted.Verdict}: {predicted.Reason} ({predicted.SourceSeen})\n" + string.Join('\n', trace.Hops);
                Assert.That(trace.Hops.Any(h => h.IsLost), Is.EqualTo(predicted.Verdict == ReachabilityVerdict.Unreachable), story);
                if (predicted.SourceSeen is { } seen)
                {
                    Assert.That(trace.Hops.First(h => h.What.StartsWith("arrives", StringComparison.Ordinal)).What, Does.EndWith($" {seen}"), story);
                }
            }
        },
        iter: 300);

    [Test]
    public void TracesOfServices_EndAsTheRulesSay() => Clusters.Sample(
        (model, endpoints) =>
        {
            var clusterIP = IPAddress.Parse("10.96.0.10");
            model = model with
            {
                ServiceCidrs = model.EgressEnabled ? [Cidr.Parse("10.96.0.0/16")] : [],
                KubeProxyClusterCidrs = model.KubeProxyDropsInvalid ? [] : [Cidr.Parse("10.10.2.0/23")],
            };
            var (predictor, tracer) = (new ReachabilityPredictor(model), new PathTracer(model));
            foreach (var (from, to) in endpoints.SelectMany(from => endpoints.Where(to => to != from).Select(to => (from, to))))
            {
                var predicted = predictor.PredictService(from, to, clusterIP);
                if (predicted.Verdict == ReachabilityVerdict.Degraded)
                {
                    continue;
                }

                var trace = tracer.Trace(from, to, clusterIP);
                var story = $"{from} to {to}, {model.AntreaEncap} {model.ReversePathFilter} {model.MultusRoutes} noSNAT {model.NoSnat} {model.Pools[0]}\n"
                    + $"{string.Join(' ', model.Nodes.Select(n => $"{n.Name}:{n.PodCidrs[0]}"))} {string.Join(' ', model.Blocks)}\n"
                    + $"predicted {predicted.Verdict}: {predicted.Reason} ({predicted.SourceSeen})\n" + string.Join('\n', trace.Hops);
                Assert.That(trace.Hops.Any(h => h.IsLost), Is.EqualTo(predicted.Verdict == ReachabilityVerdict.Unreachable), story);
                Assert.That(trace.Hops.Count(h => h.Packet == "request" && h.What.Contains("10.96.0.10 becomes", StringComparison.Ordinal)), Is.EqualTo(1), story);
                if (predicted.SourceSeen is { } seen)
                {
                    Assert.That(trace.Hops.First(h => h.What.StartsWith("arrives", StringComparison.Ordinal)).What, Does.EndWith($" {seen}"), story);
                    Assert.That(trace.Hops.Last(h => h.Packet == "reply").What, Does.EndWith(" 10.96.0.10"), story);
                }
            }
        },
        iter: 300);

    [Test]
    public void ASavedTable_DecidesAgainstWhatIsExpected()
    {
        var model = Model();
        const string Table = "default via 172.18.0.254 dev eth0\n10.10.2.0/24 via 10.10.2.1 dev antrea-gw0 onlink\n10.10.1.0/24 dev antrea-gw0 proto kernel scope link src 10.10.1.1";
        var withoutBlock = new NodeRoutes("x", RouteParser.Parse(Table, "x").Routes);
        var stale = new NodeRoutes("x", RouteParser.Parse(Table + "\n10.10.2.0/26 via 172.18.0.3 dev tunl0 proto bird onlink", "x").Routes);
        var missing = new PathTracer(model, [withoutBlock]).Trace(CalicoX(model), CalicoS);
        var shadowed = new PathTracer(model, [stale]).Trace(HostX, AntreaS);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(missing.Answer.Verdict, Is.EqualTo(ReachabilityVerdict.Unreachable));
            Assert.That((missing.Answer.Cause, missing.Answer.LostAt), Is.EqualTo((ReachabilityCause.UnexpectedRoute, "the host of x")));
            Assert.That(missing.Hops[^1].What, Does.Contain("leaves the cluster"));
            Assert.That(shadowed.Answer.Verdict, Is.EqualTo(ReachabilityVerdict.Unreachable));
            Assert.That(shadowed.Hops.Select(h => h.What), Has.Some.Contain("10.10.2.0/26 via 172.18.0.3 dev tunl0"));
            Assert.That(new PathTracer(model).Trace(HostX, AntreaS).Answer.Verdict, Is.EqualTo(ReachabilityVerdict.Reachable), "without the table");
        }
    }

    [Test]
    public void ASavedTable_OfTheOtherFamily_DecidesNothing()
    {
        var model = Model() with
        {
            Nodes = [.. Model().Nodes.Select((n, i) => n with { PodCidrs = [.. n.PodCidrs, Cidr.Parse($"fd00:{i}::/64")], InternalIPs = [.. n.InternalIPs, IPAddress.Parse($"fd01::{i + 1}")] })],
        };
        var saved = new NodeRoutes("x", RouteParser.Parse("default via 172.18.0.254 dev eth0\n10.10.2.0/24 via 10.10.2.1 dev antrea-gw0 onlink\n", "x").Routes);
        var (from, to) = (ReachabilityEndpoint.Host("x", IPAddress.Parse("fd01::1")), ReachabilityEndpoint.Antrea("s", IPAddress.Parse("fd00:1::9")));
        Assert.That(new PathTracer(model, [saved]).Trace(from, to), Has.Property(nameof(PathTrace.Answer)).EqualTo(new PathTracer(model).Trace(from, to).Answer));
        Assert.That(new PathTracer(model).Trace(from, to).Answer.Verdict, Is.EqualTo(ReachabilityVerdict.Reachable));
    }

    private static (ReachabilityModel, List<ReachabilityEndpoint>) Cluster(
        (int Where, int Quarter, int Length, int PodCidr, int Subnet)[] nodes, int[] places,
        (AntreaEncapMode Encap, ReversePathFilter Filter, MultusRoutes Multus, EncapsulationMode Tunnel) modes, int flags)
    {
        var isApart = (flags & 3) == 3;
        var blocks = new List<Cidr>();
        foreach (var (node, i) in nodes.Select((node, i) => (node, i)))
        {
            var block = Cidr.Containing(
                new IPAddress([10, (byte)(isApart ? 20 : 10), (byte)(node.Where < nodes.Length ? node.Where : 100 + (2 * i)), (byte)(node.Quarter * 64)]), node.Length);
            blocks.Add(blocks.Exists(b => b.Overlaps(block)) ? Cidr.Parse($"10.{(isApart ? 20 : 10)}.{150 + i}.0/26") : block);
        }

        Cidr PodCidr(int i) => Cidr.Parse($"10.10.{i}.0/{(nodes[i].PodCidr == 0 ? 26 : 24)}");
        var model = new ReachabilityModel
        {
            Nodes =
            [
                .. nodes.Select((n, i) => new ReachabilityNode
                {
                    Name = $"n{i}",
                    PodCidrs = [PodCidr(i)],
                    InternalIPs = [IPAddress.Parse($"172.18.{n.Subnet}.{i + 1}")],
                    TunnelAddresses = [blocks[i].FirstAddress],
                    Subnet = Cidr.Parse($"172.18.{n.Subnet}.0/24"),
                }),
            ],
            Blocks = [.. blocks.Select((b, i) => new ReachabilityBlock(b, $"n{i}"))],
            Pools = [new(Cidr.Parse(isApart ? "10.20.0.0/16" : "10.10.0.0/16"), (flags & 4) == 0, Encapsulation: modes.Tunnel)],
            AntreaEncap = modes.Encap,
            ReversePathFilter = modes.Filter,
            MultusRoutes = modes.Multus,
            NoSnat = (flags & 24) == 24,
            KubeProxyDropsInvalid = (flags & 32) == 0,
            EgressEnabled = (flags & 64) == 0,
        };
        var endpoints = nodes.SelectMany((n, i) => (ReachabilityEndpoint[])
        [
            ReachabilityEndpoint.Host($"n{i}", model.Nodes[i].InternalIPs[0]),
            ReachabilityEndpoint.Calico($"n{i}", places[i * 2] > LastPlaces ? blocks[i].LastAddress : blocks[i].AddressAt((UInt128)places[i * 2])),
            ReachabilityEndpoint.Multus($"n{i}", blocks[i].AddressAt((UInt128)places[i * 2] + 1), PodCidr(i).AddressAt((UInt128)places[(i * 2) + 1] + 1)),
            ReachabilityEndpoint.Antrea($"n{i}", PodCidr(i).AddressAt((UInt128)places[(i * 2) + 1])),
        ]).ToList();

        // The rules know ranges only: where two have one address, or a gateway's or tunnel's, either may answer.
        var taken = endpoints.SelectMany(e => ((IPAddress?[])[e.Address, e.Kind == PodNetworkKind.Multus ? e.AntreaAddress : null]).OfType<IPAddress>())
            .Concat(model.Nodes.SelectMany(n => (IPAddress[])[n.TunnelAddresses[0], n.PodCidrs[0].AddressAt(1)]))
            .CountBy(a => a).Where(a => a.Value > 1).Select(a => a.Key).ToHashSet();
        return (model, endpoints.Where(e => !taken.Contains(e.Address) && !(e.AntreaAddress is { } a && taken.Contains(a))).ToList());
    }
}
