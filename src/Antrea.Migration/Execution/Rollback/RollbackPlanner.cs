using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Makes the plan that undoes a begun migration, from its journal and the cluster. Pure: nothing is asked, nothing is changed.</summary>
/// <remarks>
/// The way back is the way there, mirrored, and as gapless: Antrea Pods become Multus Pods before the first Calico-only client
/// exists, and Calico Pods after that. Antrea enforces on <c>net1</c> of Multus Pods and on Antrea Pods, Calico on every <c>cali*</c> device;
/// so Antrea's policies go when the last Pod has left its network and no earlier, and Calico's are never touched. Antrea's CNI
/// file goes before <c>00-multus.conf</c> or the copy of Calico's does, or the next Pod would be an Antrea Pod. Addresses move back into
/// PodCIDRs last, when Antrea is gone.
/// </remarks>
public static class RollbackPlanner
{
    /// <summary>The plan that brings the cluster back to what it was before <paramref name="begun"/>; without steps, and with the reason, when
    /// what was begun cannot be undone.</summary>
    /// <param name="begun">The migration's plan.</param>
    /// <param name="entries">Its journal.</param>
    /// <param name="snapshot">The cluster now: Nodes that joined since are cleaned too, and those that left are not asked.</param>
    public static MigrationPlan Plan(MigrationPlan begun, IEnumerable<JournalEntry> entries, ClusterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(begun);
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(snapshot);
        var ids = entries.Where(e => e.State is JournalState.Intent or JournalState.Done or JournalState.Failed).Select(e => e.StepId)
            .ToHashSet(StringComparer.Ordinal);
        List<MigrationStep> taken = [.. begun.Steps.Where(s => ids.Contains(s.Id))];
        var back = taken.Exists(s => s.Phase == MigrationPhase.Addresses) ? MoveBack(begun.Readdressing!) : null;
        ImmutableArray<Finding> findings = [.. Refusals(taken, begun.Readdressing)];
        ImmutableArray<string> nodes = [.. snapshot.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal)];
        return begun with
        {
            Id = $"{begun.Id}-rollback",
            Undoes = begun.Id,
            Nodes = nodes,
            PodCidrs = snapshot.Nodes.ToImmutableSortedDictionary(n => n.Name, n => n.PodCidrs, StringComparer.Ordinal),
            Readdressing = back,
            Steps = findings.IsEmpty ? RollbackSteps.Of(taken, nodes, back) : [],
            Findings = findings,
        };
    }

    private static IEnumerable<Finding> Refusals(List<MigrationStep> taken, Readdressing? readdressing)
    {
        if (taken.Find(s => s.Reversibility == Reversibility.Final) is { } final)
        {
            yield return new Finding(
                "removal-of-calico-begun",
                Severity.Blocker,
                $"Step {final.Id}",
                $"'{final.Title}' was begun; it is final, as the plan said: what Calico kept of addresses, routes and rules is gone with it",
                "Go forward with 'antrea-migrator migrate --execute'; Calico can only be installed anew, from the backup folder's objects");
        }

        if (taken.Find(s => s.Kind == MigrationStepKind.DisablePools) is { } disabling && readdressing!.OldPoolObjects.IsEmpty)
        {
            yield return new Finding(
                "old-pools-not-recorded",
                Severity.Blocker,
                $"Step {disabling.Id}",
                "The plan was made by a version that did not write down what the old IPPools were",
                "Go forward with 'antrea-migrator migrate --execute', or undo the steps by hand, the pools from the backup folder");
        }
    }

    /// <summary>The same move the other way round: out of the migration's pools.</summary>
    private static Readdressing MoveBack(Readdressing there) => there with
    {
        Pools = [],
        OldPools = [.. there.Pools.Select(p => p.Name)],
        Ranges = [.. there.Pools.Select(p => p.Cidr)],
        EmptiesOldPools = true,
        DeletesOldPools = true,
    };
}
