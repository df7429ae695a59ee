using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Antrea's verdicts: tiers before Kubernetes NetworkPolicies, those, then the baseline tier.</summary>
/// <remarks>
/// <para>Rules compete by (tier priority, policy priority, place in their list); the first match decides. Equal ranks with different
/// actions are <see cref="VerdictKind.Ambiguous"/>, as in Open vSwitch. Pass leaves all tiers. Selecting a Pod isolates nothing, except by
/// a Kubernetes policy, whose drop comes before the baseline tier.</para>
/// <para>Judged is what reaches the tables of a Pod's port. What never does, whatever the policies: a Pod's traffic to itself, a Node's to
/// its own Pods, neighbour discovery.</para>
/// Source: Antrea v1.14 to v2.7, <c>pkg/agent/openflow</c>, <c>pkg/controller/networkpolicy</c>, docs/design/ovs-pipeline.md.
/// </remarks>
internal sealed class AntreaEvaluator : IPolicyEvaluator
{
    private readonly Dictionary<(string Namespace, string Name), PodRules> _ingress;
    private readonly Dictionary<(string Namespace, string Name), PodRules> _egress;

    /// <exception cref="NotSupportedException">A policy depends on more than objects tell; all such fields are named.</exception>
    public AntreaEvaluator(AntreaPolicySet set, IEnumerable<KubernetesPolicy> kubernetesPolicies, PolicyWorld world)
    {
        AntreaUndecidable.ThrowIfAny(set);
        var members = new AntreaMembers(set, world);
        var priorities = AntreaTier.BuiltIn.Concat(set.Tiers)
            .GroupBy(t => t.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Last().Priority, StringComparer.Ordinal);
        var kubernetes = kubernetesPolicies.ToList();
        _ingress = Compile(Direction.Ingress);
        _egress = Compile(Direction.Egress);

        Dictionary<(string Namespace, string Name), PodRules> Compile(Direction direction)
        {
            var pods = new Dictionary<(string Namespace, string Name), PodRules>();
            foreach (var rule in set.Policies.SelectMany(p => RulesOf(p, direction, priorities, members)).OrderBy(r => r.Rank).ThenBy(r => r.Name, StringComparer.Ordinal))
            {
                foreach (var subject in rule.Subjects)
                {
                    (rule.IsBaseline ? Of(subject).Baseline : Of(subject).Tiers).Add(rule);
                }
            }

            foreach (var policy in kubernetes)
            {
                if (Isolation.Of(policy, direction, members) is { } isolation)
                {
                    foreach (var subject in isolation.Subjects)
                    {
                        Of(subject).Isolations.Add(isolation);
                    }
                }
            }

            return pods;

            PodRules Of(PolicyPod pod)
            {
                if (!pods.TryGetValue((pod.Namespace, pod.Name), out var rules))
                {
                    pods.Add((pod.Namespace, pod.Name), rules = new PodRules([], [], []));
                }

                return rules;
            }
        }
    }

    /// <inheritdoc/>
    public Verdict Evaluate(Traffic traffic, Direction direction)
    {
        if ((direction == Direction.Ingress ? traffic.Destination : traffic.Source).Pod is not { } pod)
        {
            return new Verdict(VerdictKind.Allow, ["no Pod at this end"]);
        }

        if (!(direction == Direction.Ingress ? _ingress : _egress).TryGetValue((pod.Namespace, pod.Name), out var rules))
        {
            return new Verdict(VerdictKind.Allow, ["no policy selects the Pod"]);
        }

        var steps = ImmutableArray.CreateBuilder<string>();
        if (FirstMatch(rules.Tiers, traffic, pod, steps) is { } decided)
        {
            if (decided.Kind is not null)
            {
                return decided.ToVerdict(steps);
            }

            steps.Add("Pass");
        }

        if (rules.Isolations.Count > 0)
        {
            foreach (var isolation in rules.Isolations)
            {
                if (isolation.Match(traffic, pod) is { } rule)
                {
                    steps.Add(rule);
                    return new Verdict(VerdictKind.Allow, steps.ToImmutable());
                }
            }

            var names = string.Join(", ", rules.Isolations.Select(i => i.Policy.ToString()));
            steps.Add($"Kubernetes NetworkPolicies: {names} {(rules.Isolations.Count == 1 ? "isolates" : "isolate")}");
            return new Verdict(VerdictKind.Deny, steps.ToImmutable());
        }

        if (FirstMatch(rules.Baseline, traffic, pod, steps) is { Kind: not null } last)
        {
            return last.ToVerdict(steps);
        }

        steps.Add("no rule matches");
        return new Verdict(VerdictKind.Allow, steps.ToImmutable());
    }

    /// <summary>What the first match says, with its step; null when none matches.</summary>
    private static Decision? FirstMatch(List<RankedRule> rules, Traffic traffic, PolicyPod pod, ImmutableArray<string>.Builder steps)
    {
        RankedRule? first = null;
        foreach (var rule in rules)
        {
            if (first is not null && rule.Rank != first.Rank)
            {
                break;
            }

            if (!rule.Matches(traffic, pod))
            {
                continue;
            }

            if (first is null)
            {
                first = rule;
            }
            else if (rule.Outcome != first.Outcome)
            {
                steps.Add($"equal rank: {first} ({first.Action}) and {rule} ({rule.Action})");
                return new Decision(VerdictKind.Ambiguous, IsAnswered: false);
            }
        }

        if (first is null)
        {
            return null;
        }

        steps.Add(first.ToString());
        return new Decision(first.Outcome, first.Action == AntreaAction.Reject);
    }

    private static IEnumerable<RankedRule> RulesOf(
        AntreaPolicy policy, Direction direction, Dictionary<string, int> priorities, AntreaMembers members)
    {
        var rules = direction == Direction.Ingress ? policy.Ingress : policy.Egress;
        var shared = rules.IsEmpty ? [] : SubjectsOf(policy, policy.AppliedTo, members);
        for (var i = 0; i < rules.Length; i++)
        {
            var rule = rules[i];
            var subjects = rule.AppliedTo.IsEmpty ? shared : SubjectsOf(policy, rule.AppliedTo, members);
            yield return new RankedRule(
                $"tier {policy.Tier} / {policy} {Word(direction)} rule {AntreaFlowRule.NameOf(rule, i)}",
                (priorities.GetValueOrDefault(policy.Tier, priorities[AntreaTier.Application]), policy.Priority, i),
                subjects,
                new AntreaFlowRule(rule, direction, policy.Namespace, subjects, members));
        }
    }

    /// <exception cref="NotSupportedException">A Group of a NetworkPolicy selects Pods of other Namespaces.</exception>
    private static ImmutableArray<PolicyPod> SubjectsOf(AntreaPolicy policy, ImmutableArray<AntreaPeer> appliedTo, AntreaMembers members)
    {
        ImmutableArray<PolicyPod> subjects =
            [.. appliedTo.SelectMany(a => AntreaFlowRule.Subjects(a, policy.Namespace, members)).DistinctBy(p => (p.Namespace, p.Name))];
        var foreign = policy.IsCluster ? null : subjects.FirstOrDefault(p => p.Namespace != policy.Namespace);
        return foreign is null
            ? subjects
            : throw new NotSupportedException(
                $"{policy} cannot be evaluated: a Group in its appliedTo selects {foreign} of another Namespace, and Antrea withdraws such a policy.");
    }

    private static string Word(Direction direction) => direction == Direction.Ingress ? "ingress" : "egress";

    /// <summary>What governs one Pod in one direction, in order.</summary>
    private sealed record PodRules(List<RankedRule> Tiers, List<Isolation> Isolations, List<RankedRule> Baseline);

    /// <summary>What a matching rule came to.</summary>
    /// <param name="Kind">The decision; null for Pass.</param>
    /// <param name="IsAnswered">Whether the sender is told of a denial.</param>
    private sealed record Decision(VerdictKind? Kind, bool IsAnswered)
    {
        public Verdict ToVerdict(ImmutableArray<string>.Builder steps) => new(Kind!.Value, steps.ToImmutable()) { IsAnswered = IsAnswered };
    }

    private sealed record RankedRule(
        string Name, (int Tier, double Policy, int Index) Rank, ImmutableArray<PolicyPod> Subjects, AntreaFlowRule Rule)
    {
        public AntreaAction Action => Rule.Action;

        public bool IsBaseline => Rank.Tier == AntreaTier.BaselinePriority;

        /// <summary>Null for Pass.</summary>
        public VerdictKind? Outcome => Action switch
        {
            AntreaAction.Pass => null,
            AntreaAction.Allow => VerdictKind.Allow,
            _ => VerdictKind.Deny,
        };

        public bool Matches(Traffic traffic, PolicyPod subject) => Rule.Matches(traffic, subject);

        public override string ToString() => Name;
    }

    /// <summary>A Kubernetes policy as Antrea reads it: rules count whatever policyTypes says, which only adds isolation where a direction has no rule.</summary>
    private sealed record Isolation(KubernetesPolicy Policy, Direction Direction, ImmutableArray<PolicyPod> Subjects, ImmutableArray<AntreaFlowRule> Rules)
    {
        /// <summary>Null when the policy does not isolate in the direction.</summary>
        public static Isolation? Of(KubernetesPolicy policy, Direction direction, AntreaMembers members)
        {
            var rules = direction == Direction.Ingress ? policy.Ingress : policy.Egress;
            if (rules.IsEmpty && !(direction == Direction.Ingress ? policy.TypesIngress : policy.TypesEgress))
            {
                return null;
            }

            var subjects = members.Pods(policy.Namespace, policy.PodSelector, null);
            return new Isolation(
                policy, direction, subjects, [.. rules.Select(r => new AntreaFlowRule(AntreaFlowRule.Of(r), direction, policy.Namespace, subjects, members))]);
        }

        /// <summary>The first rule that matches, for a person; null when none does.</summary>
        public string? Match(Traffic traffic, PolicyPod subject)
        {
            for (var i = 0; i < Rules.Length; i++)
            {
                if (Rules[i].Matches(traffic, subject))
                {
                    return string.Create(CultureInfo.InvariantCulture, $"Kubernetes NetworkPolicy {Policy} {Word(Direction)} rule {i + 1}");
                }
            }

            return null;
        }
    }
}
