using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>The gapless order that every scenario and bridge has in common.</summary>
/// <remarks>
/// Calico's addresses are out of the PodCIDRs before anything of Antrea's exists. The bridge stands first on every Node before Antrea's
/// file appears, or a Pod born in between would be Antrea-only among Calico Pods.
/// </remarks>
internal static class PlanSteps
{
    public static ImmutableArray<MigrationStep> Of(
        ClusterSnapshot snapshot, BridgeStrategy bridge, Readdressing? readdressing, MigrationOptions options, ImmutableArray<PolicyAllowance> allowances)
    {
        var steps = new StepList(snapshot, options, [.. allowances.Select(a => a.Phase)]);
        steps.Add(MigrationPhase.Backup, MigrationStepKind.InstallNodeAgent, "Install the migration's own node agent", Reversibility.Reversible);
        steps.Add(MigrationPhase.Backup, MigrationStepKind.CheckNodes, "Look at every Node's kernel modules, ports and MTU", Reversibility.ReadOnly);
        steps.Add(MigrationPhase.Backup, MigrationStepKind.BackUp, "Back up Calico's objects and every Node's CNI files and routes", Reversibility.ReadOnly);
        if (readdressing is not null)
        {
            ReaddressingSteps.MoveAddresses(steps, readdressing);
        }

        bridge.PutInFront(steps);
        steps.Add(MigrationPhase.InstallAntrea, MigrationStepKind.PinCalicoAutodetection, "Pin Calico's node address before antrea-gw0 appears", Reversibility.Reversible);
        steps.Add(MigrationPhase.InstallAntrea, MigrationStepKind.InstallAntrea, "Install Antrea and wait for every agent", Reversibility.Reversible);
        steps.Add(MigrationPhase.Policies, MigrationStepKind.ConvertPolicies, "Convert the policies, prove them equal, apply, wait until realized", Reversibility.Reversible);
        bridge.MovePods(steps, readdressing);
        steps.Allow(MigrationPhase.RemoveCalico);
        steps.Add(MigrationPhase.RemoveCalico, MigrationStepKind.AssertPods, "Check that every Pod is an Antrea Pod", Reversibility.ReadOnly);
        steps.Add(MigrationPhase.RemoveCalico, MigrationStepKind.ConvertPolicies, "Convert again what policies have changed, wait until realized", Reversibility.Reversible);
        steps.Add(MigrationPhase.RemoveCalico, MigrationStepKind.Hold, "HOLD: there is no way back behind this point", Reversibility.ReadOnly);
        bridge.LetGo(steps);
        steps.Add(MigrationPhase.RemoveCalico, MigrationStepKind.RemoveCalico, "Remove Calico: controllers, agents, objects, definitions", Reversibility.Final);
        steps.ForEachNode(MigrationPhase.RemoveCalico, MigrationStepKind.CleanNode, "Remove what Calico left: routes, rules, ipsets, links, files", Reversibility.Final);
        steps.Withdraw(MigrationPhase.RemoveCalico);
        bridge.CleanUp(steps);
        steps.Add(MigrationPhase.Verify, MigrationStepKind.Verify, "Check that nothing of Calico is left", Reversibility.ReadOnly);
        if (readdressing is not null)
        {
            ReaddressingSteps.Uncordon(steps, readdressing);
        }

        steps.Add(MigrationPhase.Verify, MigrationStepKind.RemoveNodeAgent, "Remove the node agent", Reversibility.Final);
        return steps.ToImmutable();
    }
}
