using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>What the journal says of a plan's steps, and which of it needs no second look.</summary>
internal sealed class JournalView
{
    private readonly MigrationPlan _plan;
    private readonly Dictionary<string, JournalState> _last;
    private readonly HashSet<(MigrationStepKind Kind, string? Node)> _begun = [];
    private readonly ILookup<string?, (int Place, MigrationStep Step)> _byNode;
    private readonly Dictionary<string, int> _places;

    public JournalView(MigrationPlan plan, IEnumerable<JournalEntry> entries)
    {
        _plan = plan;
        _last = new Dictionary<string, JournalState>(StringComparer.Ordinal);
        foreach (var entry in entries.Where(e => e.State != JournalState.Plan))
        {
            _last[entry.StepId] = entry.State;
        }

        // A large cluster has tens of thousands of steps: each question is about one Node's, or about all of a kind.
        _places = plan.Steps.Index().ToDictionary(s => s.Item.Id, s => s.Index, StringComparer.Ordinal);
        _byNode = plan.Steps.Index().ToLookup(s => s.Item.Node, s => (s.Index, s.Item));
        foreach (var step in plan.Steps.Where(IsBegun))
        {
            _begun.Add((step.Kind, step.Node));
            _begun.Add((step.Kind, null));
        }
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
        MigrationStepKind.DeferAntrea => HasBegun(MigrationStepKind.AdmitAntrea, step.Node),
        MigrationStepKind.ConfineCalico or MigrationStepKind.AdmitAntrea => HasBegun(MigrationStepKind.RemoveCalico, null),
        MigrationStepKind.StopCalico or MigrationStepKind.ClearRoutes => HasBegun(MigrationStepKind.ReadmitCalico, step.Node) || HasBegun(MigrationStepKind.RemoveCalico, null),
        MigrationStepKind.HoldCalico => HasBegun(MigrationStepKind.ReleaseHold, step.Node),
        MigrationStepKind.LeadCalico => HasBegun(MigrationStepKind.StopLeadingCalico, step.Node),
        MigrationStepKind.ReleaseHold => HasBegun(MigrationStepKind.StopLeadingCalico, step.Node) || HasBegun(MigrationStepKind.RemoveCalico, null)
            || HasBegun(MigrationStepKind.RemoveNodeAgent, null),
        MigrationStepKind.AllowMasqueraded => HasBegunAfter(step, _byNode[null], s => s.Kind == MigrationStepKind.WithdrawAllowances),
        MigrationStepKind.RemoveMultusConfig => true,
        _ when WritesConfig(step) => HasBegunAfter(step, _byNode[step.Node], WritesConfig),
        MigrationStepKind.RestartPods => HasBegunAfter(step, _plan.Steps.Select((s, place) => (place, s)), s => WritesConfig(s) || s.Kind is MigrationStepKind.StopLeadingCalico or MigrationStepKind.RemoveCalico),
        MigrationStepKind.ConvertPolicies => HasBegun(MigrationStepKind.RemoveCalico, null),

        // An assertion guards the steps behind it in its phase.
        MigrationStepKind.AssertPods => _plan.Steps.Where(s => s.Phase == step.Phase).SkipWhile(s => s != step).All(IsDone),
        _ => true,
    };

    /// <summary>Whether it decides which network a Node's next Pod gets.</summary>
    private static bool WritesConfig(MigrationStep step) => step.Kind is MigrationStepKind.DelegateToCalico or MigrationStepKind.DelegateToBoth
        or MigrationStepKind.DelegateToAntrea or MigrationStepKind.RemoveMultusConfig;

    private bool HasBegunAfter(MigrationStep step, IEnumerable<(int Place, MigrationStep Step)> among, Predicate<MigrationStep> which) =>
        among.Any(s => s.Place > _places[step.Id] && which(s.Step) && IsBegun(s.Step));

    /// <summary>Whether a step of that kind has begun, on that Node or, without one, on any.</summary>
    private bool HasBegun(MigrationStepKind kind, string? node) => _begun.Contains((kind, node));
}
