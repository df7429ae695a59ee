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
        foreach (var start in Starts(graph))
        {
            var inside = Grow(graph, start, size);
            while (Improve(graph, inside))
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

    private static IEnumerable<int> Starts(FlowGraph graph) => graph.Nodes <= FewNodes
        ? Enumerable.Range(0, graph.Nodes)
        : Enumerable.Range(0, graph.Nodes).OrderBy(n => graph.Of(n).Values.Sum()).Take(StartsOfMany);

    private static bool[] Grow(FlowGraph graph, int start, int size)
    {
        var inside = new bool[graph.Nodes];
        var added = Enumerable.Range(0, graph.Nodes).Select(n => graph.Of(n).Values.Sum()).ToArray();
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
    private static bool Improve(FlowGraph graph, bool[] inside)
    {
        var gains = Gains(graph, inside);
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
    private static long[] Gains(FlowGraph graph, bool[] inside) =>
        [.. Enumerable.Range(0, graph.Nodes).Select(n => graph.Of(n).Sum(w => inside[w.Key] == inside[n] ? -w.Value : w.Value))];

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
