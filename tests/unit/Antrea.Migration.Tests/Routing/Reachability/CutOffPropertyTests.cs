using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;
using CsCheck;

namespace Antrea.Migration.Tests.Routing.Reachability;

/// <summary>Holds <see cref="CutOffAnalyzer"/>, which asks for a few senders, to the predictor asked for every Node and network.</summary>
public class CutOffPropertyTests
{
    private static readonly PodNetworkKind[] Kinds = [PodNetworkKind.Antrea, PodNetworkKind.Multus, PodNetworkKind.Calico, PodNetworkKind.Host];

    /// <summary>Four Nodes with a /26 each, blocks of any length at any place among and beside them, a Pod in each block.</summary>
    private static readonly Gen<(ClusterSnapshot Snapshot, ReachabilityModel Model)> Clusters =
        Gen.Select(
                Gen.Select(Gen.Int[24, 30], Gen.Int[0, 511], Gen.Int[0, 3], Gen.Int[0, 511]).Array[0, 5],
                Gen.Enum<AntreaEncapMode>(), Gen.Bool, Gen.OneOf(MultusRoutes.ByPodCidr, MultusRoutes.V1), Gen.Enum<ReversePathFilter>())
            .Select((blocks, encap, noSnat, routes, filter) =>
            {
                var snapshot = Snapshot(blocks);
                return (snapshot, ReachabilityModel.FromSnapshot(snapshot) with
                {
                    AntreaEncap = encap,
                    NoSnat = noSnat,
                    MultusRoutes = routes,
                    ReversePathFilter = filter,
                });
            });

    [Test]
    public void Unreachable_IsWhatThePredictorSaysOfEveryNode() =>
        Clusters.Sample((snapshot, model) =>
        {
            var predictor = new ReachabilityPredictor(model);
            var analysis = CutOffAnalyzer.Analyze(snapshot, model);
            foreach (var pod in snapshot.Pods)
            {
                var address = pod.PodIPs[0];
                var owner = model.Nodes.FirstOrDefault(n => n.PodCidrs[0].Contains(address));
                var found = analysis.Unreachable.Where(u => u.Pod == pod.ToString()).ToList();
                foreach (var (node, kind) in model.Nodes.SelectMany(n => Kinds.Select(k => (n, k))))
                {
                    if (IsDeaf(predictor, node) && model.AntreaEncap != AntreaEncapMode.Encap && kind is PodNetworkKind.Antrea or PodNetworkKind.Multus)
                    {
                        continue;
                    }

                    var isGateway = owner is not null && owner.PodCidrs[0].AddressAt(1).Equals(address);
                    var expected = owner is not null
                        && ((isGateway && (node == owner || pod.NodeName == owner.Name) && kind is PodNetworkKind.Calico or PodNetworkKind.Host)
                            || predictor.Predict(Sender(predictor, node, kind), ReachabilityEndpoint.Calico(pod.NodeName, address)).Verdict
                                != ReachabilityVerdict.Reachable);
                    Assert.That(
                        found.Count(u => Covers(u.From, kind, node.Name)),
                        Is.EqualTo(expected ? 1 : 0),
                        $"{kind} on {node.Name} to {pod} {address} on {pod.NodeName}: {string.Join("; ", found)}");
                }
            }
        });

    /// <summary>Reads the words back.</summary>
    private static bool Covers(string from, PodNetworkKind kind, string node)
    {
        var name = kind == PodNetworkKind.Host ? "hosts" : $"{kind} Pods";
        if (!from.Contains(name, StringComparison.Ordinal))
        {
            return false;
        }

        var words = from[from.IndexOf(" on ", StringComparison.Ordinal)..].Replace(" (on link)", "", StringComparison.Ordinal);
        return words.StartsWith(" on any Node", StringComparison.Ordinal)
            || (words.StartsWith(" on every Node but ", StringComparison.Ordinal)
                ? !words[" on every Node but ".Length..].Split(" and ").Contains(node)
                : words.Split(',').Any(w => w.Trim() == $"on Node {node}"));
    }

    private static ReachabilityEndpoint Sender(ReachabilityPredictor predictor, ReachabilityNode node, PodNetworkKind kind)
    {
        var outside = IPAddress.Parse("192.0.2.1");
        return kind switch
        {
            PodNetworkKind.Calico => ReachabilityEndpoint.Calico(node.Name, outside),
            PodNetworkKind.Host => ReachabilityEndpoint.Host(node.Name, node.InternalIPs[0]),
            PodNetworkKind.Antrea => ReachabilityEndpoint.Antrea(node.Name, AntreaAddress(predictor, node)),
            _ => ReachabilityEndpoint.Multus(node.Name, outside, AntreaAddress(predictor, node)),
        };
    }

    private static IPAddress AntreaAddress(ReachabilityPredictor predictor, ReachabilityNode node)
    {
        var all = Enumerable.Range(2, 61).Select(i => node.PodCidrs[0].AddressAt((UInt128)i)).ToList();
        return all.Find(a => predictor.Topology.RouteToAntrea(a) == HostRoute.Antrea) ?? all[0];
    }

    /// <summary>Whether Calico's routes take the replies to every Antrea Pod of the Node: whoever they ask, they hear nothing.</summary>
    private static bool IsDeaf(ReachabilityPredictor predictor, ReachabilityNode node) =>
        predictor.Topology.RouteToAntrea(AntreaAddress(predictor, node)) != HostRoute.Antrea;

    private static ClusterSnapshot Snapshot((int Length, int Place, int Node, int Address)[] blocks)
    {
        var space = Cidr.Parse("10.0.0.0/23");
        var ipam = blocks.Select(b => (Block: Cidr.Containing(space.AddressAt((UInt128)b.Place), b.Length), b.Node, b.Address))
            .DistinctBy(b => b.Block)
            .Where((b, i) => !blocks.Take(i).Any(other => Cidr.Containing(space.AddressAt((UInt128)other.Place), other.Length).Overlaps(b.Block)))
            .Select(b => new IpamBlock { Name = b.Block.ToString(), Cidr = b.Block, Node = $"n{b.Node}" })
            .ToImmutableArray();
        return new ClusterSnapshot
        {
            Nodes =
            [
                .. Enumerable.Range(0, 4).Select(i => new NodeInfo
                {
                    Name = $"n{i}",
                    PodCidrs = [space.Subnet(26, (UInt128)i)],
                    InternalIPs = [IPAddress.Parse($"172.18.0.{i + 2}")],
                }),
            ],
            CalicoIpam = new CalicoIpam([], ipam, []),
            Pods =
            [
                .. ipam.Select((b, i) => new PodInfo
                {
                    Namespace = "s",
                    Name = $"p{i}",
                    NodeName = b.Node!,
                    PodIPs = [b.Cidr.AddressAt((UInt128)blocks[i].Address % b.Cidr.AddressCount)],
                    Annotations = ImmutableSortedDictionary<string, string>.Empty.Add(
                        "cni.projectcalico.org/podIP", $"{b.Cidr.AddressAt((UInt128)blocks[i].Address % b.Cidr.AddressCount)}/32"),
                }),
            ],
        };
    }
}
