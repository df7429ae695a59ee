using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Writes the policies of one tier as Antrea objects, each with a priority of its own.</summary>
/// <remarks>
/// First the rules of every policy, in Calico's order; behind the last of them, per policy, what ends the tier: a Drop of
/// everything, for the Pods and directions that the policy governs. Each object applies to one alternative of a selector.
/// Sources: Calico <c>felix/rules/endpoints.go</c> (end of tier); Antrea docs/antrea-network-policy.md (equal priorities are undefined).
/// </remarks>
internal static class PolicyEmitter
{
    private const double LowestPriority = 10000;

    /// <summary>The objects of each policy, rules first, in order of priority.</summary>
    /// <param name="tier">The Calico tier.</param>
    /// <param name="target">The Antrea tier.</param>
    /// <param name="policies">The tier's policies in evaluation order.</param>
    /// <param name="deny">What a denied packet meets.</param>
    public static Dictionary<CalicoPolicy, ImmutableArray<JsonObject>> Emit(
        CalicoTier tier, AntreaTier target, IReadOnlyList<CompiledPolicy> policies, AntreaAction deny)
    {
        var drafts = policies.SelectMany(p => p.Terms.SelectMany((term, i) => Rules(p, term, i)))
            .Concat(tier.EndsInPass ? [] : policies.SelectMany(p => p.Terms.SelectMany((term, i) => End(p, term, i, deny))))
            .ToList();
        var step = 1.0;
        while (1 + ((drafts.Count - 1) * step) > LowestPriority)
        {
            step /= 2;
        }

        return drafts
            .Select((draft, i) => (
                draft.Owner,
                Json: AntreaPolicyJson.Write(
                    draft.Object with { Tier = target.Name, Priority = 1 + (i * step) }, PolicyNames.Origin(draft.Owner))))
            .GroupBy(d => d.Owner)
            .ToDictionary(g => g.Key, g => g.Select(d => d.Json).ToImmutableArray());
    }

    private static IEnumerable<(CalicoPolicy Owner, AntreaPolicy Object)> Rules(CompiledPolicy policy, SelectorTerm term, int alternative)
    {
        // A policy without rules says nothing; its end says all there is.
        if (policy.Ingress.Length + policy.Egress.Length > 0)
        {
            yield return (policy.Policy, Draft(policy.Policy, PolicyNames.OfRules(policy.Policy, alternative), term) with
            {
                Ingress = policy.Ingress,
                Egress = policy.Egress,
            });
        }
    }

    private static IEnumerable<(CalicoPolicy Owner, AntreaPolicy Object)> End(
        CompiledPolicy policy, SelectorTerm term, int alternative, AntreaAction deny)
    {
        yield return (policy.Policy, Draft(policy.Policy, PolicyNames.OfEnd(policy.Policy, alternative), term) with
        {
            Ingress = policy.Policy.GovernsIngress ? [new AntreaRule("end-ingress", deny, [], [])] : [],
            Egress = policy.Policy.GovernsEgress ? [new AntreaRule("end-egress", deny, [], [])] : [],
        });
    }

    private static AntreaPolicy Draft(CalicoPolicy policy, string name, SelectorTerm term) => new()
    {
        Namespace = policy.Namespace,
        Name = name,
        Tier = "",
        Priority = 0,
        AppliedTo = [term.ToPeer(policy.Namespace)],
    };
}
