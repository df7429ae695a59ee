using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Writes drafts as Antrea policies of one tier, each with a priority of its own.</summary>
/// <remarks>Sources: Antrea docs/antrea-network-policy.md (equal priorities are undefined); <c>pkg/controller/networkpolicy/validate.go</c>
/// (<c>appliedTo</c> stands in the policy, or in every rule).</remarks>
internal static class PolicyEmitter
{
    private const double LowestPriority = 10000;

    /// <summary>The objects, in the drafts' order.</summary>
    /// <param name="tier">The Antrea tier's name.</param>
    /// <param name="drafts">In the order in which they must be asked.</param>
    public static IEnumerable<(PolicyDraft Draft, JsonObject Json)> Emit(string tier, IReadOnlyList<PolicyDraft> drafts)
    {
        // Whole numbers as long as there are enough; Antrea takes fractions, and keeps them as they are.
        var step = 1.0;
        while (1 + ((drafts.Count - 1) * step) > LowestPriority)
        {
            step /= 2;
        }

        return OrderedParallel.Map(
            [.. drafts.Index()], d => (d.Item, AntreaPolicyJson.Write(ToPolicy(d.Item, tier, 1 + (d.Index * step)), d.Item.Origin)));
    }

    /// <summary>Whether a draft selects Namespaces by name, which works where each has its name as a label.</summary>
    public static bool SelectsNames(PolicyDraft draft) => draft.Rules.Any(r =>
        r.Subject.Any(t => SelectsName(t, draft.Namespace))
        || r.Match.Peers.Any(p => p is RulePeer.Pods pods && SelectsName(pods.Term, draft.Namespace)));

    private static bool SelectsName(SelectorTerm term, string @namespace) =>
        term.Namespace.ContainsKey(SelectorTerm.NamespaceNameKey) && !PolicyDraft.IsOf(term, @namespace);

    private static AntreaPolicy ToPolicy(PolicyDraft draft, string tier, double priority)
    {
        var subject = draft.Rules[0].Subject;
        var isOne = draft.Rules.All(r => r.Subject.SequenceEqual(subject));
        return new AntreaPolicy
        {
            Namespace = draft.Namespace,
            Name = draft.Name,
            Tier = tier,
            Priority = priority,
            AppliedTo = isOne ? Peers(subject) : [],
            Ingress = Rules(Direction.Ingress),
            Egress = Rules(Direction.Egress),
        };

        ImmutableArray<AntreaRule> Rules(Direction direction) =>
        [
            .. draft.Rules.Where(r => r.Direction == direction).Select(r =>
                r.Match.ToRule(r.Name, r.Action, draft.Namespace) with { AppliedTo = isOne ? [] : Peers(r.Subject) }),
        ];

        ImmutableArray<AntreaPeer> Peers(ImmutableArray<SelectorTerm> terms) => [.. terms.Select(t => t.ToPeer(draft.Namespace))];
    }
}
