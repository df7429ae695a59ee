using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Calico's verdicts, for the policies that <see cref="SupportedFeatures"/> lets through and Kubernetes NetworkPolicies beside them.</summary>
/// <remarks>
/// A direct model of Felix: selectors become sets of addresses, tiers are walked in order, a tier that governs the Pod ends in
/// its default action, and what falls out of all tiers is allowed by the Namespace's profile.
/// Source: Calico <c>felix/calc</c> and <c>felix/rules</c>, v3.26 to v3.33.
/// </remarks>
internal sealed class CalicoEvaluator : IPolicyEvaluator
{
    private readonly ImmutableArray<Tier> _tiers;

    /// <exception cref="NotSupportedException">A policy uses something this model lacks; the message names it.</exception>
    public CalicoEvaluator(
        IEnumerable<CalicoPolicy> policies,
        IEnumerable<KubernetesPolicy> kubernetesPolicies,
        IEnumerable<CalicoTier> tiers,
        ReleaseVersion version,
        PolicyWorld world)
    {
        var pods = new LabelledAddresses(world);
        var byTier = policies.ToLookup(p => p.Tier, StringComparer.Ordinal);
        _tiers =
        [
            .. CalicoOrder.Sort(tiers).Select(tier => new Tier(
                tier,
                byTier[tier.Name]
                    .Select(p => (p.Order, Key: CalicoOrder.TieKey(p, version), Policy: Policy.Of(p, pods)))
                    .Concat(tier.Name != CalicoTier.DefaultName
                        ? []
                        : kubernetesPolicies.Select(k => (
                            Order: CalicoOrder.KubernetesPolicyOrder,
                            Key: CalicoOrder.TieKey(k, version),
                            Policy: KubernetesPolicyModel.ForCalico(k, world))))
                    .OrderBy(p => p.Order)
                    .ThenBy(p => p.Key, ByteOrder.Comparer)
                    .SelectMany(p => p.Policy.Subjects, (p, subject) => (subject, p.Policy))
                    .ToLookup(p => p.subject, p => p.Policy))),
        ];
    }

    /// <inheritdoc/>
    public Verdict Evaluate(Traffic traffic, Direction direction)
    {
        if ((direction == Direction.Ingress ? traffic.Destination : traffic.Source).Pod is not { } pod)
        {
            return new Verdict(VerdictKind.Allow, ["no Pod at this end"]);
        }

        foreach (var tier in _tiers)
        {
            var governed = false;
            foreach (var policy in tier.Policies[(pod.Namespace, pod.Name)])
            {
                if (policy.Rules(direction) is not { } rules)
                {
                    continue;
                }

                governed = true;
                for (var i = 0; i < rules.Length; i++)
                {
                    if (rules[i].Matches(traffic))
                    {
                        var step = string.Create(
                            CultureInfo.InvariantCulture,
                            $"tier {tier.Object.Name} / {policy.Name} {Word(direction)} rule {i + 1}");
                        return new Verdict(rules[i].Kind, [step]);
                    }
                }
            }

            if (governed && !tier.Object.EndsInPass)
            {
                return new Verdict(VerdictKind.Deny, [$"end of tier {tier.Object.Name}"]);
            }
        }

        return new Verdict(VerdictKind.Allow, ["no tier decides; profile of the Namespace"]);
    }

    private static string Word(Direction direction) => direction == Direction.Ingress ? "ingress" : "egress";

    /// <summary>A tier with the policies of each Pod, in evaluation order.</summary>
    private sealed record Tier(CalicoTier Object, ILookup<(string Namespace, string Name), Policy> Policies);

    /// <summary>A policy ready for evaluation; the rules of a direction are null when the policy does not govern it.</summary>
    internal sealed record Policy(
        string Name,
        HashSet<(string Namespace, string Name)> Subjects,
        ImmutableArray<IFlowRule>? Ingress,
        ImmutableArray<IFlowRule>? Egress)
    {
        public static Policy Of(CalicoPolicy policy, LabelledAddresses pods)
        {
            var unsupported = SupportedFeatures.Check(policy).Where(f => f.Severity == Findings.Severity.Blocker).ToList();
            if (unsupported.Count > 0)
            {
                throw new NotSupportedException(
                    $"{policy} cannot be evaluated: {string.Join("; ", unsupported.Select(f => $"{f.Path}: {f.Message}"))}.");
            }

            return new Policy(
                policy.ToString(),
                pods.Select(CalicoScope.Subject(policy), policy.IsGlobal ? null : policy.Namespace),
                policy.GovernsIngress ? Rules(policy.Ingress) : null,
                policy.GovernsEgress ? Rules(policy.Egress) : null);

            ImmutableArray<IFlowRule> Rules(ImmutableArray<CalicoRule> rules) =>
                [.. rules.Select(r => new CalicoFlowRule(r, policy.Namespace, pods))];
        }

        public ImmutableArray<IFlowRule>? Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;
    }
}

/// <summary>One rule, ready to be matched.</summary>
internal interface IFlowRule
{
    VerdictKind Kind { get; }

    bool Matches(Traffic traffic);
}

/// <summary>A Calico rule of the supported kind.</summary>
internal sealed class CalicoFlowRule(
    CalicoRule rule, string policyNamespace, LabelledAddresses pods) : IFlowRule
{
    private readonly Side _source = new(rule.Source, policyNamespace, pods);
    private readonly Side _destination = new(rule.Destination, policyNamespace, pods);

    public VerdictKind Kind => rule.Action == CalicoAction.Allow ? VerdictKind.Allow : VerdictKind.Deny;

    public bool Matches(Traffic traffic)
    {
        // A rule whose every network is of the other family does not apply; with positive networks only, that is no match anyway.
        return (rule.Protocol is not { } protocol || protocol.Number == traffic.Protocol.Number)
            && _source.Matches(traffic.Source.Address, traffic.SourcePort)
            && _destination.Matches(traffic.Destination.Address, traffic.DestinationPort);
    }

    private sealed class Side(
        CalicoEntity entity, string policyNamespace, LabelledAddresses pods)
    {
        private readonly HashSet<IPAddress>? _members =
            CalicoScope.Peer(entity, policyNamespace) is { } peer
                ? pods.SelectAddresses(peer, policyNamespace.Length == 0 || entity.NamespaceSelector is not null ? null : policyNamespace)
                : null;

        private readonly ImmutableArray<Cidr> _nets = [.. entity.Nets.Select(SupportedFeatures.ParseNet)];

        public bool Matches(IPAddress address, int port) =>
            (_members is null || _members.Contains(address))
            && (_nets.IsEmpty || _nets.Any(n => n.Contains(address)))
            && (entity.Ports.IsEmpty || entity.Ports.Any(p => port >= p.First && port <= p.Last));
    }
}
