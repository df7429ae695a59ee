using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>What a journal says: which migration was begun, whether it is being undone, and how far it is.</summary>
/// <param name="Plan">The plan that was begun; null when none was.</param>
/// <param name="Rollback">The plan that undoes it; null when none was begun.</param>
/// <param name="Entries">The entries of the steps, in order.</param>
public sealed record MigrationRecord(MigrationPlan? Plan, MigrationPlan? Rollback, ImmutableArray<JournalEntry> Entries)
{
    /// <summary>The plan that is being carried out: the rollback's, once there is one.</summary>
    public MigrationPlan? Current => Rollback ?? Plan;

    /// <summary>How far the parts of the plan's partition are; not begun without one, and while it is being undone.</summary>
    public PartitionProgress Progress
    {
        get
        {
            if (Plan is not { Partition: not null } plan || Rollback is not null)
            {
                return PartitionProgress.NotBegun;
            }

            var journal = new JournalView(plan, Entries);
            return HasMoved(MigrationPhase.SecondPart) ? PartitionProgress.Moved
                : HasBegun(MigrationPhase.SecondPart) ? PartitionProgress.InSecondPart
                : HasMoved(MigrationPhase.FirstPart) ? PartitionProgress.Apart
                : HasBegun(MigrationPhase.FirstPart) ? PartitionProgress.InFirstPart
                : PartitionProgress.NotBegun;

            bool HasMoved(MigrationPhase part) => plan.Steps.Any(s => s.Phase == part && s.Kind == MigrationStepKind.AssertPods && journal.IsDone(s));

            // A hold and a cordon take nothing from anybody.
            bool HasBegun(MigrationPhase part) => plan.Steps.Any(s => s.Phase == part && s.Kind is not (MigrationStepKind.Hold or MigrationStepKind.CordonNode) && journal.IsBegun(s));
        }
    }

    /// <summary>The rollback that was begun, or the one to begin on <paramref name="snapshot"/>; null when there is nothing to undo.</summary>
    public MigrationPlan? PlanRollback(ClusterSnapshot snapshot) =>
        Rollback ?? (Plan is null ? null : RollbackPlanner.Plan(Plan, Entries, snapshot));

    /// <summary>Reads a journal's entries.</summary>
    /// <param name="entries">All of them.</param>
    /// <param name="source">Where they came from, for messages.</param>
    /// <exception cref="FormatException">A plan in it cannot be read.</exception>
    public static MigrationRecord Of(IEnumerable<JournalEntry> entries, string source)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var all = entries.ToImmutableArray();
        ImmutableArray<MigrationPlan> plans = [.. all.Where(e => e.State == JournalState.Plan).Select(e => PlanJson.Unpack(e.Detail, source))];
        return new MigrationRecord(
            plans.LastOrDefault(p => p.Undoes is null), plans.LastOrDefault(p => p.Undoes is not null), [.. all.Where(e => e.State != JournalState.Plan)]);
    }
}
