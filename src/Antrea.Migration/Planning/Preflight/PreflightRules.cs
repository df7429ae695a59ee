using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>One thing to look for. Adds nothing when all is well.</summary>
internal delegate IEnumerable<Finding> PreflightRule(PreflightContext context);

/// <summary>Everything a preflight looks for.</summary>
internal static class PreflightRules
{
    /// <summary>The rules, by what they look at. Their order does not show: findings are sorted.</summary>
    public static ImmutableArray<PreflightRule> All { get; } =
    [
        NodeRules.NoNodes,
        NodeRules.NotReady,
        NodeRules.Cordoned,
        NodeRules.IPv6Alone,
        NodeRules.OperatingSystem,
        NodeRules.Runtime,
        NodeRules.NetworkUnavailable,

        CalicoRules.Installation,
        OperatorRules.Overlay,
        OperatorRules.IgnoredFields,
        OperatorRules.OtherObjects,
        CalicoRules.Datastore,
        CalicoRules.Ipam,
        CalicoRules.Dataplane,
        CalicoRules.Rollout,
        CalicoRules.Version,
        CalicoRules.Autodetection,
        CalicoRules.Vxlan,
        CalicoRules.WireGuard,
        CalicoRules.PendingAffinities,
        CalicoRules.Finalizers,

        KubeProxyRules.Mode,
        AntreaRules.AlreadyInstalled,
        AntreaRules.Version,
        AntreaRules.Multus,

        DisruptionRules.BudgetsThatAllowNone,
        DisruptionRules.PodsWithTwoBudgets,
        QuotaRules.NoRoomForSurge,
        WorkloadRules.BarePods,
        WorkloadRules.StaticPods,
        WorkloadRules.NeverRestarted,
        WorkloadRules.PreStopHooks,
        WorkloadRules.RunningJobs,
        WorkloadRules.NotReady,
        WorkloadRules.DoNotRoll,
        WorkloadRules.ServesWithGap,
        WorkloadRules.GoesAllAtOnce,
        WorkloadRules.BoundToNode,
        WorkloadRules.HostPorts,
        WorkloadRules.PinnedAddresses,

        OwnershipRules.Calico,
        OwnershipRules.Workloads,
        OwnershipRules.NodeAutoscaler,
        ApiRules.CalicoApiService,
        ApiRules.Webhooks,
    ];
}
