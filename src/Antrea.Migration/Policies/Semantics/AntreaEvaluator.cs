using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Antrea's verdicts: tiers before Kubernetes NetworkPolicies, those, then the baseline tier.</summary>
/// <remarks>
/// Rules compete by (tier priority, policy priority, place in their list); the first match decides. Equal ranks with different
/// actions are <see cref="VerdictKind.Ambiguous"/>, as in Open vSwitch. Selecting a Pod isolates nothing, except by a Kubernetes policy.
/// Source: Antrea v1.14 to v2.7, <c>pkg/agent/openflow</c>, <c>pkg/controller/networkpolicy</c>, docs/design/ovs-pipeline.md.
/// </remarks>
internal sealed class AntreaEvaluator : IPolicyEvaluator
{
    private readonly ILookup<(string Namespace, string Name), Ranked> _ingress;
    private readonly ILookup<(string Namespace, string Name), Ranked> _egress;
    private readonly ImmutableArray<Isolation> _isolations;

    public AntreaEvaluator(
        IEnumerable<AntreaPolicy> policies,
        IEnumerable<AntreaTier> tiers,
        IEnumerable<KubernetesPolicy> kubernetesPolicies,
        PolicyWorld world)
    {
        var priorities = AntreaTier.BuiltIn.Concat(tiers)
            .GroupBy(t => t.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Last().Priority, StringComparer.Ordinal);
        var missing = priorities[AntreaTier.Application];
        var compiled = policies.Select(p => new Compiled(p, priorities.GetValueOrDefault(p.Tier, missing), world)).ToList();
        _ingress = Rank(compiled, Direction.Ingress, world);
        _egress = Rank(compiled, Direction.Egress, world);
        _isolations = [.. kubernetesPolicies.Select(p => new Isolation(p, world))];
    }

    /// <inheritdoc/>
    public Verdict Evaluate(Traffic traffic, Direction direction)
    {
        if ((direction == Direction.Ingress ? traffic.Destination : traffic.Source).Pod is not { } pod)
        {
            return new Verdict(VerdictKind.Allow, ["no Pod at this end"]);
        }

        var key = (pod.Namespace, pod.Name);
        var rules = (direction == Direction.Ingress ? _ingress : _egress)[key];
        var reasons = ImmutableArray.CreateBuilder<string>();
        var first = FirstMatch(rules, traffic, reasons, baseline: false);
        if (first is not null && first != AntreaAction.Pass)
        {
            return Decide(first.Value, reasons);
        }

        if (first == AntreaAction.Pass)
        {
            reasons.Add("Pass");
        }

        if (IsAmbiguous(reasons))
        {
            return new Verdict(VerdictKind.Ambiguous, reasons.ToImmutable());
        }

        var isolated = false;
        foreach (var isolation in _isolations)
        {
            if (!isolation.Subjects.Contains(key) || !isolation.Isolates(direction))
            {
                continue;
            }

            isolated = true;
            if (isolation.Rules(direction).Any(r => r.Matches(traffic)))
            {
                reasons.Add($"Kubernetes NetworkPolicy {isolation.Policy}");
                return new Verdict(VerdictKind.Allow, reasons.ToImmutable());
            }
        }

        if (isolated)
        {
            reasons.Add("isolated by Kubernetes NetworkPolicies");
            return new Verdict(VerdictKind.Deny, reasons.ToImmutable());
        }

        var last = FirstMatch(rules, traffic, reasons, baseline: true);
        if (last is null && !IsAmbiguous(reasons))
        {
            reasons.Add("no rule matches");
        }

        return IsAmbiguous(reasons) ? new Verdict(VerdictKind.Ambiguous, reasons.ToImmutable()) : Decide(last ?? AntreaAction.Allow, reasons);
    }

    private const string AmbiguousPrefix = "equal rank: ";

    private static bool IsAmbiguous(ImmutableArray<string>.Builder reasons) =>
        reasons.Count > 0 && reasons[^1].StartsWith(AmbiguousPrefix, StringComparison.Ordinal);

    private static Verdict Decide(AntreaAction action, ImmutableArray<string>.Builder reasons) =>
        new(action is AntreaAction.Allow or AntreaAction.Pass ? VerdictKind.Allow : VerdictKind.Deny, reasons.ToImmutable())
        {
            IsAnswered = action == AntreaAction.Reject,
        };

    /// <summary>The action of the first match, with its reason; null when none matches, or when matches of one rank disagree (the reason says so).</summary>
    private static AntreaAction? FirstMatch(
        IEnumerable<Ranked> rules,
        Traffic traffic,
        ImmutableArray<string>.Builder reasons,
        bool baseline)
    {
        Ranked? first = null;
        foreach (var rule in rules)
        {
            if (first is not null && rule.Rank != first.Rank)
            {
                break;
            }

            if (rule.IsBaseline != baseline || !rule.Matches(traffic))
            {
                continue;
            }

            if (first is null)
            {
                first = rule;
            }
            else if (first.IsDrop != rule.IsDrop || first.Action == AntreaAction.Pass != (rule.Action == AntreaAction.Pass))
            {
                reasons.Add($"{AmbiguousPrefix}{first} ({first.Action}) and {rule} ({rule.Action})");
                return null;
            }
        }

        if (first is not null)
        {
            reasons.Add(first.ToString());
        }

        return first?.Action;
    }

    /// <summary>The rules that apply to each Pod, in order.</summary>
    private static ILookup<(string Namespace, string Name), Ranked> Rank(
        List<Compiled> policies, Direction direction, PolicyWorld world) =>
        policies
            .SelectMany(p => p.RulesOf(direction).Select((rule, i) => new Ranked(p, rule, i, direction, world)))
            .OrderBy(r => r.Rank)
            .ThenBy(r => r.Owner.Policy.ToString(), StringComparer.Ordinal)
            .SelectMany(r => r.Owner.Subjects, (rule, subject) => (subject, rule))
            .ToLookup(r => r.subject, r => r.rule);

    private static IEnumerable<PolicyPod> Select(AntreaPolicy policy, AntreaPeer peer, PolicyWorld world)
    {
        if (peer.Net is not null || (policy.IsCluster && peer.PodSelector is null && peer.NamespaceSelector is null))
        {
            return [];
        }

        return world.PodsIn(policy.IsCluster || peer.NamespaceSelector is not null ? null : policy.Namespace).Where(p =>
            (peer.NamespaceSelector is null || peer.NamespaceSelector.Matches(world.LabelsOf(p.Namespace)))
            && (peer.PodSelector is null || peer.PodSelector.Matches(p.Labels)));
    }

    private sealed class Compiled(AntreaPolicy policy, int tierPriority, PolicyWorld world)
    {
        public AntreaPolicy Policy => policy;

        public int TierPriority => tierPriority;

        public HashSet<(string Namespace, string Name)> Subjects { get; } =
        [
            .. policy.AppliedTo
                .SelectMany(a => Select(policy, a, world))
                .Where(p => policy.IsCluster || p.Namespace == policy.Namespace)
                .Select(p => (p.Namespace, p.Name)),
        ];

        public ImmutableArray<AntreaRule> RulesOf(Direction direction) =>
            direction == Direction.Ingress ? policy.Ingress : policy.Egress;
    }

    private sealed class Ranked(Compiled owner, AntreaRule rule, int index, Direction direction, PolicyWorld world)
    {
        private const int BaselinePriority = 253;

        private readonly HashSet<IPAddress> _members =
            [.. rule.Peers.SelectMany(p => Select(owner.Policy, p, world)).SelectMany(p => p.Addresses)];

        public Compiled Owner => owner;

        public AntreaAction Action => rule.Action;

        public bool IsDrop => rule.Action is AntreaAction.Drop or AntreaAction.Reject;

        public bool IsBaseline => owner.TierPriority == BaselinePriority;

        public (int Tier, double Policy, int Index) Rank => (owner.TierPriority, owner.Policy.Priority, index);

        public bool Matches(Traffic traffic)
        {
            var peer = (direction == Direction.Ingress ? traffic.Source : traffic.Destination).Address;
            return (rule.Peers.IsEmpty || _members.Contains(peer) || rule.Peers.Any(p => p.Net is { } net && net.Contains(peer)))
                && (rule.Ports.IsEmpty || rule.Ports.Any(p => Matches(p, traffic)));
        }

        public override string ToString() => $"tier {owner.Policy.Tier} / {owner.Policy} rule {rule.Name}";

        /// <summary>Antrea has no flow match for SCTP source ports: they are not looked at.</summary>
        private static bool Matches(AntreaPort port, Traffic traffic) =>
            port.Protocol == traffic.Protocol.ToString()
            && InRange(port.Port, port.EndPort, traffic.DestinationPort)
            && (port.Protocol == "SCTP" || InRange(port.SourcePort, port.SourceEndPort, traffic.SourcePort));

        private static bool InRange(int? first, int? last, int value) =>
            first is null || (value >= first && value <= (last ?? first));
    }

    /// <summary>A Kubernetes policy as Antrea reads it: rules count whatever policyTypes says, which only adds isolation where a direction has no rule.</summary>
    private sealed class Isolation(KubernetesPolicy policy, PolicyWorld world)
    {
        private readonly ImmutableArray<IFlowRule> _ingress = KubernetesPolicyModel.Rules(policy, Direction.Ingress, world);
        private readonly ImmutableArray<IFlowRule> _egress = KubernetesPolicyModel.Rules(policy, Direction.Egress, world);

        public KubernetesPolicy Policy => policy;

        public HashSet<(string Namespace, string Name)> Subjects { get; } = KubernetesPolicyModel.Subjects(policy, world);

        public ImmutableArray<IFlowRule> Rules(Direction direction) => direction == Direction.Ingress ? _ingress : _egress;

        public bool Isolates(Direction direction) =>
            Rules(direction).Length > 0 || (direction == Direction.Ingress ? policy.TypesIngress : policy.TypesEgress);
    }
}
