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
/// <param name="Remaining">How long the steps left will take, by how long steps of their kind took so far, and by how many Nodes went side by side so far; holds and pauses not
/// counted.</param>
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
        var (remaining, unmeasured) = Estimate(plan, IsDone, Measure(record, newest), SideBySide(plan, newest));
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

    /// <summary>How many Nodes were at work at the same time in the passes over Nodes so far, on average: what their steps took, over what that took by the clock. At least 1.</summary>
    /// <remarks>Measured, for runs may differ in how many Nodes at once they were allowed, and Nodes wait for each other at gates.</remarks>
    private static double SideBySide(MigrationPlan plan, Dictionary<string, JournalEntry> newest)
    {
        var spans = Passes(plan).Where(p => p.Length > 1).SelectMany(p => p).SelectMany(lane => lane)
            .Select(s => newest.GetValueOrDefault(s.Id)).OfType<JournalEntry>().Where(e => e.Duration is not null)
            .Select(e => (From: e.Time - e.Duration!.Value, To: e.Time)).OrderBy(s => s.From).ToList();
        var (busy, until) = (TimeSpan.Zero, DateTimeOffset.MinValue);
        foreach (var (from, to) in spans.Where(s => s.To > until))
        {
            busy += to - (from > until ? from : until);
            until = to;
        }

        return busy > TimeSpan.Zero ? Math.Max(1, spans.Sum(s => (s.To - s.From).TotalSeconds) / busy.TotalSeconds) : 1;
    }

    private static (TimeSpan Remaining, int Unmeasured) Estimate(
        MigrationPlan plan, Func<MigrationStep, bool> isDone, Dictionary<MigrationStepKind, TimeSpan> measured, double sideBySide)
    {
        var (remaining, unmeasured) = (TimeSpan.Zero, 0);
        foreach (var pass in Passes(plan))
        {
            var lanes = pass.Select(lane => lane.Where(s => s.Kind != MigrationStepKind.Hold && !isDone(s)).ToList()).ToList();
            var times = lanes.ConvertAll(lane => lane.Aggregate(TimeSpan.Zero, (sum, s) => sum + measured.GetValueOrDefault(s.Kind)));
            var all = times.Aggregate(TimeSpan.Zero, (sum, t) => sum + t);

            // No more Nodes go side by side than there are, and none is quicker than it is alone.
            remaining += pass.Length == 1 ? all : TimeSpan.FromTicks(Math.Max((long)(all.Ticks / sideBySide), times.Max().Ticks));
            unmeasured += lanes.Sum(lane => lane.Count(s => !measured.ContainsKey(s.Kind)));
        }

        return (remaining, unmeasured);
    }

    /// <summary>What goes side by side wherever more than one Node may.</summary>
    private static IEnumerable<ImmutableArray<ImmutableArray<MigrationStep>>> Passes(MigrationPlan plan) =>
        plan.Steps.GroupBy(s => s.Phase).SelectMany(phase => NodeLanes.Of(phase, ExecutionOptions.MostNodesAtOnce));
}
