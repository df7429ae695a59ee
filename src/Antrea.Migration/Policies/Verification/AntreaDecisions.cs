using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Antrea's policies and Kubernetes NetworkPolicies beside them as decision lists, one for each address of a Pod and direction.</summary>
/// <remarks>The sections of a list are Antrea's tiers, Kubernetes NetworkPolicies, and the baseline tier. Not safe for use by several
/// threads.</remarks>
internal sealed class AntreaDecisions
{
    private const int TierSection = 0;
    private const int KubernetesSection = 1;
    private const int BaselineSection = 2;

    /// <summary>Fields that say whom a rule is about, in ways that objects do not tell.</summary>
    private static readonly string[] MatchUnknown = [".fqdn", ".scope", ".externalEntitySelector", ".toServices"];

    private readonly ProofSpace _space;
    private readonly AntreaPolicySet _set;
    private readonly AntreaRuleCompiler _compiler;
    private readonly Dictionary<AntreaPolicy, ImmutableArray<UndecidableField>> _undecidable = new(ReferenceEqualityComparer.Instance);
    private readonly List<DecisionRule> _rules = [];
    private readonly Side _ingress;
    private readonly Side _egress;

    public AntreaDecisions(AntreaPolicySet set, IEnumerable<KubernetesPolicy> kubernetesPolicies, ProofSpace space)
    {
        _space = space;
        _set = set;
        _compiler = new AntreaRuleCompiler(space.Addresses, set, space.World);
        var kubernetes = kubernetesPolicies.ToList();
        _ingress = Compile(kubernetes, Direction.Ingress);
        _egress = Compile(kubernetes, Direction.Egress);
    }

    /// <summary>What decides about an address of a Pod.</summary>
    public DecisionList At(int pod, int atom, Direction direction)
    {
        var side = direction == Direction.Ingress ? _ingress : _egress;
        var (ofPod, isolations) = (side.RulesOfPod[pod], side.IsolationsOfPod[pod]);
        var rules = _rules;
        rules.Clear();
        AddAntrea(TierSection);
        foreach (var rule in isolations.SelectMany(i => side.Isolations[i]))
        {
            Add(rule, KubernetesSection);
        }

        if (isolations.Count > 0)
        {
            Add(side.Everything, KubernetesSection);
        }

        AddAntrea(BaselineSection);
        return _space.Lists.List(rules);

        void AddAntrea(int section)
        {
            foreach (var place in ofPod)
            {
                if (side.Rules[place] is var ranked && ranked.Section == section)
                {
                    Add(ranked.Rule, section, ranked.Rank);
                }
            }
        }

        void Add(CompiledRule rule, int section, int rank = 0) => rules.Add(new DecisionRule(
            rule.At(atom, _space.Addresses, _space.Services, _space.Lists), rule.Effect, section, rank, rule.IsUncertain, rule.IsAnswered));
    }

    private Side Compile(List<KubernetesPolicy> kubernetes, Direction direction)
    {
        var side = new Side(
            [],
            [.. _space.Addresses.Pods.Select(_ => new List<int>())],
            [],
            [.. _space.Addresses.Pods.Select(_ => new List<int>())],
            _space.Everything(direction, Effect.Deny));
        var priorities = AntreaTier.BuiltIn.Concat(_set.Tiers)
            .GroupBy(t => t.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Last().Priority, StringComparer.Ordinal);
        var ordered = _set.Policies
            .SelectMany(p => (direction == Direction.Ingress ? p.Ingress : p.Egress).Select((rule, index) => (
                Policy: p, Rule: rule, Rank: (Tier: priorities.GetValueOrDefault(p.Tier, priorities[AntreaTier.Application]), p.Priority, Index: index))))
            .GroupBy(r => r.Rank)
            .OrderBy(g => g.Key);
        var rank = 0;
        foreach (var group in ordered)
        {
            rank++;
            foreach (var (policy, rule, _) in group.OrderBy(r => r.Policy.ToString(), StringComparer.Ordinal))
            {
                Add(side, policy, rule, group.Key.Index, direction, new Ranked(
                    CompileRule(policy, rule, group.Key.Index, direction),
                    group.Key.Tier == AntreaTier.BaselinePriority ? BaselineSection : TierSection,
                    group.Skip(1).Any() ? rank : 0));
            }
        }

        foreach (var policy in kubernetes)
        {
            var rules = direction == Direction.Ingress ? policy.Ingress : policy.Egress;

            // Rules count whatever policyTypes says, which only adds isolation where a direction has no rule.
            if (rules.Length > 0 || (direction == Direction.Ingress ? policy.TypesIngress : policy.TypesEgress))
            {
                foreach (var pod in _compiler.Subjects(policy))
                {
                    side.IsolationsOfPod[pod].Add(side.Isolations.Count);
                }

                side.Isolations.Add([.. rules.Select(r => _compiler.Compile(AntreaFlowRule.Of(r), policy.Namespace, direction))]);
            }
        }

        return side;
    }

    private void Add(Side side, AntreaPolicy policy, AntreaRule rule, int index, Direction direction, Ranked ranked)
    {
        var appliedTo = rule.AppliedTo.IsEmpty ? policy.AppliedTo : rule.AppliedTo;
        var subjects = Undecidable(policy, index, direction).Any(f => f.Path.Contains("appliedTo", StringComparison.Ordinal))
            ? Enumerable.Range(0, _space.Addresses.Pods.Count).Where(p => policy.IsCluster || _space.World.Pods[p].Namespace == policy.Namespace)
            : appliedTo.Where(a => a.NodeSelector is null).SelectMany(a => _compiler.Subjects(a, policy.Namespace)).Distinct();
        foreach (var pod in subjects)
        {
            side.RulesOfPod[pod].Add(side.Rules.Count);
        }

        side.Rules.Add(ranked);
    }

    /// <summary>A rule as far as it can be told: one that no object tells the flows of may match any.</summary>
    private CompiledRule CompileRule(AntreaPolicy policy, AntreaRule rule, int index, Direction direction)
    {
        var undecidable = Undecidable(policy, index, direction).ToList();
        if (undecidable.Count == 0)
        {
            return _compiler.Compile(rule, policy.Namespace, direction);
        }

        if (rule.Ports.IsEmpty && rule.Protocols.Length > 0 && rule.Protocols.All(p => p.IsIgmp))
        {
            return _space.Everything(direction, AntreaRuleCompiler.EffectOf(rule.Action), isUncertain: true, new ServiceBox(ProtocolSet.Of(2), null, null));
        }

        if (rule.HasLayer7 && undecidable.Count == 1)
        {
            return _compiler.Compile(rule, policy.Namespace, direction, Effect.Undecidable);
        }

        // A rule of unknown flows and a known action leaves those flows decided that would come to the same without it.
        return undecidable.TrueForAll(f => MatchUnknown.Any(m => f.Path.EndsWith(m, StringComparison.Ordinal)))
            ? _space.Everything(direction, AntreaRuleCompiler.EffectOf(rule.Action), isUncertain: true, ServiceBox.Any)
            : _space.Everything(direction, Effect.Undecidable);
    }

    private IEnumerable<UndecidableField> Undecidable(AntreaPolicy policy, int index, Direction direction)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"spec.{(direction == Direction.Ingress ? "ingress" : "egress")}[{index}]");
        if (!_undecidable.TryGetValue(policy, out var fields))
        {
            _undecidable.Add(policy, fields = AntreaUndecidable.Of(policy, _set));
        }

        return fields
            .Where(f => !f.Path.EndsWith(".nodeSelector", StringComparison.Ordinal))
            .Where(f => f.Path.StartsWith("spec.appliedTo", StringComparison.Ordinal) || f.Path.StartsWith(path, StringComparison.Ordinal));
    }

    private sealed record Ranked(CompiledRule Rule, int Section, int Rank);

    /// <summary>What is known of one direction: rules in order and which of them apply to each Pod; the same for Kubernetes policies.</summary>
    private sealed record Side(
        List<Ranked> Rules, List<int>[] RulesOfPod, List<List<CompiledRule>> Isolations, List<int>[] IsolationsOfPod, CompiledRule Everything);
}
