using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A policy taken apart: whom it governs and by which Antrea rules, before its rank among the others is known.</summary>
internal sealed record CompiledPolicy
{
    public required CalicoPolicy Policy { get; init; }

    /// <summary>The alternatives of the policy's selector; each becomes an object of its own.</summary>
    public ImmutableArray<SelectorTerm> Terms { get; init; } = [];

    public ImmutableArray<AntreaRule> Ingress { get; init; } = [];

    public ImmutableArray<AntreaRule> Egress { get; init; } = [];

    public ImmutableArray<PolicyFinding> Findings { get; init; } = [];

    public bool IsRefused => Findings.Any(f => f.Severity == Severity.Blocker);

    /// <summary>Refused, Snapshot or Exact, by the findings whose path starts like this.</summary>
    public Fidelity FidelityAt(string path) =>
        Findings.Where(f => f.Path.StartsWith(path, StringComparison.Ordinal)).Select(PolicyCode.FidelityOf).DefaultIfEmpty().Max();
}

/// <summary>Takes policies apart, one at a time.</summary>
internal sealed class PolicyCompiler(RuleContext context, CalicoPolicySet set, ReachCheck reach, bool denyAnswers)
{
    private readonly RuleCompiler _rules = new(context);
    private readonly KubernetesPolicyCheck _kubernetes = new(set, context.World);

    /// <summary>What a denied packet meets: Antrea's word for it.</summary>
    public AntreaAction Deny => denyAnswers ? AntreaAction.Reject : AntreaAction.Drop;

    public CompiledPolicy Compile(ReadPolicy read)
    {
        var policy = read.Policy;
        var findings = new List<PolicyFinding>(read.Findings);
        if (set.Tiers.All(t => t.Name != policy.Tier))
        {
            findings.Add(PolicyCode.TierMissing.At("spec.tier", $"there is no Tier '{policy.Tier}'; Calico puts it behind all others"));
        }

        findings.AddRange(SupportedFeatures.CheckPolicy(policy));
        findings.AddRange(reach.CheckSubject(policy));
        var terms = CompileSubject(policy, findings);
        findings.AddRange(_kubernetes.Check(policy, terms));
        return new CompiledPolicy
        {
            Policy = policy,
            Terms = terms,
            Ingress = policy.GovernsIngress ? CompileRules(policy, policy.Ingress, Direction.Ingress, findings) : [],
            Egress = policy.GovernsEgress ? CompileRules(policy, policy.Egress, Direction.Egress, findings) : [],
            Findings = [.. findings],
        };
    }

    private ImmutableArray<SelectorTerm> CompileSubject(CalicoPolicy policy, List<PolicyFinding> findings)
    {
        // Service accounts are refused elsewhere; without them the rest can still be judged.
        var subject = CalicoScope.Subject(policy with { ServiceAccountSelector = null });
        var alternatives = context.Selectors.Compile(subject);
        findings.AddRange(alternatives.Remarks.Select(r => r.Code.At("spec.selector", r.Message)));
        var terms = alternatives.Terms;
        if (terms.IsEmpty && !alternatives.IsRefused)
        {
            findings.Add(PolicyCode.SelectsNothing.At("spec.selector", "no Pod can satisfy the selector"));
        }

        if (terms.Any(t => t.Accounts is not null))
        {
            findings.Add(PolicyCode.SelectorServiceAccount.At("spec.selector", "service accounts decide to whom the policy applies"));
        }

        if (!policy.IsGlobal && terms.Any(t => !t.AsksOnlyNamespace(policy.Namespace)))
        {
            findings.Add(PolicyCode.SelectorNamespaceLabel.At(
                "spec.selector", "labels of the Namespace decide to whom the policy applies; Antrea's NetworkPolicy cannot say that"));
        }

        return terms;
    }

    private ImmutableArray<AntreaRule> CompileRules(
        CalicoPolicy policy, ImmutableArray<CalicoRule> rules, Direction direction, List<PolicyFinding> findings)
    {
        var converted = ImmutableArray.CreateBuilder<AntreaRule>();
        var word = direction == Direction.Ingress ? "ingress" : "egress";
        for (var i = 0; i < rules.Length; i++)
        {
            var matches = _rules.Compile(policy, rules[i], direction, i, findings);
            if (matches.Any(m => m.NeedsClusterPolicy || !m.Subjects.IsEmpty))
            {
                findings.Add(PolicyCode.SubjectRestricted.At(
                    SupportedFeatures.PathOf(direction, i), "the rule needs an appliedTo of its own, or a service account as peer"));
            }

            var action = rules[i].Action == CalicoAction.Allow ? AntreaAction.Allow : Deny;
            converted.AddRange(matches.Select((match, alternative) =>
                match.ToRule($"{word}-{i + 1}{(alternative == 0 ? "" : $"-{alternative + 1}")}", action, policy.Namespace)));
        }

        return converted.ToImmutable();
    }
}
