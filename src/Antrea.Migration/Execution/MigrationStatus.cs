using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>How far one phase is.</summary>
/// <param name="Phase">The phase.</param>
/// <param name="Done">How many of its steps are done.</param>
/// <param name="Total">How many it has.</param>
public sealed record PhaseStatus(MigrationPhase Phase, int Done, int Total);

/// <summary>How far one Node is.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Done">How many of the steps that are about it are done.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Last">The kind of the last one that is done; null when none is.</param>
public sealed record NodeStatus(string Node, int Done, int Total, MigrationStepKind? Last);

/// <summary>How far a migration or a rollback is, and how long it will take, told from its journal alone.</summary>
/// <param name="Plan">The plan that is being carried out.</param>
/// <param name="Phases">In the plan's order.</param>
/// <param name="Nodes">By name.</param>
/// <param name="Next">The first step that is not done; null when all are.</param>
/// <param name="Entry">That step's newest entry, with the reason when it has failed; null before it began.</param>
/// <param name="Remaining">How long the steps left will take, by how long steps of their kind took so far; holds and pauses not counted.</param>
/// <param name="Unmeasured">How many steps left are of a kind that was never measured: they come on top.</param>
public sealed record MigrationStatus(
    MigrationPlan Plan,
    ImmutableArray<PhaseStatus> Phases,
    ImmutableArray<NodeStatus> Nodes,
    MigrationStep? Next,
    JournalEntry? Entry,
    TimeSpan Remaining,
    int Unmeasured)
{
    /// <summary>Reads the record; null when nothing was begun.</summary>
    public static MigrationStatus? Of(MigrationRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Current is not { } plan)
        {
            return null;
        }

        var newest = record.Entries.GroupBy(e => e.StepId).ToDictionary(g => g.Key, g => g.Last());
        bool IsDone(MigrationStep step) => newest.GetValueOrDefault(step.Id)?.State == JournalState.Done;
        var next = plan.Steps.FirstOrDefault(s => !IsDone(s));
        var (remaining, unmeasured) = Estimate([.. plan.Steps.Where(s => !IsDone(s) && s.Kind != MigrationStepKind.Hold)], Measure(record, newest));
        return new MigrationStatus(
            plan,
            [.. plan.Steps.GroupBy(s => s.Phase).Select(g => new PhaseStatus(g.Key, g.Count(IsDone), g.Count()))],
            [
                .. plan.Nodes.GroupJoin(plan.Steps, n => n, s => s.Node, (node, steps) => (node, steps: steps.ToList()))
                    .Select(n => new NodeStatus(n.node, n.steps.Count(IsDone), n.steps.Count, n.steps.LastOrDefault(IsDone)?.Kind)),
            ],
            next,
            next is null ? null : newest.GetValueOrDefault(next.Id),
            remaining,
            unmeasured);
    }

    /// <summary>How long a step of each kind took, on average, in the migration and its rollback.</summary>
    private static Dictionary<MigrationStepKind, TimeSpan> Measure(MigrationRecord record, Dictionary<string, JournalEntry> newest) =>
        new[] { record.Plan, record.Rollback }.OfType<MigrationPlan>().SelectMany(p => p.Steps)
            .Select(s => (s.Kind, newest.GetValueOrDefault(s.Id)?.Duration))
            .Where(m => m.Duration is not null)
            .GroupBy(m => m.Kind)
            .ToDictionary(g => g.Key, g => TimeSpan.FromSeconds(g.Average(m => m.Duration!.Value.TotalSeconds)));

    private static (TimeSpan Remaining, int Unmeasured) Estimate(
        ImmutableArray<MigrationStep> left, Dictionary<MigrationStepKind, TimeSpan> measured) =>
        (left.Aggregate(TimeSpan.Zero, (sum, s) => sum + measured.GetValueOrDefault(s.Kind)), left.Count(s => !measured.ContainsKey(s.Kind)));
}
