using Antrea.Migration.Addressing;

namespace Antrea.Migration.Planning;

/// <summary>The steps that move Calico out of the PodCIDRs, for a few Nodes and for most of them.</summary>
internal static class ReaddressingSteps
{
    public static void MoveAddresses(StepList steps, Readdressing readdressing)
    {
        const MigrationPhase phase = MigrationPhase.Addresses;
        var ranges = new CidrSet(readdressing.Ranges);
        steps.ForEachNode(phase, MigrationStepKind.CordonNode, "Cordon: its Calico addresses clash", Reversibility.Reversible, readdressing.CordonedNodes);
        steps.Add(phase, MigrationStepKind.CreatePools, $"Make IPPool {string.Join(", ", readdressing.Pools.Select(p => $"{p.Name} ({p.Cidr})"))}", Reversibility.Reversible);
        steps.Add(
            phase,
            MigrationStepKind.DisablePools,
            $"Disable IPPool {string.Join(", ", readdressing.OldPools)}; every Node's tunnel address moves",
            Reversibility.Reversible);
        foreach (var node in readdressing.CordonedNodes)
        {
            steps.Restart(
                phase,
                MigrationStepKind.MovePods,
                "Drain: restart Pods with clashing addresses, those of DaemonSets in their place",
                node,
                p => p.NodeName == node && HasClash(p, ranges));
        }

        if (readdressing.CordonedNodes.IsEmpty)
        {
            steps.Restart(phase, MigrationStepKind.MovePods, "Restart Pods with clashing addresses", which: p => HasClash(p, ranges));
        }

        steps.Add(
            phase,
            MigrationStepKind.ReleaseBlocks,
            $"Give up {Some(readdressing)}: no address, block, affinity or route of Calico's is left there",
            Reversibility.Reversible);
        if (readdressing is { DeletesOldPools: true, EmptiesOldPools: true })
        {
            DeleteOldPools(steps, phase, readdressing);
        }
    }

    public static void DeleteOldPools(StepList steps, MigrationPhase phase, Readdressing readdressing) => steps.Add(
        phase,
        MigrationStepKind.DeletePools,
        $"Delete IPPool {string.Join(", ", readdressing.OldPools)}: no address is left in it",
        Reversibility.Reversible);

    public static void Uncordon(StepList steps, Readdressing readdressing) => steps.ForEachNode(
        MigrationPhase.Verify, MigrationStepKind.UncordonNode, "Uncordon what was cordoned", Reversibility.Reversible, readdressing.CordonedNodes);

    /// <summary>Whether a Pod has an address in <paramref name="ranges"/>, those that are given up.</summary>
    public static bool HasClash(Clusters.PodInfo pod, CidrSet ranges) => !pod.HostNetwork && pod.PodIPs.Any(ranges.Contains);

    private static string Some(Readdressing readdressing) =>
        readdressing.Ranges.Length <= 5
            ? string.Join(", ", readdressing.Ranges)
            : $"{readdressing.Ranges[0]} and {readdressing.Ranges.Length - 1} more ranges";
}
