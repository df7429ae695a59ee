using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Takes policies apart, one at a time.</summary>
internal sealed class PolicyCompiler(CalicoPolicySet set, ReachCheck reach, RuleContext context)
{
    private readonly HashSet<string> _tiers = set.Tiers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
    private readonly RuleCompiler _rules = new(context);

    public CompiledPolicy Compile(ReadPolicy read)
    {
        // A policy for Nodes only takes no part in what Pods receive and send, not even by an implicit Deny.
        var policy = read.Policy.DoNotTrack || read.Policy.PreDnat
            ? read.Policy with { GovernsIngress = false, GovernsEgress = false }
            : read.Policy;
        var findings = new List<PolicyFinding>(read.Findings);
        if (!_tiers.Contains(policy.Tier))
        {
            findings.Add(PolicyCode.TierMissing.At("spec.tier", $"there is no Tier '{policy.Tier}'; Calico puts it behind all others"));
        }

        findings.AddRange(SupportedFeatures.CheckPolicy(policy));
        findings.AddRange(reach.CheckSubject(read));
        return new CompiledPolicy
        {
            Policy = policy,
            TieKey = CalicoOrder.TieKey(policy, set.Version),
            Subject = policy.GovernsIngress || policy.GovernsEgress ? CompileSubject(policy, findings) : [],
            Ingress = policy.GovernsIngress ? CompileRules(policy, policy.Ingress, Direction.Ingress, findings) : [],
            Egress = policy.GovernsEgress ? CompileRules(policy, policy.Egress, Direction.Egress, findings) : [],
            Findings = [.. findings],
        };
    }

    /// <summary>A Kubernetes NetworkPolicy as Calico evaluates it.</summary>
    /// <param name="read">The policy.</param>
    /// <param name="ingress">Whether to take its ingress side.</param>
    /// <param name="egress">Whether to take its egress side.</param>
    public CompiledPolicy Compile(ReadKubernetesPolicy read, bool ingress, bool egress)
    {
        var policy = CalicoKubernetesPolicy.Of(read.Policy) with { GovernsIngress = ingress, GovernsEgress = egress, Ingress = [], Egress = [] };
        var findings = new List<PolicyFinding>();
        return new CompiledPolicy
        {
            Policy = policy,
            IsKubernetes = true,
            TieKey = CalicoOrder.TieKey(read.Policy, set.Version),
            Subject = SelectorTerm.Of(read.Policy.PodSelector, policy.Namespace) is { } subject ? [subject] : [],
            Ingress = ingress ? CompileRules(policy, read.Policy.Ingress, Direction.Ingress, findings) : [],
            Egress = egress ? CompileRules(policy, read.Policy.Egress, Direction.Egress, findings) : [],
            Findings = [.. findings.Distinct()],
        };
    }

    private ImmutableArray<SelectorTerm> CompileSubject(CalicoPolicy policy, List<PolicyFinding> findings)
    {
        var subject = context.Selectors.Compile(CalicoScope.Subject(policy));
        findings.AddRange(subject.Remarks.Select(r => r.Code.At("spec.selector", r.Message)));

        // What is written out for now may select somebody later; its own finding says so.
        if (subject.Terms.IsEmpty && !subject.IsRefused && !subject.Remarks.Any(r => r.Code.IsSnapshot))
        {
            findings.Add(PolicyCode.SelectsNothing.At("spec.selector", "no Pod can satisfy the selector"));
        }

        return subject.Terms;
    }

    private ImmutableArray<CompiledRule> CompileRules(
        CalicoPolicy policy, ImmutableArray<CalicoRule> rules, Direction direction, List<PolicyFinding> findings) =>
    [
        .. rules.Select((rule, i) => new CompiledRule(
            NameOf(direction, i), rule.Action, CompileRule(policy, rule, direction, i, findings), SupportedFeatures.PathOf(direction, i))),
    ];

    private ImmutableArray<RuleMatch> CompileRule(
        CalicoPolicy policy, CalicoRule rule, Direction direction, int index, List<PolicyFinding> findings)
    {
        if (rule.Action != CalicoAction.Log)
        {
            return _rules.Compile(policy, rule, direction, index, findings);
        }

        // Whatever it matches, it decides nothing.
        findings.Add(PolicyCode.ActionLog.At($"{SupportedFeatures.PathOf(direction, index)}.action", "Log decides nothing; the rule is left out"));
        return [];
    }

    private ImmutableArray<CompiledRule> CompileRules(
        CalicoPolicy policy, ImmutableArray<KubernetesRule> rules, Direction direction, List<PolicyFinding> findings) =>
    [
        .. rules.Select((rule, i) => new CompiledRule(
            NameOf(direction, i),
            CalicoAction.Allow,
            [.. CalicoKubernetesPolicy.RulesOf(rule, direction).SelectMany(r => CompileRule(policy, r.Rule, r.Peer, direction, i, findings))],
            SupportedFeatures.PathOf(direction, i))),
    ];

    private ImmutableArray<RuleMatch> CompileRule(
        CalicoPolicy policy, CalicoRule rule, int peer, Direction direction, int index, List<PolicyFinding> findings)
    {
        var own = new List<PolicyFinding>();
        var matches = _rules.Compile(policy, rule, direction, index, own);
        var list = direction == Direction.Ingress ? "from" : "to";
        findings.AddRange(own.Select(f => f with
        {
            Path = SupportedFeatures.PathOf(direction, index)
                + (f.Path.Contains("orts", StringComparison.Ordinal) || peer < 0
                    ? ".ports"
                    : string.Create(CultureInfo.InvariantCulture, $".{list}[{peer}]")),
        }));
        return matches;
    }

    private static string NameOf(Direction direction, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{(direction == Direction.Ingress ? "ingress" : "egress")}-{index + 1}");
}
