using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>What the journal says of a plan's steps, and which of it needs no second look.</summary>
internal sealed class JournalView
{
    private readonly MigrationPlan _plan;
    private readonly ImmutableDictionary<string, JournalState> _last;

    public JournalView(MigrationPlan plan, IEnumerable<JournalEntry> entries)
    {
        _plan = plan;
        _last = entries.Where(e => e.State != JournalState.Plan)
            .Aggregate(ImmutableDictionary<string, JournalState>.Empty, (all, e) => all.SetItem(e.StepId, e.State));
    }

    /// <summary>Whether the step's newest entry says done.</summary>
    public bool IsDone(MigrationStep step) => _last.TryGetValue(step.Id, out var state) && state == JournalState.Done;

    /// <summary>Whether there is any entry of the step: of a hold, that an earlier run has stopped there.</summary>
    public bool IsBegun(MigrationStep step) => _last.ContainsKey(step.Id);

    /// <summary>Whether a step that is done can be left alone. What must still hold in the cluster is looked at again until a
    /// later step has begun to change it on purpose; what only had to happen once is not.</summary>
    public bool IsSettled(MigrationStep step) => step.Kind switch
    {
        MigrationStepKind.CordonNode => HasBegun(MigrationStepKind.UncordonNode, step.Node),
        MigrationStepKind.CreatePools => HasBegun(MigrationStepKind.RemoveCalico, null),
        MigrationStepKind.DisablePools => HasBegun(MigrationStepKind.DeletePools, null) || HasBegun(MigrationStepKind.RemoveCalico, null),
        MigrationStepKind.MovePods => HasBegun(MigrationStepKind.ReleaseBlocks, null),
        MigrationStepKind.HoldCalico => HasBegun(MigrationStepKind.ReleaseHold, step.Node),
        MigrationStepKind.LeadCalico => HasBegun(MigrationStepKind.StopLeadingCalico, step.Node),
        MigrationStepKind.ReleaseHold => HasBegun(MigrationStepKind.StopLeadingCalico, step.Node) || HasBegun(MigrationStepKind.RemoveCalico, null),
        MigrationStepKind.RemoveMultusConfig => true,
        _ when WritesConfig(step) => HasBegunAfter(step, s => WritesConfig(s) && s.Node == step.Node),
        MigrationStepKind.RestartPods => HasBegunAfter(step, s => WritesConfig(s) || s.Kind is MigrationStepKind.StopLeadingCalico or MigrationStepKind.RemoveCalico),
        MigrationStepKind.ConvertPolicies => HasBegun(MigrationStepKind.RemoveCalico, null),

        // An assertion guards the steps behind it in its phase.
        MigrationStepKind.AssertPods => _plan.Steps.Where(s => s.Phase == step.Phase).SkipWhile(s => s != step).All(IsDone),
        _ => true,
    };

    /// <summary>Whether it decides which network a Node's next Pod gets.</summary>
    private static bool WritesConfig(MigrationStep step) => step.Kind is MigrationStepKind.DelegateToCalico or MigrationStepKind.DelegateToBoth
        or MigrationStepKind.DelegateToAntrea or MigrationStepKind.RemoveMultusConfig;

    private bool HasBegunAfter(MigrationStep step, Predicate<MigrationStep> which) =>
        _plan.Steps.SkipWhile(s => s != step).Skip(1).Any(s => which(s) && IsBegun(s));

    private bool HasBegun(MigrationStepKind kind, string? node) =>
        _plan.Steps.Any(s => s.Kind == kind && (node is null || s.Node == node) && IsBegun(s));
}
