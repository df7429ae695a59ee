using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Which pairs of Pods, and of Pods and Nodes, miss each other while a part moves: one pair that is lost counts for all that packets treat alike.</summary>
internal static class PartitionLosses
{
    /// <summary>By phase; each Pod of the part that moves counts as what it is and as what it becomes.</summary>
    public static ImmutableArray<PredictedLoss> Of(ClusterSnapshot snapshot, NodePartition partition, IEnumerable<ClusterObject> antreaManifest)
    {
        var model = ReachabilityModel.Planned(snapshot, antreaManifest);
        return [.. Of(MigrationPhase.FirstPart), .. Of(MigrationPhase.SecondPart)];

        IEnumerable<PredictedLoss> Of(MigrationPhase phase)
        {
            var walks = PartitionWalks.Of(snapshot, partition, model, phase);
            return walks.All().Select(p => (Pairs: p, Reason: Reason(walks.Walk(p)))).Where(l => l.Reason is not null)
                .GroupBy(l => (From: Words(l.Pairs.From), To: Words(l.Pairs.To), Place: l.Pairs.IsSame ? "same Node" : "other Node"))
                .Select(g => new PredictedLoss(phase, g.Key.From, g.Key.To, g.Key.Place, g.Sum(l => l.Pairs.Count), g.First().Reason!))
                .OrderBy(l => l.From, StringComparer.Ordinal).ThenBy(l => l.To, StringComparer.Ordinal).ThenBy(l => l.Place, StringComparer.Ordinal);
        }
    }

    /// <summary>Why the first is lost that is; null where all come about.</summary>
    private static string? Reason(IEnumerable<PathTrace> traces) =>
        traces.Select(t => t.Hops.LastOrDefault(h => h.IsLost)).FirstOrDefault(h => h is not null) is { } hop ? $"the {hop.Packet} is lost at {hop.Where}: {hop.What}" : null;

    private static string Words(PartitionWalks.EndClass end) =>
        $"{(end.Kind == PodNetworkKind.Host ? "Nodes" : $"{end.Kind} Pods")} of {(end.IsFirst ? "the first part" : "the rest")}{(end.IsIPv6 ? " (IPv6)" : "")}";
}
