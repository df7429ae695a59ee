using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>The gapless way back, as far as the way there was taken.</summary>
internal sealed class RollbackSteps
{
    private readonly ImmutableArray<MigrationStep>.Builder _steps = ImmutableArray.CreateBuilder<MigrationStep>();
    private readonly IReadOnlyCollection<MigrationStep> _taken;
    private readonly ImmutableArray<string> _nodes;

    private RollbackSteps(IReadOnlyCollection<MigrationStep> taken, ImmutableArray<string> nodes) => (_taken, _nodes) = (taken, nodes);

    /// <param name="taken">What of the migration was begun.</param>
    /// <param name="nodes">Every Node there is now.</param>
    /// <param name="back">How addresses move back; null where none were moved.</param>
    public static ImmutableArray<MigrationStep> Of(IReadOnlyCollection<MigrationStep> taken, ImmutableArray<string> nodes, Readdressing? back)
    {
        var steps = new RollbackSteps(taken, nodes);
        steps.Add(MigrationPhase.Backup, MigrationStepKind.InstallNodeAgent, "Make sure of the migration's own node agent", Reversibility.Reversible);
        steps.MovePods();
        steps.RemoveAntrea();
        steps.RemoveBridge();
        if (back is not null)
        {
            steps.RestoreAddresses(back);
        }

        steps.Add(MigrationPhase.Verify, MigrationStepKind.VerifyRollback, "Check that nothing of Antrea and of the bridge is left", Reversibility.ReadOnly);
        steps.Add(MigrationPhase.Verify, MigrationStepKind.RemoveNodeAgent, "Remove the node agent", Reversibility.Reversible);
        steps.Add(MigrationPhase.Verify, MigrationStepKind.ForgetMigration, "Remove the journal's Namespace; its copy in the file stays", Reversibility.Reversible);
        return steps._steps.ToImmutable();
    }

    private void MovePods()
    {
        var left = Has(MigrationStepKind.DelegateToAntrea) || Has(MigrationStepKind.RemoveMultusConfig);
        var bridged = left || Has(MigrationStepKind.DelegateToBoth);
        var allows = Has(MigrationStepKind.AllowMasqueraded);
        var moves = bridged || Has(MigrationStepKind.ReleaseHold);
        if (allows && moves)
        {
            Add(left ? MigrationPhase.MultusPods : MigrationPhase.CalicoPods, MigrationStepKind.AllowMasqueraded, "Allow again what policies would not know, under its Nodes' addresses", Reversibility.Reversible);
        }

        if (Has(MigrationStepKind.SuspendCronJobs) && moves)
        {
            Add(left ? MigrationPhase.MultusPods : MigrationPhase.CalicoPods, MigrationStepKind.SuspendCronJobs, "Suspend CronJobs, for a running Job can only be waited for", Reversibility.Reversible);
        }

        if (left)
        {
            ForEachNode(MigrationPhase.MultusPods, MigrationStepKind.DelegateToBoth, "Delegate to Calico and Antrea again");
            Restart(MigrationPhase.MultusPods, "Restart Antrea Pods: they become Multus Pods");
        }

        if (bridged)
        {
            Add(MigrationPhase.CalicoPods, MigrationStepKind.AssertPods, "Check that no Antrea-only Pod is left", Reversibility.ReadOnly);
            ForEachNode(MigrationPhase.CalicoPods, MigrationStepKind.DelegateToCalico, "Delegate to Calico only again");
            Restart(MigrationPhase.CalicoPods, "Restart Multus Pods: they become Calico Pods");
        }

        ForEachNode(MigrationPhase.CalicoPods, MigrationStepKind.UncordonNode, "Uncordon what was cordoned", Confines ? NodesOf(MigrationStepKind.CordonNode) : []);

        // Without Multus one restart is all: Calico Pods may stand beside Antrea Pods while the bridge does.
        if (Has(MigrationStepKind.ReleaseHold))
        {
            if (Has(MigrationStepKind.StopLeadingCalico))
            {
                ForEachNode(MigrationPhase.CalicoPods, MigrationStepKind.LeadCalico, "Lead what Calico Pods send to PodCIDRs by Calico's tunnel again");
            }

            // Where calico-node was sent away it comes back first, with the file to copy and the routes to go by; only Nodes that it left are waited for.
            ForEachNode(MigrationPhase.CalicoPods, MigrationStepKind.ReadmitCalico, "Let calico-node come back", NodesOf(MigrationStepKind.StopCalico));
            ForEachNode(MigrationPhase.CalicoPods, MigrationStepKind.HoldCalico, "Put a copy of Calico's CNI file first again");
            Restart(MigrationPhase.CalicoPods, "Restart Antrea Pods: they become Calico Pods");
        }

        if (allows)
        {
            Add(MigrationPhase.CalicoPods, MigrationStepKind.WithdrawAllowances, "Remove the allowances, and see that none is left", Reversibility.Reversible);
        }

        if (Has(MigrationStepKind.SuspendCronJobs))
        {
            Add(MigrationPhase.CalicoPods, MigrationStepKind.ResumeCronJobs, "Let CronJobs run again", Reversibility.Reversible);
        }
    }

    private void RemoveAntrea()
    {
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

        ForEachNode(MigrationPhase.RemoveAntrea, MigrationStepKind.AdmitAntrea, "Remove the label that kept antrea-agent away", Has(MigrationStepKind.DeferAntrea) ? _nodes : []);

        if (Has(MigrationStepKind.PinCalicoAutodetection))
        {
            Add(MigrationPhase.RemoveAntrea, MigrationStepKind.UnpinCalicoAutodetection, "Give Calico's node address back to its own detection", Reversibility.Reversible);
        }
    }

    private void RemoveBridge()
    {
        if (Confines)
        {
            Add(MigrationPhase.RemoveBridge, MigrationStepKind.FreeCalico, "Let calico-node run wherever it did before", Reversibility.Reversible);
        }

        if (Has(MigrationStepKind.InstallMultus) || Has(MigrationStepKind.DelegateToCalico))
        {
            ForEachNode(MigrationPhase.RemoveBridge, MigrationStepKind.RemoveMultusConfig, "Remove 00-multus.conf: Calico's file is first");
            Add(MigrationPhase.RemoveBridge, MigrationStepKind.RemoveMultus, "Remove Multus", Reversibility.Reversible);
        }

        if (Has(MigrationStepKind.LeadCalico))
        {
            ForEachNode(MigrationPhase.RemoveBridge, MigrationStepKind.StopLeadingCalico, "Remove the rule and the table");
        }

        if (Has(MigrationStepKind.HoldCalico))
        {
            ForEachNode(MigrationPhase.RemoveBridge, MigrationStepKind.ReleaseHold, "Remove the copy: Calico's own file is first");
        }
    }

    /// <summary>Antrea is gone, so nothing in the PodCIDRs clashes any more.</summary>
    private void RestoreAddresses(Readdressing back)
    {
        const MigrationPhase phase = MigrationPhase.RestoreAddresses;
        var pools = string.Join(", ", back.OldPools);
        if (Has(MigrationStepKind.CreatePools))
        {
            Add(phase, MigrationStepKind.RestorePools, "Make the IPPools what they were", Reversibility.Reversible);
        }

        ForEachNode(phase, MigrationStepKind.UncordonNode, "Uncordon what was cordoned", back.CordonedNodes);
        if (Has(MigrationStepKind.CreatePools))
        {
            Add(phase, MigrationStepKind.DisablePools, $"Disable IPPool {pools}; every Node's tunnel address moves back", Reversibility.Reversible);
            Restart(phase, MigrationStepKind.MovePods, $"Restart Pods with addresses of IPPool {pools}");
            Add(phase, MigrationStepKind.ReleaseBlocks, $"Give up {string.Join(", ", back.Ranges)}: no address, block, affinity or route of Calico's is left there", Reversibility.Reversible);
            Add(phase, MigrationStepKind.DeletePools, $"Delete IPPool {pools}: no address is left in it", Reversibility.Reversible);
        }
    }

    /// <summary>Whether the Nodes were moved in parts.</summary>
    private bool Confines => Has(MigrationStepKind.ConfineCalico);

    private IEnumerable<string> NodesOf(MigrationStepKind kind) =>
        _taken.Where(s => s.Kind == kind && _nodes.Contains(s.Node!)).Select(s => s.Node!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private bool Has(MigrationStepKind kind) => _taken.Any(s => s.Kind == kind);

    private void Add(MigrationPhase phase, MigrationStepKind kind, string title, Reversibility reversibility) =>
        _steps.Add(new MigrationStep($"rollback/{StepNames.Of(phase)}/{StepNames.Of(kind)}", phase, kind, title, null, reversibility, []));

    private void ForEachNode(MigrationPhase phase, MigrationStepKind kind, string title, IEnumerable<string>? nodes = null)
    {
        foreach (var node in nodes ?? _nodes)
        {
            _steps.Add(new MigrationStep(
                $"rollback/{StepNames.Of(phase)}/{StepNames.Of(kind)}/{node}", phase, kind, title, node, Reversibility.Reversible, []));
        }
    }

    /// <summary>What new Pods get is tried before Pods that matter restart.</summary>
    private void Restart(MigrationPhase phase, string title)
    {
        Add(phase, MigrationStepKind.TryCanaries, "Try the network with a Pod of the migration's own on every Node", Reversibility.Reversible);
        Restart(phase, MigrationStepKind.RestartPods, title);
    }

    /// <summary>The same workloads that went that way come back.</summary>
    private void Restart(MigrationPhase phase, MigrationStepKind kind, string title)
    {
        var there = Has(MigrationStepKind.RestartPods) ? MigrationStepKind.RestartPods : MigrationStepKind.MovePods;
        ImmutableArray<string> restarts = [.. _taken.Where(s => s.Kind == there).SelectMany(s => s.Restarts).Distinct()];
        _steps.Add(new MigrationStep(
            $"rollback/{StepNames.Of(phase)}/{StepNames.Of(kind)}", phase, kind, title, null, Reversibility.ReversibleWithRestarts, restarts));
    }
}
