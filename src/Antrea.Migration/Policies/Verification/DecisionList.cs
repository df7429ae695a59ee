using System.Runtime.InteropServices;

namespace Antrea.Migration.Policies.Verification;

/// <summary>What a rule of a decision list does with the flows that it matches.</summary>
internal enum Effect
{
    Allow,
    Deny,

    /// <summary>On to the first rule of the next section: Calico's next tier, or what comes behind Antrea's tiers.</summary>
    Skip,

    /// <summary>Decided, but nobody can tell how: by an engine above layer 4.</summary>
    Undecidable,
}

/// <summary>Flows: some addresses of the other end, and some services.</summary>
internal readonly record struct FlowBox(AddressSet Peers, ServiceSet Services);

/// <summary>Alternatives of flows; equal lists of boxes are the same object.</summary>
internal sealed class FlowSet(int id, FlowBox[] boxes)
{
    public int Id => id;

    public FlowBox[] Boxes => boxes;
}

/// <summary>One rule as it applies to one subject.</summary>
/// <param name="Flows">What it matches.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Section">Ascending; see <see cref="Effect.Skip"/>.</param>
/// <param name="Rank">Neighbours of one rank are evaluated in no fixed order; 0 is a rank of its own.</param>
/// <param name="IsUncertain">Whether <paramref name="Flows"/> is all that it could match, and nobody can tell what of it.</param>
/// <param name="IsAnswered">Whether a denial is told to the sender; comparisons do not look at it.</param>
internal readonly record struct DecisionRule(
    FlowSet Flows, Effect Effect, int Section, int Rank = 0, bool IsUncertain = false, bool IsAnswered = false);

/// <summary>All that decides about one subject in one direction: the first rule that matches, and Allow when none does.</summary>
/// <remarks>Equal lists are the same object.</remarks>
internal sealed class DecisionList(int id, DecisionRule[] rules)
{
    public int Id => id;

    public DecisionRule[] Rules => rules;
}

/// <summary>Makes flow sets and decision lists, each once. Safe for use by several threads.</summary>
internal sealed class DecisionLists
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int[], FlowSet> _flows = new(IntSequence.Comparer);
    private readonly Dictionary<int[], DecisionList> _lists = new(IntSequence.Comparer);
    private readonly List<int> _key = [];

    /// <summary>The flows of some boxes, empty ones left out.</summary>
    public FlowSet Flows(IEnumerable<FlowBox> boxes)
    {
        FlowBox[] kept = [.. boxes.Where(b => !b.Peers.IsEmpty && b.Services.Boxes.Length > 0)];
        int[] key = [.. kept.SelectMany(b => new[] { b.Peers.Id, b.Services.Id })];
        lock (_lock)
        {
            ref var flows = ref CollectionsMarshal.GetValueRefOrAddDefault(_flows, key, out _);
            return flows ??= new FlowSet(_flows.Count, kept);
        }
    }

    /// <summary>The list of some rules; those that match nothing are left out.</summary>
    public DecisionList List(List<DecisionRule> rules)
    {
        lock (_lock)
        {
            _key.Clear();
            foreach (var rule in rules.Where(MatchesSomething))
            {
                _key.Add(rule.Flows.Id);
                _key.Add(((int)rule.Effect * 4) + (rule.IsAnswered ? 2 : 0) + (rule.IsUncertain ? 1 : 0));
                _key.Add(rule.Section);
                _key.Add(rule.Rank);
            }

            var known = _lists.GetAlternateLookup<ReadOnlySpan<int>>();
            var key = CollectionsMarshal.AsSpan(_key);
            if (!known.TryGetValue(key, out var list))
            {
                _lists.Add(key.ToArray(), list = new DecisionList(_lists.Count, [.. rules.Where(MatchesSomething)]));
            }

            return list;
        }
    }

    private static bool MatchesSomething(DecisionRule rule) => rule.Flows.Boxes.Length > 0;
}
