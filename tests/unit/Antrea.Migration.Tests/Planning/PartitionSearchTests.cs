using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Tests.Reference.Planning;
using CsCheck;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PartitionSearchTests
{
    private static readonly Gen<(FlowGraph Graph, int Size)> Small =
        from nodes in Gen.Int[2, 9]
        from edges in Gen.Select(Gen.Int[0, nodes - 1], Gen.Int[0, nodes - 1], Gen.Long[1, 20]).Array[0, 24]
        from size in Gen.Int[1, nodes - 1]
        select (new FlowGraph(nodes, edges), size);

    private static readonly Gen<(int Nodes, ImmutableArray<FlowEnds> Flows, int Size, int Marks)> Flows =
        from nodes in Gen.Int[2, 8]
        from workloads in Gen.Int[0, nodes].Array[0, 6].Array[1, 5]
        from flows in Gen.Select(Gen.Int[0, workloads.Length - 1], Gen.Int[0, workloads.Length - 1], Gen.Long[1, WorkloadFlow.MostWeight]).Array[0, 8]
        from size in Gen.Int[1, nodes - 1]
        from marks in Gen.Int[0, 255]
        let pods = workloads.Select((w, i) => w.Select((node, j) => PodOn($"n{node}", $"w{i}-{j}")).ToImmutableArray()).ToList()
        select (nodes, flows.Select(f => new FlowEnds(new WorkloadFlow($"w{f.Item1}", $"w{f.Item2}", f.Item3), pods[f.Item1], pods[f.Item2])).ToImmutableArray(), size, marks);

    [Test]
    public void Find_AnyGraph_IsASetOfTheSizeAndNeverBelowTheLeastCut() => Small.Sample(
        s =>
        {
            var found = PartitionSearch.Find(s.Graph, s.Size);
            var inside = Mark(s.Graph, found);
            Assert.That(found, Has.Length.EqualTo(s.Size).And.Ordered.And.Unique);
            Assert.That(s.Graph.Cut(inside), Is.EqualTo(ExhaustiveCut.CutOf(s.Graph, inside)));
            Assert.That(s.Graph.Cut(inside), Is.GreaterThanOrEqualTo(ExhaustiveCut.Least(s.Graph, s.Size)));
        },
        iter: 300);

    /// <summary>A heuristic, but from every Node of a small cluster: it misses the least cut about never. Fixed seeds, so that the share is the same everywhere.</summary>
    [Test]
    public void Find_SmallGraphs_IsTheLeastCut()
    {
        var misses = 0;
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var nodes = random.Next(4, 11);
            var graph = new FlowGraph(nodes, Enumerable.Range(0, random.Next(nodes, 3 * nodes)).Select(_ => (random.Next(nodes), random.Next(nodes), random.NextInt64(1, 20))));
            var size = random.Next(1, nodes);
            misses += graph.Cut(Mark(graph, PartitionSearch.Find(graph, size))) > ExhaustiveCut.Least(graph, size) ? 1 : 0;
        }

        Assert.That(misses, Is.LessThanOrEqualTo(5));
    }

    /// <summary>Groups of Nodes that talk among themselves: the cut goes round one of them, in a cluster too large to try every start.</summary>
    [Test]
    public void Find_GroupsOfNodes_CutsBetweenThem()
    {
        const int groups = 5, size = 20;
        var random = new Random(7);
        var edges = Enumerable.Range(0, 4000).Select(_ =>
        {
            var (group, isWithin) = (random.Next(groups), random.Next(40) > 0);
            return ((group * size) + random.Next(size), ((isWithin ? group : random.Next(groups)) * size) + random.Next(size), 10L);
        });

        var found = PartitionSearch.Find(new FlowGraph(groups * size, edges), size);

        Assert.That(found.Select(n => n / size).Distinct().Count(), Is.EqualTo(1));
    }

    /// <summary>The twin keeps every pair of Nodes, flow by flow.</summary>
    [Test]
    public void Of_AnyFlows_IsWhatTheirPairsAddUpTo() => Flows.Sample(
        s =>
        {
            ImmutableArray<string> nodes = [.. Enumerable.Range(0, s.Nodes).Select(n => $"n{n}")];
            var graph = FlowGraph.Of(nodes, s.Flows);
            var pairs = PairwiseFlows.Of(nodes, s.Flows);
            var twin = new FlowGraph(nodes.Length, pairs.Select(p => (p.Key.One, p.Key.Other, p.Value)));
            var inside = Enumerable.Range(0, s.Nodes).Select(n => (s.Marks >> n & 1) == 1).ToArray();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(graph.Cut(inside), Is.EqualTo(pairs.Where(p => inside[p.Key.One] != inside[p.Key.Other]).Sum(p => p.Value)));
                Assert.That(graph.Degrees(), Is.EqualTo(twin.Degrees()));
                Assert.That(graph.ToInside(inside), Is.EqualTo(twin.ToInside(inside)));
                Assert.That(PartitionSearch.Find(graph, s.Size), Is.EqualTo(PartitionSearch.Find(twin, s.Size)));
                foreach (var (one, other) in Enumerable.Range(0, s.Nodes).SelectMany(o => Enumerable.Range(0, o), (one, other) => (one, other)))
                {
                    Assert.That(graph.Between(one, other), Is.EqualTo(pairs.GetValueOrDefault((other, one))), $"{one} and {other}");
                    Assert.That(graph.Between(other, one), Is.EqualTo(graph.Between(one, other)));
                    Assert.That(graph.Of(one).Where(w => w.Other == other).Sum(w => w.Weight), Is.EqualTo(graph.Between(one, other)));
                }
            }
        },
        iter: 200);

    /// <summary>A DaemonSet that asks another has a pair on every two Nodes: a million here.</summary>
    [Test]
    public void Of_DaemonSetsOnAThousandNodes_IsNoLargerThanTheirPods()
    {
        const int count = 1000, sets = 10;
        ImmutableArray<string> nodes = [.. Enumerable.Range(0, count).Select(n => $"n{n}")];
        var pods = Enumerable.Range(0, sets).Select(s => nodes.Select((n, i) => PodOn(n, $"set-{s}-{i}")).ToImmutableArray()).ToList();
        ImmutableArray<FlowEnds> flows = [.. pods.SelectMany(from => pods.Where(to => to != from), (from, to) => new FlowEnds(new WorkloadFlow("a", "b"), from, to))];
        FlowGraph.Of(nodes, flows);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var graph = FlowGraph.Of(nodes, flows);

        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Out.WriteLine($"{bytes} bytes");
        GC.KeepAlive(flows);
        Assert.That(bytes, Is.LessThan(count * 1000));
        Assert.That(PartitionSearch.Find(graph, count / 4), Has.Length.EqualTo(count / 4));
    }

    [TestCase(0)]
    [TestCase(3)]
    public void Find_ASizeThatLeavesNoTwoParts_IsRefused(int size) =>
        Assert.That(() => PartitionSearch.Find(new FlowGraph(3, []), size), Throws.TypeOf<ArgumentOutOfRangeException>());

    private static PodInfo PodOn(string node, string name) => new() { Namespace = "default", Name = name, NodeName = node };

    private static bool[] Mark(FlowGraph graph, int[] nodes) => [.. Enumerable.Range(0, graph.Nodes).Select(nodes.Contains)];
}
