using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>Chooses which Nodes go first where Calico stays in the PodCIDRs, and tells what lies between them and the others. Pure.</summary>
internal static class PartitionPlanner
{
    private const int ShareOfTheFirstPart = 4;

    /// <summary>Null where there are no two parts: fewer than two Nodes, or names that leave none.</summary>
    public static NodePartition? Of(ClusterSnapshot snapshot, MigrationOptions options)
    {
        ImmutableArray<string> nodes = [.. snapshot.Nodes.Select(n => n.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var named = options.FirstPart.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToImmutableArray();
        if (nodes.Length < 2 || named.Length >= nodes.Length || named.Any(n => !nodes.Contains(n)))
        {
            return null;
        }

        var flows = WorkloadFlows.Of(snapshot, options.Flows);
        var first = named.IsEmpty ? Choose(snapshot, nodes, flows) : named;
        var isFirst = first.ToHashSet(StringComparer.Ordinal);
        var time = new PartitionTime(new RestartOrder(snapshot), options);
        return new NodePartition
        {
            FirstPart = first,
            Rest = [.. nodes.Where(n => !isFirst.Contains(n))],
            IsNamed = !named.IsEmpty,
            Flows = flows.Length,
            BrokenFlows =
            [
                .. flows.Select(f => (f.Flow, Pairs: f.Count((one, other) => isFirst.Contains(one) != isFirst.Contains(other))))
                    .Where(f => f.Pairs.Picked > 0)
                    .Select(f => new BrokenFlow(f.Flow.From, f.Flow.To, f.Flow.Weight, f.Pairs.Picked, f.Pairs.All))
                    .OrderByDescending(f => f.Weight * f.BrokenPairs / (decimal)f.Pairs).ThenBy(f => f.From, StringComparer.Ordinal).ThenBy(f => f.To, StringComparer.Ordinal),
            ],
            FirstPartTime = TimeOf(true),
            RestTime = TimeOf(false),
        };

        TimeSpan TimeOf(bool ofTheFirst)
        {
            var size = ofTheFirst ? first.Length : nodes.Length - first.Length;
            return time.Of(ofTheFirst, size, nodes.Length - size, [.. snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && isFirst.Contains(p.NodeName) == ofTheFirst)]);
        }
    }

    /// <summary>A Node without Pods would cut nothing, and show nothing before the others follow: none goes first while there are enough with some.</summary>
    private static ImmutableArray<string> Choose(ClusterSnapshot snapshot, ImmutableArray<string> nodes, ImmutableArray<FlowEnds> flows)
    {
        var size = Math.Max(1, nodes.Length / ShareOfTheFirstPart);
        var inUse = snapshot.Pods.Where(WorkloadFlows.IsOnPodNetwork).Select(p => p.NodeName).ToHashSet(StringComparer.Ordinal);
        ImmutableArray<string> candidates = nodes.Count(inUse.Contains) > size ? [.. nodes.Where(inUse.Contains)] : nodes;
        return [.. PartitionSearch.Find(FlowGraph.Of(candidates, flows), size).Select(i => candidates[i])];
    }
}
