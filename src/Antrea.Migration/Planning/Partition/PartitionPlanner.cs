using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>Chooses which Nodes go first where Calico stays in the PodCIDRs, and tells what lies between them and the others. Pure.</summary>
internal static class PartitionPlanner
{
    /// <summary>One Pod's or one batch's restart, until it is ready again: what images that are on the Node and usual readiness checks take.</summary>
    public static readonly TimeSpan TimeOfABatch = TimeSpan.FromSeconds(20);

    /// <summary>What a part takes beside restarts: agents, policies, canaries.</summary>
    public static readonly TimeSpan TimeOfAPart = TimeSpan.FromMinutes(2);

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
        var order = new RestartOrder(snapshot);
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
            FirstPartTime = TimeOf(p => isFirst.Contains(p.NodeName)),
            RestTime = TimeOf(p => !isFirst.Contains(p.NodeName)),
        };

        TimeSpan TimeOf(Func<PodInfo, bool> isIn) =>
            TimeOfAPart + (TimeOfABatch * Batches(order, order.Of(snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && isIn(p))), options));
    }

    /// <summary>A Node without Pods would cut nothing, and show nothing before the others follow: none goes first while there are enough with some.</summary>
    private static ImmutableArray<string> Choose(ClusterSnapshot snapshot, ImmutableArray<string> nodes, ImmutableArray<FlowEnds> flows)
    {
        var size = Math.Max(1, nodes.Length / ShareOfTheFirstPart);
        var inUse = snapshot.Pods.Where(WorkloadFlows.IsOnPodNetwork).Select(p => p.NodeName).ToHashSet(StringComparer.Ordinal);
        ImmutableArray<string> candidates = nodes.Count(inUse.Contains) > size ? [.. nodes.Where(inUse.Contains)] : nodes;
        return [.. PartitionSearch.Find(FlowGraph.Of(candidates, flows), size).Select(i => candidates[i])];
    }

    /// <summary>How often Pods are waited for, one time after the other: workload by workload without a limit, side by side with one.</summary>
    private static int Batches(RestartOrder order, IEnumerable<WorkloadRestart> workloads, MigrationOptions options)
    {
        var limits = new RestartLimits(options.MaxUnavailable) { OnSomeNodes = true, InPlace = options.Restart == RestartMode.InPlace };
        var batches = 0;
        foreach (var rank in workloads.Where(w => w.Rank != RestartRank.Jobs).GroupBy(w => w.Rank))
        {
            var each = rank.Select(w => (w.Pods.Count, InTurn: DivideUp(w.Pods.Count, Math.Max(1, order.RuleOf(w, limits).AtOnce)))).ToList();
            batches += options.MaxUnavailable is { } most && rank.Key > RestartRank.Webhooks
                ? Math.Max(each.Max(w => w.InTurn), DivideUp(each.Sum(w => w.Count), most))
                : each.Sum(w => w.InTurn);
        }

        return batches;
    }

    private static int DivideUp(int value, int by) => (value + by - 1) / by;
}
