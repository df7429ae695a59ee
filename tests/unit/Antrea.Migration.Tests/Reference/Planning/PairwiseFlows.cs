using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Reference.Planning;

/// <summary>What flows between every two Nodes, by looking at every pair of Pods.</summary>
internal static class PairwiseFlows
{
    /// <summary>By the lower and the higher place.</summary>
    public static Dictionary<(int One, int Other), long> Of(ImmutableArray<string> nodes, ImmutableArray<FlowEnds> flows)
    {
        var weights = new Dictionary<(int, int), long>();
        var unit = FlowGraph.UnitOf(flows);
        foreach (var flow in flows)
        {
            foreach (var (client, server) in flow.Clients.SelectMany(c => flow.Servers, (c, s) => (nodes.IndexOf(c.NodeName), nodes.IndexOf(s.NodeName))))
            {
                if (client >= 0 && server >= 0 && client != server)
                {
                    var key = (Math.Min(client, server), Math.Max(client, server));
                    weights[key] = weights.GetValueOrDefault(key) + FlowGraph.WeightOfAPair(flow, unit);
                }
            }
        }

        return weights;
    }
}
