namespace Antrea.Migration.Planning;

/// <summary>Looks for the set of so many Nodes that the least flows out of.</summary>
/// <remarks>
/// Finding the very least is NP-hard. A set grows from one Node by whichever Node adds the least to the cut; then Nodes change places by passes after Kernighan and Lin: each
/// pass exchanges the best pair, be it for the worse, locks both, and keeps the best state that it has come by. Small clusters try every Node as the start, so that what is found
/// there hardly ever is more than the least; larger ones some of them. Of equal cuts the first found stands: equal inputs give equal results.
/// </remarks>
internal static class PartitionSearch
{
    private const int FewNodes = 64;
    private const int StartsOfMany = 4;
    private const int ExchangesOfAPass = 16;

    /// <summary>The places of <paramref name="size"/> Nodes, ascending.</summary>
    /// <exception cref="ArgumentOutOfRangeException">So many, or fewer than one, would leave no two parts.</exception>
    public static int[] Find(FlowGraph graph, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(size, graph.Nodes);
        bool[]? best = null;
        var least = long.MaxValue;
        var degrees = graph.Degrees();
        foreach (var start in Starts(graph, degrees))
        {
            var inside = Grow(graph, degrees, start, size);
            while (Improve(graph, degrees, inside))
            {
            }

            var cut = graph.Cut(inside);
            if (cut < least)
            {
                (best, least) = (inside, cut);
            }
        }

        return [.. Enumerable.Range(0, graph.Nodes).Where(n => best![n])];
    }

    private static IEnumerable<int> Starts(FlowGraph graph, long[] degrees) => graph.Nodes <= FewNodes
        ? Enumerable.Range(0, graph.Nodes)
        : Enumerable.Range(0, graph.Nodes).OrderBy(n => degrees[n]).Take(StartsOfMany);

    private static bool[] Grow(FlowGraph graph, long[] degrees, int start, int size)
    {
        var inside = new bool[graph.Nodes];
        var added = (long[])degrees.Clone();
        for (var (count, next) = (0, start); ; next = Cheapest())
        {
            inside[next] = true;
            if (++count == size)
            {
                return inside;
            }

            foreach (var (neighbour, weight) in graph.Of(next))
            {
                added[neighbour] -= 2 * weight;
            }
        }

        int Cheapest() => Enumerable.Range(0, graph.Nodes).Where(n => !inside[n]).MinBy(n => added[n]);
    }

    /// <summary>One pass; whether the cut is less after it.</summary>
    private static bool Improve(FlowGraph graph, long[] degrees, bool[] inside)
    {
        var gains = Gains(graph, degrees, inside);
        var locked = new bool[graph.Nodes];
        var state = (bool[])inside.Clone();
        var (total, best) = (0L, 0L);
        for (var i = 0; i < ExchangesOfAPass && BestExchange(graph, state, locked, gains) is var (leaver, comer, gain); i++)
        {
            total += gain;
            Move(leaver);
            Move(comer);
            if (total > best)
            {
                best = total;
                state.CopyTo(inside, 0);
            }
        }

        return best > 0;

        void Move(int node)
        {
            locked[node] = true;
            state[node] = !state[node];
            gains[node] = -gains[node];
            foreach (var (neighbour, weight) in graph.Of(node))
            {
                gains[neighbour] += state[neighbour] == state[node] ? -2 * weight : 2 * weight;
            }
        }
    }

    /// <summary>By how much the cut falls when a Node changes sides.</summary>
    private static long[] Gains(FlowGraph graph, long[] degrees, bool[] inside) =>
        [.. graph.ToInside(inside).Select((within, n) => inside[n] ? degrees[n] - (2 * within) : (2 * within) - degrees[n])];

    private static (int Leaver, int Comer, long Gain)? BestExchange(FlowGraph graph, bool[] inside, bool[] locked, long[] gains)
    {
        (int Leaver, int Comer, long Gain)? best = null;
        for (var leaver = 0; leaver < graph.Nodes; leaver++)
        {
            if (!inside[leaver] || locked[leaver])
            {
                continue;
            }

            for (var comer = 0; comer < graph.Nodes; comer++)
            {
                if (inside[comer] || locked[comer] || (best is { } so && gains[leaver] + gains[comer] <= so.Gain))
                {
                    continue;
                }

                // What flows between the two is cut before as after.
                var gain = gains[leaver] + gains[comer] - (2 * graph.Between(leaver, comer));
                if (best is null || gain > best.Value.Gain)
                {
                    best = (leaver, comer, gain);
                }
            }
        }

        return best;
    }
}
