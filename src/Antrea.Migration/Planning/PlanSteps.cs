using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>The gapless order of the Simple scenario.</summary>
/// <remarks>
/// Multus stands first on every Node before Antrea's file appears, or a Pod born in between would be Antrea-only among Calico
/// Pods. Every client is a Multus Pod before the first Antrea-only server exists. <c>00-multus.conf</c> goes last:
/// while it is loaded, deleting a Multus Pod frees both of its addresses.
/// </remarks>
internal static class PlanSteps
{
    public static ImmutableArray<MigrationStep> Simple(ClusterSnapshot snapshot)
    {
        var restarts = Restarts(snapshot);
        var steps = ImmutableArray.CreateBuilder<MigrationStep>();
        Add(MigrationPhase.Backup, MigrationStepKind.InstallNodeAgent, "Install the migration's own node agent", Reversibility.Reversible);
        Add(MigrationPhase.Backup, MigrationStepKind.BackUp, "Back up Calico's objects and every Node's CNI files and routes", Reversibility.ReadOnly);
        Add(MigrationPhase.Bridge, MigrationStepKind.InstallMultus, "Install the Multus binary, its configuration generator off", Reversibility.Reversible);
        ForEachNode(MigrationPhase.Bridge, MigrationStepKind.DelegateToCalico, "Put 00-multus.conf first, delegating to Calico only", Reversibility.Reversible);
        Add(MigrationPhase.InstallAntrea, MigrationStepKind.PinCalicoAutodetection, "Pin Calico's node address before antrea-gw0 appears", Reversibility.Reversible);
        Add(MigrationPhase.InstallAntrea, MigrationStepKind.InstallAntrea, "Install Antrea and wait for every agent", Reversibility.Reversible);
        Add(MigrationPhase.Policies, MigrationStepKind.ConvertPolicies, "Convert the policies, prove them equal, apply, wait until realized", Reversibility.Reversible);
        ForEachNode(MigrationPhase.MultusPods, MigrationStepKind.DelegateToBoth, "Delegate to Calico and Antrea, replies kept symmetric", Reversibility.Reversible);
        Add(MigrationPhase.MultusPods, MigrationStepKind.RestartPods, "Restart Pods: they become Multus Pods", Reversibility.ReversibleWithRestarts, restarts);
        Add(MigrationPhase.AntreaPods, MigrationStepKind.AssertPods, "Check that no Calico-only Pod is left", Reversibility.ReadOnly);
        Add(MigrationPhase.AntreaPods, MigrationStepKind.ConvertPolicies, "Convert again what policies have changed, wait until realized", Reversibility.Reversible);
        Add(MigrationPhase.AntreaPods, MigrationStepKind.Hold, "HOLD: Pods leave Calico's network next", Reversibility.ReadOnly);
        ForEachNode(MigrationPhase.AntreaPods, MigrationStepKind.DelegateToAntrea, "Delegate to Antrea only", Reversibility.Reversible);
        Add(MigrationPhase.AntreaPods, MigrationStepKind.RestartPods, "Restart Pods: they become Antrea Pods", Reversibility.ReversibleWithRestarts, restarts);
        Add(MigrationPhase.RemoveCalico, MigrationStepKind.AssertPods, "Check that every Pod is an Antrea Pod", Reversibility.ReadOnly);
        Add(MigrationPhase.RemoveCalico, MigrationStepKind.ConvertPolicies, "Convert again what policies have changed, wait until realized", Reversibility.Reversible);
        Add(MigrationPhase.RemoveCalico, MigrationStepKind.Hold, "HOLD: there is no way back behind this point", Reversibility.ReadOnly);
        ForEachNode(MigrationPhase.RemoveCalico, MigrationStepKind.RemoveMultusConfig, "Remove 00-multus.conf: Antrea's file is first", Reversibility.Reversible);
        Add(MigrationPhase.RemoveCalico, MigrationStepKind.RemoveCalico, "Remove Calico: controllers, agents, objects, definitions", Reversibility.Final);
        ForEachNode(MigrationPhase.RemoveCalico, MigrationStepKind.CleanNode, "Remove what Calico left: routes, rules, ipsets, links, files", Reversibility.Final);
        Add(MigrationPhase.RemoveCalico, MigrationStepKind.RemoveMultus, "Remove Multus", Reversibility.Final);
        Add(MigrationPhase.Verify, MigrationStepKind.Verify, "Check that nothing of Calico is left", Reversibility.ReadOnly);
        Add(MigrationPhase.Verify, MigrationStepKind.RemoveNodeAgent, "Remove the node agent", Reversibility.Final);
        return steps.ToImmutable();

        void Add(
            MigrationPhase phase, MigrationStepKind kind, string title, Reversibility reversibility, ImmutableArray<string>? restarted = null) =>
            steps.Add(new MigrationStep($"{Name(phase)}/{Name(kind)}", phase, kind, title, null, reversibility, restarted ?? []));

        void ForEachNode(MigrationPhase phase, MigrationStepKind kind, string title, Reversibility reversibility)
        {
            foreach (var node in snapshot.Nodes)
            {
                steps.Add(new MigrationStep(
                    $"{Name(phase)}/{Name(kind)}/{node.Name}", phase, kind, title, node.Name, reversibility, []));
            }
        }
    }

    /// <summary>Pod-network workloads as <c>Kind/namespace/name (n Pods)</c>; a ReplicaSet stands for its Deployment.</summary>
    private static ImmutableArray<string> Restarts(ClusterSnapshot snapshot)
    {
        var owners = new WorkloadOwners(snapshot);
        return
        [
            .. snapshot.Pods
                .Where(p => !p.HostNetwork && !p.HasEnded)
                .GroupBy(p => owners.Of(p).ToString())
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => $"{g.Key} ({g.Count()} Pods)"),
        ];
    }

    private static string Name<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
