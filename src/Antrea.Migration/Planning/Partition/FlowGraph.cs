using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>A flow with the Pods at its ends.</summary>
/// <param name="Flow">The flow.</param>
/// <param name="Clients">Who opens its connections.</param>
/// <param name="Servers">Who takes them.</param>
internal sealed record FlowEnds(WorkloadFlow Flow, ImmutableArray<PodInfo> Clients, ImmutableArray<PodInfo> Servers)
{
    /// <summary>How many of its pairs are on two Nodes that <paramref name="between"/> picks, and how many there are; a Pod and itself are no pair.</summary>
    public (long Picked, long All) Count(Func<string, string, bool> between)
    {
        var servers = Servers.GroupBy(p => p.NodeName).Select(g => (Node: g.Key, Count: g.LongCount())).ToList();
        var same = Clients.Intersect(Servers).LongCount();
        var picked = Clients.GroupBy(p => p.NodeName)
            .Sum(c => c.LongCount() * servers.Where(s => s.Node != c.Key && between(c.Key, s.Node)).Sum(s => s.Count));
        return (picked, ((long)Clients.Length * Servers.Length) - same);
    }
}

/// <summary>How much flows between every two Nodes, in either direction.</summary>
/// <remarks>A flow's weight is spread evenly over its pairs of Pods. Immutable.</remarks>
internal sealed class FlowGraph
{
    /// <summary>What a flow of weight 1 counts when all of it is cut; whole numbers keep sums the same in whichever order.</summary>
    public const long Unit = 1_000_000;

    private readonly Dictionary<int, long>[] _weights;

    /// <summary>A graph by its edges, for example from a test.</summary>
    public FlowGraph(int nodes, IEnumerable<(int One, int Other, long Weight)> edges)
    {
        _weights = [.. Enumerable.Range(0, nodes).Select(_ => new Dictionary<int, long>())];
        foreach (var (one, other, weight) in edges.Where(e => e.One != e.Other))
        {
            Add(one, other, weight);
            Add(other, one, weight);
        }
    }

    /// <summary>How many Nodes there are.</summary>
    public int Nodes => _weights.Length;

    /// <summary>The graph of flows between <paramref name="nodes"/>; Pods on others are left out.</summary>
    public static FlowGraph Of(ImmutableArray<string> nodes, IEnumerable<FlowEnds> flows)
    {
        var places = nodes.Index().ToDictionary(n => n.Item, n => n.Index, StringComparer.Ordinal);
        return new FlowGraph(nodes.Length, flows.SelectMany(Edges));

        IEnumerable<(int One, int Other, long Weight)> Edges(FlowEnds flow)
        {
            var pairs = flow.Count((_, _) => true).All;
            var servers = CountsOf(flow.Servers);
            return CountsOf(flow.Clients).SelectMany(
                c => servers.Where(s => s.Key != c.Key), (c, s) => (c.Key, s.Key, flow.Flow.Weight * Unit * c.Value * s.Value / Math.Max(1, pairs)));
        }

        List<KeyValuePair<int, long>> CountsOf(IEnumerable<PodInfo> pods) =>
            [.. pods.Where(p => places.ContainsKey(p.NodeName)).CountBy(p => places[p.NodeName]).Select(c => KeyValuePair.Create(c.Key, (long)c.Value))];
    }

    /// <summary>What flows between two Nodes.</summary>
    public long Between(int one, int other) => _weights[one].GetValueOrDefault(other);

    /// <summary>What flows between a Node and all others, by the other's place.</summary>
    public IReadOnlyDictionary<int, long> Of(int node) => _weights[node];

    /// <summary>What flows between the Nodes that <paramref name="isInside"/> marks and the others.</summary>
    public long Cut(bool[] isInside)
    {
        var cut = 0L;
        for (var node = 0; node < Nodes; node++)
        {
            if (isInside[node])
            {
                cut += _weights[node].Where(w => !isInside[w.Key]).Sum(w => w.Value);
            }
        }

        return cut;
    }

    private void Add(int one, int other, long weight) => _weights[one][other] = _weights[one].GetValueOrDefault(other) + weight;
}
