using System.Collections.Immutable;
using System.Globalization;
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
/// <remarks>A flow's weight is spread evenly over its pairs of Pods. Kept are not the pairs of Nodes, but what each Node has of clients and of servers: what flows between two is a
/// product. Flows to servers that are spread alike are one, so that the size grows with the Nodes that servers are on and the clients of these, and not with their product. Immutable.</remarks>
internal sealed class FlowGraph
{
    /// <summary>What all weights together count at most; whole numbers keep sums the same in whichever order.</summary>
    private const long MostOfAll = 1L << 60;

    /// <summary>What a flow of weight 1 counts at most when all of it is cut.</summary>
    private const long MostOfOne = 1_000_000_000_000;

    private readonly Bundle[] _bundles;
    private readonly Share[][] _shares;

    /// <summary>Flows to servers that are spread alike: what flows from one Node to another is the weight of the one times the servers of the other.</summary>
    private sealed record Bundle(KeyValuePair<int, long>[] Clients, KeyValuePair<int, long>[] Servers)
    {
        public long AllClients { get; } = Clients.Sum(c => c.Value);

        public long AllServers { get; } = Servers.Sum(s => s.Value);
    }

    /// <summary>What one Node has of a bundle.</summary>
    private readonly record struct Share(int Bundle, long Clients, long Servers);

    /// <summary>A graph by its edges, for example from a test.</summary>
    public FlowGraph(int nodes, IEnumerable<(int One, int Other, long Weight)> edges)
        : this(nodes, edges.Where(e => e.One != e.Other).Select(e => (OneOf(e.One), OneOf(e.Other), e.Weight)))
    {
    }

    private FlowGraph(int nodes, IEnumerable<(IReadOnlyDictionary<int, long> Clients, IReadOnlyDictionary<int, long> Servers, long Weight)> flows)
    {
        var bundles = new Dictionary<string, (KeyValuePair<int, long>[] Servers, Dictionary<int, long> Clients)>(StringComparer.Ordinal);
        foreach (var (clients, servers, weight) in flows)
        {
            KeyValuePair<int, long>[] ordered = [.. servers.OrderBy(s => s.Key)];
            var key = string.Join(' ', ordered.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}:{s.Value}")));
            if (!bundles.TryGetValue(key, out var bundle))
            {
                bundles[key] = bundle = (ordered, []);
            }

            foreach (var (node, count) in clients)
            {
                bundle.Clients[node] = bundle.Clients.GetValueOrDefault(node) + (weight * count);
            }
        }

        _bundles = [.. bundles.Values.Select(b => new Bundle([.. b.Clients], b.Servers))];
        var shares = Enumerable.Range(0, nodes).Select(_ => new List<Share>()).ToArray();
        foreach (var (place, bundle) in _bundles.Index())
        {
            var servers = bundle.Servers.ToDictionary();
            foreach (var (node, weight) in bundle.Clients)
            {
                shares[node].Add(new Share(place, weight, servers.GetValueOrDefault(node)));
                servers.Remove(node);
            }

            foreach (var (node, count) in servers)
            {
                shares[node].Add(new Share(place, 0, count));
            }
        }

        _shares = [.. shares.Select(s => s.ToArray())];
    }

    private static IReadOnlyDictionary<int, long> OneOf(int node) => new Dictionary<int, long> { [node] = 1 };

    /// <summary>How many Nodes there are.</summary>
    public int Nodes => _shares.Length;

    /// <summary>The graph of flows between <paramref name="nodes"/>; Pods on others are left out.</summary>
    public static FlowGraph Of(ImmutableArray<string> nodes, ImmutableArray<FlowEnds> flows)
    {
        var places = nodes.Index().ToDictionary(n => n.Item, n => n.Index, StringComparer.Ordinal);
        var unit = UnitOf(flows);
        return new FlowGraph(nodes.Length, flows.Select(f => (CountsOf(f.Clients), CountsOf(f.Servers), WeightOfAPair(f, unit))));

        IReadOnlyDictionary<int, long> CountsOf(IEnumerable<PodInfo> pods) =>
            pods.Where(p => places.ContainsKey(p.NodeName)).CountBy(p => places[p.NodeName]).ToDictionary(c => c.Key, c => (long)c.Value);
    }

    /// <summary>What a flow of weight 1 counts when all of it is cut: as much as keeps the sum of all in bounds.</summary>
    public static long UnitOf(ImmutableArray<FlowEnds> flows) => Math.Min(MostOfOne, MostOfAll / Math.Max(1, flows.Sum(f => f.Flow.Weight)));

    /// <summary>What one pair of a flow's Pods counts.</summary>
    public static long WeightOfAPair(FlowEnds flow, long unit) => flow.Flow.Weight * unit / Math.Max(1, flow.Count((_, _) => true).All);

    /// <summary>What flows between two Nodes.</summary>
    public long Between(int one, int other)
    {
        var sum = 0L;
        var (ones, others) = (_shares[one], _shares[other]);
        for (int i = 0, j = 0; i < ones.Length && j < others.Length;)
        {
            if (ones[i].Bundle == others[j].Bundle)
            {
                sum += (ones[i].Clients * others[j].Servers) + (ones[i].Servers * others[j].Clients);
                i++;
                j++;
            }
            else if (ones[i].Bundle < others[j].Bundle)
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return sum;
    }

    /// <summary>What flows between a Node and others, by the other's place, which may come more than once.</summary>
    public IEnumerable<(int Other, long Weight)> Of(int node)
    {
        foreach (var share in _shares[node])
        {
            var bundle = _bundles[share.Bundle];
            foreach (var (other, servers) in share.Clients > 0 ? bundle.Servers : [])
            {
                if (other != node)
                {
                    yield return (other, share.Clients * servers);
                }
            }

            foreach (var (other, clients) in share.Servers > 0 ? bundle.Clients : [])
            {
                if (other != node)
                {
                    yield return (other, share.Servers * clients);
                }
            }
        }
    }

    /// <summary>What flows between each Node and all others.</summary>
    public long[] Degrees() => [.. _shares.Select(of => of.Sum(s =>
        (s.Clients * (_bundles[s.Bundle].AllServers - s.Servers)) + (s.Servers * (_bundles[s.Bundle].AllClients - s.Clients))))];

    /// <summary>What flows between each Node and those others that <paramref name="isInside"/> marks.</summary>
    public long[] ToInside(bool[] isInside)
    {
        var inside = _bundles.Select(b => (
            Clients: b.Clients.Where(c => isInside[c.Key]).Sum(c => c.Value), Servers: b.Servers.Where(s => isInside[s.Key]).Sum(s => s.Value))).ToArray();
        return
        [
            .. _shares.Select((of, node) => of.Sum(s => isInside[node]
                ? (s.Clients * (inside[s.Bundle].Servers - s.Servers)) + (s.Servers * (inside[s.Bundle].Clients - s.Clients))
                : (s.Clients * inside[s.Bundle].Servers) + (s.Servers * inside[s.Bundle].Clients))),
        ];
    }

    /// <summary>What flows between the Nodes that <paramref name="isInside"/> marks and the others.</summary>
    public long Cut(bool[] isInside) => ToInside(isInside).Where((_, node) => !isInside[node]).Sum();
}
