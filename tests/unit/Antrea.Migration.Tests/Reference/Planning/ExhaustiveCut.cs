using System.Numerics;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Reference.Planning;

/// <summary>The least cut, by looking at every set of Nodes of the size.</summary>
internal static class ExhaustiveCut
{
    public static long Least(FlowGraph graph, int size) => Enumerable.Range(0, 1 << graph.Nodes)
        .Where(set => BitOperations.PopCount((uint)set) == size)
        .Min(set => CutOf(graph, [.. Enumerable.Range(0, graph.Nodes).Select(n => (set >> n & 1) == 1)]));

    /// <summary>By the definition: what flows between a Node inside and one outside, pair by pair.</summary>
    public static long CutOf(FlowGraph graph, bool[] isInside) =>
        (from inside in Enumerable.Range(0, graph.Nodes)
         from outside in Enumerable.Range(0, graph.Nodes)
         where isInside[inside] && !isInside[outside]
         select graph.Between(inside, outside)).Sum();
}
