using System.Collections.Immutable;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Routing.Reachability;
using CsCheck;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>The sample of a big matrix: nothing that could differ is left out, and it stays small.</summary>
public class MatrixRingTests
{
    private static readonly PodNetworkKind?[] Networks = [PodNetworkKind.Calico, PodNetworkKind.Antrea, PodNetworkKind.Multus, null];

    private static readonly Gen<ImmutableArray<MatrixEndpoint>> Clusters =
        from nodes in Gen.Int[1, 12]
        from classes in Gen.Int[0, 3].Array[nodes]
        from pods in Gen.Select(Gen.Int[0, nodes - 1], Gen.Int[0, 4], Gen.Int[0, 3], Gen.Int[0, 2], Gen.Bool).Array[0, 40]
        select pods.Select((p, i) => new MatrixEndpoint
        {
            Name = $"default/pod-{i}",
            Workload = $"default/app-{p.Item2}",
            Node = $"node-{p.Item1}",
            NodeClass = $"class {classes[p.Item1]}",
            Network = Networks[p.Item3],
            Address = $"10.0.{p.Item1}.{i}",
            Ports = [.. Enumerable.Range(80, p.Item4)],
            CanSend = p.Item5,
        }).ToImmutableArray();

    [Test]
    public void Sample_AnyCluster_CoversEveryClassOfNodePairsAndOfPodsThatHasPairs() =>
        Gen.Select(Clusters, Gen.Int[1, 4], Gen.Int[0, 100]).Sample(
            (cluster, neighbours, seed) =>
            {
                var all = MatrixPairs.AllToAll(cluster);
                var sample = MatrixPairs.Ring(cluster, neighbours, seed);
                return NodePairClasses(sample).SetEquals(NodePairClasses(all))
                    && sample.Select(p => p.Source.PodClass).ToHashSet().SetEquals(all.Select(p => p.Source.PodClass))
                    && sample.Select(p => p.Destination.PodClass).ToHashSet().SetEquals(all.Select(p => p.Destination.PodClass));
            },
            iter: 2000);

    [Test]
    public void Sample_AnyCluster_HoldsPairsOnceAndOnlySuchAsThereAre() =>
        Gen.Select(Clusters, Gen.Int[1, 4]).Sample(
            (cluster, neighbours) =>
            {
                var sample = MatrixPairs.Ring(cluster, neighbours, 1);
                return sample.Distinct().Count() == sample.Length && !sample.Except(MatrixPairs.AllToAll(cluster)).Any();
            },
            iter: 500);

    [Test]
    public void Sample_ABigCluster_GrowsWithItsNodes()
    {
        var cluster = Uniform(nodes: 1000, podsPerNode: 10);
        var sample = MatrixPairs.Ring(cluster, 3, 0);
        var senders = sample.GroupBy(p => p.Source.Node).Select(g => g.Select(p => p.Destination.Node).Where(n => n != g.Key).Distinct().Count()).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sample, Has.Length.EqualTo(4000), "three others and itself");
            Assert.That(senders, Has.Count.EqualTo(1000).And.All.EqualTo(3));
            Assert.That(sample.GroupBy(p => p.Destination.Node).Select(g => g.Count()), Has.All.EqualTo(4));
        }
    }

    [Test]
    public void Sample_OneNodeMore_ChangesItsNeighboursOnly()
    {
        var cluster = Uniform(nodes: 100, podsPerNode: 1);
        var before = MatrixPairs.Ring(cluster, 3, 7);
        var after = MatrixPairs.Ring([.. cluster, .. Uniform(101, 1).Where(e => e.Node == "node-100")], 3, 7);
        Assert.That(before.Except(after).Count(), Is.EqualTo(3), "three pairs span the place where the Node has come to stand");
    }

    [Test]
    public void Sample_Seeds_DecideAlone()
    {
        var cluster = Uniform(nodes: 50, podsPerNode: 3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(MatrixPairs.Ring(cluster, 2, 1), Is.EqualTo(MatrixPairs.Ring(Uniform(50, 3), 2, 1)));
            Assert.That(MatrixPairs.Ring(cluster, 2, 1), Is.Not.EqualTo(MatrixPairs.Ring(cluster, 2, 2)));
            Assert.That(() => MatrixPairs.Ring(cluster, 0, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    /// <summary>Equality of records compares ports by reference, so endpoints are made once.</summary>
    private static readonly Dictionary<(int, int), MatrixEndpoint> Made = [];

    private static ImmutableArray<MatrixEndpoint> Uniform(int nodes, int podsPerNode) =>
    [
        .. Enumerable.Range(0, nodes).SelectMany(_ => Enumerable.Range(0, podsPerNode), (node, pod) =>
        {
            lock (Made)
            {
                return Made.TryGetValue((node, pod), out var made) ? made : Made[(node, pod)] = new MatrixEndpoint
                {
                    Name = $"default/pod-{node}-{pod}", Workload = "default/app", Node = $"node-{node}", Address = $"10.{node / 250}.{node % 250}.{pod}", Ports = [80],
                };
            }
        }),
    ];

    private static HashSet<(string, string, bool)> NodePairClasses(ImmutableArray<MatrixPair> pairs) =>
        [.. pairs.Select(p => (p.Source.NodeClass, p.Destination.NodeClass, p.Source.Node == p.Destination.Node))];
}
