using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Which Pods meet under another address than the client's while a part moves, and until Calico's rules are gone.</summary>
/// <remarks>A Node masquerades what comes from Calico's pools to outside of them as long as Calico's rules are there: those of the first part's Nodes go when it has moved, those of the
/// others when Calico is removed. So a Calico Pod meets restarted Pods of its part under its Node's gateway's address, where their PodCIDR lies outside of all pools; and without a tunnel of Antrea's
/// Pods of such a Node meet those of another under an address of one of the Nodes.</remarks>
internal static class PartitionMixtures
{
    /// <summary>By phase.</summary>
    public static IEnumerable<PolicyMixture> Of(ClusterSnapshot snapshot, NodePartition partition, IEnumerable<ClusterObject> antreaManifest)
    {
        var model = ReachabilityModel.Planned(snapshot, antreaManifest);
        var nodes = snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, StringComparer.Ordinal);
        var clusterIPs = ReachabilityService.Of(snapshot).SelectMany(s => s.ClusterIPs).DistinctBy(a => a.AddressFamily).ToList();
        foreach (var phase in (MigrationPhase[])[MigrationPhase.FirstPart, MigrationPhase.SecondPart, MigrationPhase.RemoveCalico])
        {
            var walks = PartitionWalks.Of(snapshot, partition, model, phase);
            var seen = from pairs in walks.All()
                       where pairs.From.Kind != PodNetworkKind.Host && pairs.To.Kind != PodNetworkKind.Host
                       from asked in clusterIPs.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6 == pairs.From.IsIPv6).Append(null)
                       from trace in walks.Walk(pairs, asked)
                       let address = SeenInstead(trace, pairs)
                       where address is not null
                       select (Pairs: pairs, ByService: asked is not null, trace.Client.Node, Address: address);
            foreach (var group in seen.GroupBy(s => (From: s.Pairs.From.Kind, To: s.Pairs.To.Kind, s.ByService, s.Pairs.From.IsIPv6, s.Pairs.IsSame)))
            {
                var kinds = group.Select(s => PolicyMixture.KindOf(s.Address, nodes.GetValueOrDefault(s.Node))).ToList();
                yield return new PolicyMixture(
                    phase,
                    group.Key.From,
                    group.Key.To,
                    group.Key.ByService,
                    group.Key.IsSame ? "same Node" : "other Node",
                    group.First().Address,
                    kinds.Contains(null) ? [] : [.. kinds.Select(k => k!.Value).Distinct().Order()]);
            }
        }
    }

    /// <summary>The address that the enforcing engine sees, where it is not the client's own; null where it is, and where the connection does not come about. Calico asks before its
    /// Node masquerades.</summary>
    private static IPAddress? SeenInstead(PathTrace trace, PartitionWalks.Pairs pairs) =>
        trace.SourceSeen is not { } seen || seen.Equals(trace.Client.Address) || (pairs.IsSame && pairs.To.Kind == PodNetworkKind.Calico) ? null : seen;
}
