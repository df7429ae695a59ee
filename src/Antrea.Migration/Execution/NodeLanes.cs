using System.Collections.Frozen;
using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Finds the steps of a plan that Nodes can take side by side: one lane a Node, its steps in their order.</summary>
/// <remarks>
/// Only what changes one Node and depends on nothing that another Node's step does: files, routes, rules and labels of its own. Steps that restart Pods are not among
/// them. A pass (one kind of step, Node by Node) ends before the next begins; a plan that lists several steps of one Node after another has each Node go through them
/// without waiting for the others.
/// </remarks>
internal static class NodeLanes
{
    private static readonly FrozenSet<MigrationStepKind> Independent = new[]
    {
        MigrationStepKind.CordonNode,
        MigrationStepKind.UncordonNode,
        MigrationStepKind.DelegateToCalico,
        MigrationStepKind.DelegateToBoth,
        MigrationStepKind.DelegateToAntrea,
        MigrationStepKind.RemoveMultusConfig,
        MigrationStepKind.HoldCalico,
        MigrationStepKind.ReleaseHold,
        MigrationStepKind.LeadCalico,
        MigrationStepKind.StopLeadingCalico,
        MigrationStepKind.DeferAntrea,
        MigrationStepKind.AdmitAntrea,
        MigrationStepKind.StopCalico,
        MigrationStepKind.ClearRoutes,
        MigrationStepKind.ReadmitCalico,
        MigrationStepKind.CleanNode,
        MigrationStepKind.CleanAntreaNode,
    }.ToFrozenSet();

    /// <summary>The steps in groups, and each group in lanes; one after the other they are <paramref name="steps"/> again.</summary>
    /// <param name="steps">In the plan's order.</param>
    /// <param name="nodesAtOnce">With 1 each step is a group of its own.</param>
    public static IEnumerable<ImmutableArray<ImmutableArray<MigrationStep>>> Of(IEnumerable<MigrationStep> steps, int nodesAtOnce)
    {
        List<ImmutableArray<MigrationStep>> group = [];
        foreach (var lane in nodesAtOnce > 1 ? Lanes(steps) : steps.Select(s => ImmutableArray.Create(s)))
        {
            if (group.Count > 0 && (nodesAtOnce == 1 || !Goes(lane, beside: group)))
            {
                yield return [.. group];
                group = [];
            }

            group.Add(lane);
        }

        if (group.Count > 0)
        {
            yield return [.. group];
        }
    }

    private static IEnumerable<ImmutableArray<MigrationStep>> Lanes(IEnumerable<MigrationStep> steps)
    {
        List<MigrationStep> lane = [];
        foreach (var step in steps)
        {
            if (lane.Count > 0 && !(Independent.Contains(step.Kind) && Independent.Contains(lane[0].Kind) && step.Node == lane[0].Node))
            {
                yield return [.. lane];
                lane = [];
            }

            lane.Add(step);
        }

        if (lane.Count > 0)
        {
            yield return [.. lane];
        }
    }

    private static bool Goes(ImmutableArray<MigrationStep> lane, List<ImmutableArray<MigrationStep>> beside) =>
        Independent.Contains(lane[0].Kind)
        && lane.Select(s => s.Kind).SequenceEqual(beside[0].Select(s => s.Kind))
        && !beside.Exists(other => other[0].Node == lane[0].Node);
}
