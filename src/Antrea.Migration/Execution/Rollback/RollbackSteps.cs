using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>The gapless way back, as far as the way there was taken.</summary>
internal static class RollbackSteps
{
    public static ImmutableArray<MigrationStep> Of(IReadOnlyCollection<MigrationStep> taken, ImmutableArray<string> nodes)
    {
        var steps = ImmutableArray.CreateBuilder<MigrationStep>();
        var left = Has(MigrationStepKind.DelegateToAntrea) || Has(MigrationStepKind.RemoveMultusConfig);
        Add(MigrationPhase.Backup, MigrationStepKind.InstallNodeAgent, "Make sure of the migration's own node agent", Reversibility.Reversible);
        if (left)
        {
            ForEachNode(MigrationPhase.MultusPods, MigrationStepKind.DelegateToBoth, "Delegate to Calico and Antrea again");
            Restart(MigrationPhase.MultusPods, "Restart Antrea Pods: they become Multus Pods", MigrationPhase.AntreaPods);
        }

        if (left || Has(MigrationStepKind.DelegateToBoth))
        {
            Add(MigrationPhase.CalicoPods, MigrationStepKind.AssertPods, "Check that no Antrea-only Pod is left", Reversibility.ReadOnly);
            ForEachNode(MigrationPhase.CalicoPods, MigrationStepKind.DelegateToCalico, "Delegate to Calico only again");
            Restart(MigrationPhase.CalicoPods, "Restart Multus Pods: they become Calico Pods", MigrationPhase.MultusPods);
        }

        if (Has(MigrationStepKind.ConvertPolicies))
        {
            Add(MigrationPhase.WithdrawPolicies, MigrationStepKind.AssertPods, "Check that every Pod is a Calico Pod: none is left whose traffic Antrea filters", Reversibility.ReadOnly);
            Add(MigrationPhase.WithdrawPolicies, MigrationStepKind.WithdrawPolicies, "Withdraw the converted policies from Antrea; Calico's stay in force", Reversibility.Reversible);
        }

        if (Has(MigrationStepKind.InstallAntrea))
        {
            Add(MigrationPhase.RemoveAntrea, MigrationStepKind.AssertPods, "Check that every Pod is a Calico Pod", Reversibility.ReadOnly);
            Add(MigrationPhase.RemoveAntrea, MigrationStepKind.RemoveAntrea, "Remove Antrea: bridges, webhooks, controller, agents, objects, definitions", Reversibility.Reversible);
            ForEachNode(MigrationPhase.RemoveAntrea, MigrationStepKind.CleanAntreaNode, "Remove what Antrea left: rules, ipsets, links, files");
        }

        if (Has(MigrationStepKind.PinCalicoAutodetection))
        {
            Add(MigrationPhase.RemoveAntrea, MigrationStepKind.UnpinCalicoAutodetection, "Give Calico's node address back to its own detection", Reversibility.Reversible);
        }

        if (Has(MigrationStepKind.InstallMultus) || Has(MigrationStepKind.DelegateToCalico))
        {
            ForEachNode(MigrationPhase.RemoveBridge, MigrationStepKind.RemoveMultusConfig, "Remove 00-multus.conf: Calico's file is first");
            Add(MigrationPhase.RemoveBridge, MigrationStepKind.RemoveMultus, "Remove Multus", Reversibility.Reversible);
        }

        Add(MigrationPhase.Verify, MigrationStepKind.VerifyRollback, "Check that nothing of Antrea and Multus is left", Reversibility.ReadOnly);
        Add(MigrationPhase.Verify, MigrationStepKind.RemoveNodeAgent, "Remove the node agent", Reversibility.Reversible);
        Add(MigrationPhase.Verify, MigrationStepKind.ForgetMigration, "Remove the journal's Namespace; its copy in the file stays", Reversibility.Reversible);
        return steps.ToImmutable();

        bool Has(MigrationStepKind kind) => taken.Any(s => s.Kind == kind);

        void Add(MigrationPhase phase, MigrationStepKind kind, string title, Reversibility reversibility) =>
            steps.Add(new MigrationStep($"rollback/{StepNames.Of(phase)}/{StepNames.Of(kind)}", phase, kind, title, null, reversibility, []));

        void ForEachNode(MigrationPhase phase, MigrationStepKind kind, string title)
        {
            foreach (var node in nodes)
            {
                steps.Add(new MigrationStep(
                    $"rollback/{StepNames.Of(phase)}/{StepNames.Of(kind)}/{node}", phase, kind, title, node, Reversibility.Reversible, []));
            }
        }

        // The same workloads that went that way come back.
        void Restart(MigrationPhase phase, string title, MigrationPhase undone)
        {
            ImmutableArray<string> restarts =
                [.. taken.Where(s => s.Kind == MigrationStepKind.RestartPods && (s.Phase == undone || left)).SelectMany(s => s.Restarts).Distinct()];
            steps.Add(new MigrationStep(
                $"rollback/{StepNames.Of(phase)}/{StepNames.Of(MigrationStepKind.RestartPods)}",
                phase, MigrationStepKind.RestartPods, title, null, Reversibility.ReversibleWithRestarts, restarts));
        }
    }
}
