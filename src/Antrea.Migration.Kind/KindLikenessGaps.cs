using System.Collections.Immutable;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Kind;

/// <summary>What of a snapshot a rehearsal leaves out.</summary>
internal static class KindLikenessGaps
{
    /// <summary>One sentence each.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="taken">The Nodes that are stood for.</param>
    /// <param name="overlapping">The names of Nodes that take part in an overlap.</param>
    public static IEnumerable<string> Of(ClusterSnapshot snapshot, ImmutableArray<NodeInfo> taken, HashSet<string> overlapping)
    {
        var names = taken.Select(n => n.Name).ToHashSet();
        if (snapshot.Nodes.Count(n => !names.Contains(n.Name)) is > 0 and var nodes)
        {
            var some = overlapping.Count(n => !names.Contains(n));
            yield return $"{nodes} of {snapshot.Nodes.Length} Nodes are left out, {(some == 0 ? "none" : $"{some}")} of them with an overlap.";
        }

        if (snapshot.Nodes.Any(n => n.PodCidrs.Any(c => c.IsIPv6)) || snapshot.CalicoIpam.Pools.Any(p => p.Cidr.IsIPv6))
        {
            yield return "Addresses of IPv6 are left out.";
        }

        if (snapshot.CalicoIpam.Blocks.Count(b => b.Node is null) is > 0 and var loose)
        {
            yield return $"{loose} blocks without a Node's affinity are left out.";
        }

        var bare = new WorkloadOwners(snapshot);
        foreach (var kind in snapshot.Pods.Where(p => !p.HasEnded && !p.HostNetwork && !KindLikenessWorkloads.IsSystem(p.Namespace))
            .Select(p => bare.Of(p).Kind).Where(k => !KindLikenessWorkloads.Kinds.Contains(k)).CountBy(k => k).OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            yield return $"{kind.Value} Pods of kind {kind.Key} are left out.";
        }

        if (KindLikenessWorkloads.Templates(snapshot).Count(KindLikenessWorkloads.IsHostNetwork) is > 0 and var host)
        {
            yield return $"{host} workloads on the Nodes' network are left out.";
        }

        if (snapshot.Objects.Count(o => o.Kind is "NetworkPolicy" or "NetworkSet" && KindLikenessWorkloads.IsSystem(o.Namespace)) is > 0 and var system)
        {
            yield return $"{system} policies and sets of the cluster's own Namespaces are left out.";
        }

        if (snapshot.OfKind(CalicoIpamReader.RawGroup, "HostEndpoint").Any())
        {
            yield return "HostEndpoints are left out.";
        }

        if (snapshot.OfKind("", "Namespace").Any(n => n.Json.MapAt("metadata", "labels").Any(l => KindLikenessWorkloads.IsPodSecurity(l.Key))))
        {
            yield return "Namespaces' pod-security labels are left out: what stands in for containers runs as root.";
        }

        if (snapshot.OfKind(CalicoIpamReader.RawGroup, "GlobalNetworkPolicy").Any())
        {
            yield return "GlobalNetworkPolicies hold for the rehearsal's own servers and for what watches them, too: if one denies that, watch what your policies allow, with --monitor.";
        }

        if (snapshot.OfKind("policy", "PodDisruptionBudget").Any())
        {
            yield return "PodDisruptionBudgets are left out: they count replicas that the rehearsal has fewer of.";
        }
    }
}
