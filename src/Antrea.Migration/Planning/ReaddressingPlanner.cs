using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>Decides whether and how Calico has to leave the PodCIDRs.</summary>
internal static class ReaddressingPlanner
{
    private const string PoolName = "antrea-migration";

    /// <summary>What of the address analysis a readdressing takes care of.</summary>
    private static readonly string[] Remedied = ["block-overlaps-pod-cidr", "block-covers-antrea-gateway"];

    /// <summary>Null when the addresses need not move, or there is nowhere to move them, which <see cref="Check"/> says.</summary>
    public static Readdressing? Of(ClusterSnapshot snapshot, AddressAnalysis analysis, BridgeStrategy bridge)
    {
        if (bridge.Kind == BridgeKind.Partition)
        {
            return null;
        }

        var podCidrs = new CidrTable<string>(snapshot.Nodes.SelectMany(n => n.PodCidrs.Select(c => new CidrEntry<string>(c, n.Name))));
        var old = snapshot.CalicoIpam.Pools.Where(p => !podCidrs.Overlapping(p.Cidr).IsEmpty).ToList();
        var leavesPools = bridge.LeavesOldPools && old.Count > 0;
        if (analysis.Scenario == MigrationScenario.Simple && !leavesPools)
        {
            return null;
        }

        var advice = PoolAdvisor.Suggest(snapshot, analysis);
        if (advice.Pools.IsEmpty || !advice.Findings.IsEmpty)
        {
            return null;
        }

        ImmutableArray<Cidr> ranges = [.. analysis.Overlaps.Select(o => o.Block).Concat(leavesPools ? old.Select(p => p.Cidr) : []).Distinct().Order()];
        var given = new CidrSet(ranges);
        var names = snapshot.Nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        var isSmall = analysis.Scenario == MigrationScenario.SmallOverlap && !leavesPools;
        return new Readdressing
        {
            Pools =
            [
                .. advice.Pools.GroupBy(p => p.Cidr.IsIPv6).Select(family => family.First())
                    .Select(p => new NewPool($"{PoolName}-{(p.Cidr.IsIPv6 ? "ipv6" : "ipv4")}", p.Cidr, p.BlockSize, p.Replaces)),
            ],
            OldPools = [.. old.Select(p => p.Name)],
            OldPoolObjects = [.. old.Select(p => ObjectOf(snapshot, p.Name).ToJsonString())],
            Ranges = ranges,
            CordonedNodes = isSmall ? [.. analysis.OverlappedNodes.Where(names.Contains)] : [],
            EmptiesOldPools = snapshot.CalicoIpam.Blocks
                .Where(b => old.Exists(p => p.Cidr.Contains(b.Cidr)) && b.Allocations.Any(a => !a.IsTunnel))
                .All(b => given.Overlaps(b.Cidr)),
            DeletesOldPools = !isSmall,
        };
    }

    /// <summary>The pool's object without what the API server puts there.</summary>
    private static JsonObject ObjectOf(ClusterSnapshot snapshot, string pool)
    {
        var json = snapshot.Objects.First(o => o.Kind == "IPPool" && o.Name == pool).Json;
        var metadata = new JsonObject { ["name"] = pool };
        foreach (var field in (string[])["labels", "annotations"])
        {
            if (json["metadata"]?[field] is { } value)
            {
                metadata[field] = value.DeepClone();
            }
        }

        return new JsonObject
        {
            ["apiVersion"] = "crd.projectcalico.org/v1",
            ["kind"] = "IPPool",
            ["metadata"] = metadata,
            ["spec"] = json["spec"]?.DeepClone(),
        };
    }

    /// <summary>The findings of the analysis as they stand with the plan: what the plan remedies does not block it.</summary>
    public static IEnumerable<Finding> Judge(IEnumerable<Finding> findings, BridgeStrategy bridge, Readdressing? readdressing)
    {
        var remedy = bridge.Kind == BridgeKind.Partition ? "None: a Node uses Calico's addresses and routes or Antrea's, never both; what that costs is listed with the parts."
            : readdressing is not null ? "None: the plan moves Calico out of the PodCIDRs before Antrea is installed."
            : null;
        return remedy is null ? findings : findings.Select(f => Remedied.Contains(f.Id) ? f with { Severity = Severity.Warning, Remedy = remedy } : f);
    }

    /// <summary>What stands in the way of moving, and what it does to others.</summary>
    public static IEnumerable<Finding> Check(ClusterSnapshot snapshot, AddressAnalysis analysis, BridgeStrategy bridge, Readdressing? readdressing)
    {
        if (readdressing is null)
        {
            if (bridge.Kind == BridgeKind.Partition)
            {
                yield break;
            }

            if (analysis.Scenario == MigrationScenario.Simple && (!bridge.LeavesOldPools || PoolBridge.IsThere(snapshot)))
            {
                yield break;
            }

            yield return new Finding(
                "no-free-space-to-move-to",
                Severity.Blocker,
                "Cluster",
                analysis.OverlappedNodes.IsEmpty
                    ? "Calico must leave its pool for this bridge, and no free private range has room for a new one"
                    : $"The scenario is {analysis.Scenario}: the Calico ranges of {analysis.OverlappedNodes.Length} Nodes overlap PodCIDRs "
                      + $"({string.Join(", ", analysis.OverlappedNodes)}), and no free private range has room for a new IPPool",
                "Free a range, see 'antrea-migrator cidrs', then plan again");
            yield break;
        }

        if (snapshot.OfKind("operator.tigera.io", "Installation").FirstOrDefault(i => i.Json.ItemsAt("spec", "calicoNetwork", "ipPools").Any()) is { } installation)
        {
            yield return new Finding(
                "operator-manages-pools",
                Severity.Blocker,
                installation.ToString(),
                "Calico must leave its pools, and the migration does not move pools that an Installation lists: from Calico v3.28 on the Tigera operator reverts what is changed about them",
                "Make a pool outside of the PodCIDRs (from v3.28 on in the Installation's spec.calicoNetwork.ipPools), disable and delete the old one, restart the Pods, and plan again with the list as the pools are");
        }

        var left = snapshot.CalicoIpam.Pools.Where(p => readdressing.OldPools.Contains(p.Name)).ToList();
        var moved = snapshot.Nodes.Count(n => n.CalicoTunnelAddresses.Any(a => left.Exists(p => p.Cidr.Contains(a))));
        if (moved > 0)
        {
            yield return new Finding(
                "tunnel-addresses-move",
                Severity.Warning,
                "Cluster",
                $"The tunnel addresses of {moved} Nodes move when the old pool is disabled. What a Node or a hostNetwork Pod sends to Pods of other Nodes comes from that "
                + "address: such a connection that is open at that moment is cut, once; new ones get through",
                "None for clients that connect again; tell those whose clients use the host's network and keep connections to Pods");
        }

        var clusterCidrs = KubeProxySettings.Of(snapshot).ClusterCidrs;
        foreach (var pool in readdressing.Pools.Where(p => clusterCidrs.Any(c => c.IsIPv6 == p.Cidr.IsIPv6)
            && !clusterCidrs.Any(c => c.Contains(p.Cidr))))
        {
            yield return new Finding(
                "new-pool-outside-cluster-cidr",
                Severity.Warning,
                $"IPPool/{pool.Name}",
                $"The new pool {pool.Cidr} lies outside kube-proxy's clusterCIDR ({string.Join(", ", clusterCidrs)}): what its Pods send to a "
                + "ClusterIP is masqueraded, and servers see a Node's address until the Pods are Antrea Pods",
                "Check what asks for the source of traffic that comes through Services; or remove clusterCIDR from kube-proxy's configuration for the migration");
        }
    }
}
