using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Restarts Pods into the phase's network.</summary>
internal sealed class RestartPodsAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var target = TargetOf(step);
        var goal = GoalOf(context.Plan, step);
        var count = await new WorkloadRestarter(context).RestartAsync(goal, MarkerOf(context.Plan, step), cancellationToken).ConfigureAwait(false);
        return goal.OnSomeNodes ? $"every Pod of {MovingNodes(context.Plan, step).Length} Nodes is {goal.Wanted}" : $"{count} Pods are {target} Pods";
    }

    /// <summary>What the restarted templates are marked with. The last restart of a rollback takes the mark away, and so makes them what they were.</summary>
    public static string? MarkerOf(MigrationPlan plan, MigrationStep step) =>
        plan.Undoes is not null && plan.Steps.Last(s => s.Kind is MigrationStepKind.RestartPods or MigrationStepKind.MovePods).Id == step.Id
            ? null
            : $"{plan.Id}/{step.Phase}";

    /// <summary>Of a partition the part that the step's phase moves; else all Nodes.</summary>
    public static ImmutableArray<string> MovingNodes(MigrationPlan plan, MigrationStep step) =>
        plan.Undoes is null && plan.Partition?.NodesOf(step.Phase) is { IsEmpty: false } part ? part : plan.Nodes;

    private static RestartGoal GoalOf(MigrationPlan plan, MigrationStep step)
    {
        var target = TargetOf(step);
        var moving = MovingNodes(plan, step).ToHashSet(StringComparer.Ordinal);
        return moving.Count == plan.Nodes.Length
            ? RestartGoal.On(target)
            : new RestartGoal($"on {target}", (pod, network) => network == target || !moving.Contains(pod.NodeName)) { OnSomeNodes = true };
    }

    public static PodNetwork TargetOf(MigrationStep step) => step.Phase switch
    {
        MigrationPhase.MultusPods => PodNetwork.Multus,
        MigrationPhase.CalicoPods => PodNetwork.Calico,
        _ => PodNetwork.Antrea,
    };
}

/// <summary>Asks the cluster whether the network before is really empty. Never skipped on the journal's word.</summary>
internal sealed class AssertPodsAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        if (context.Plan is { Undoes: null, Partition: null })
        {
            await RequireNoOverlapAsync(context, cancellationToken).ConfigureAwait(false);
        }

        var moving = RestartPodsAction.MovingNodes(context.Plan, step);
        var allowed = AllowedIn(step.Phase, context.Plan.Bridge);
        var inventory = await context.WiredInventoryAsync(
            "See why with 'kubectl describe' on the Pods named, then run the command again; it goes on at this step.",
            cancellationToken).ConfigureAwait(false);
        var strays = inventory.Where(p => IsOnPodNetwork(p.Pod) && moving.Contains(p.Pod.NodeName) && !allowed.Contains(p.Network)).ToList();
        return strays.Count == 0
            ? string.Join(", ", PodNetworkInventory.Count(inventory.Select(p => p.Network)).Select(c => $"{c.Value} {c.Key} Pods"))
            : throw new StepFailedException(
                $"{strays.Count} Pods would be cut off: "
                + string.Join(", ", strays.Take(5).Select(s => $"{s.Pod} ({s.Network}, Node {s.Pod.NodeName})")),
                "Restart them (they appeared since the last phase), then run the command again.");
    }

    /// <summary>Before Antrea-only servers appear there must be no Calico-only client, and the other way round on the way back; Antrea-only
    /// clients are fine from the start. Where the Nodes lead Calico clients, those are fine too.</summary>
    private static PodNetwork[] AllowedIn(MigrationPhase phase, BridgeKind bridge) => phase switch
    {
        MigrationPhase.AntreaPods => bridge == BridgeKind.Multus ? [PodNetwork.Multus, PodNetwork.Antrea] : [PodNetwork.Calico, PodNetwork.Antrea],
        MigrationPhase.CalicoPods => [PodNetwork.Multus, PodNetwork.Calico],
        MigrationPhase.WithdrawPolicies or MigrationPhase.RemoveAntrea => [PodNetwork.Calico],
        _ => [PodNetwork.Antrea],
    };

    /// <summary>Whether a Pod has, or gets now, a sandbox of its own.</summary>
    public static bool IsOnPodNetwork(Clusters.PodInfo pod) => !pod.HostNetwork && !pod.HasEnded && pod.NodeName.Length > 0;

    /// <summary>A Node whose blocks are full claims a new one anywhere in the pool, in a PodCIDR too.</summary>
    private static async Task RequireNoOverlapAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var analysis = AddressAnalyzer.Analyze(await context.Reader.ReadAsync(cancellationToken).ConfigureAwait(false));
        if (!analysis.Overlaps.IsEmpty)
        {
            var overlap = analysis.Overlaps[0];
            throw new StepFailedException(
                $"Calico's {overlap.Block} (Node {overlap.Owner ?? "unknown"}) has come to lie in {overlap.PodCidr}, the PodCIDR of Node {overlap.Node}.",
                "Restart the Pods with addresses in it until the block is empty and released, then run the command again.");
        }
    }
}
