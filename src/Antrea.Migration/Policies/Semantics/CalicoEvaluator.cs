using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Calico's verdicts on Pods: its own policies, and Kubernetes NetworkPolicies among them.</summary>
/// <remarks>
/// <para>A direct model of Felix on Linux. Tiers are walked in order; one with no enforced policy that selects the Pod and governs the direction is
/// skipped; in the others the first matching rule decides, Pass leaves the tier, Log goes on, and a tier without a match ends in its
/// default action. What falls out of all tiers is allowed by the profile of the Pod's Namespace.</para>
/// <para>Untracked and pre-DNAT policies never reach Pods, and staged ones nobody.</para>
/// Source: Calico <c>felix/calc</c> and <c>felix/rules</c>, v3.26 to v3.33.
/// </remarks>
internal sealed class CalicoEvaluator : IPolicyEvaluator
{
    private readonly CalicoEndpoints _endpoints;
    private readonly ImmutableArray<Tier> _tiers;

    /// <param name="set">What was read; nothing in it may have a refusing finding.</param>
    /// <param name="world">The Pods, Namespaces, service accounts and Services.</param>
    /// <exception cref="NotSupportedException">A rule has no defined meaning; see <see cref="CalicoLimits"/>.</exception>
    public CalicoEvaluator(CalicoPolicySet set, PolicyWorld world)
    {
        _endpoints = CalicoEndpoints.Of(set, world);
        var services = world.Services.ToDictionary(s => (s.Namespace, s.Name));
        var enforced = set.Policies.Select(p => p.Policy).Where(p => !p.DoNotTrack && !p.PreDnat).ToList();
        var kubernetes = set.KubernetesPolicies.Select(k => k.Policy).ToList();
        var entries = enforced
            .Select(p => (p.Tier, p.Order, Key: CalicoOrder.TieKey(p, set.Version), Policy: Compiled.Of(p, _endpoints, services)))
            .Concat(kubernetes.Select(k => (
                Tier: CalicoTier.DefaultName,
                Order: CalicoOrder.KubernetesPolicyOrder,
                Key: CalicoOrder.TieKey(k, set.Version),
                Policy: Compiled.Of(k, _endpoints, services))))
            .ToLookup(e => e.Tier, StringComparer.Ordinal);
        _tiers =
        [
            .. CalicoOrder.TiersOf(set).Select(tier => new Tier(
                tier,
                entries[tier.Name].Select(e => e.Order).DefaultIfEmpty(double.PositiveInfinity).Min(),
                entries[tier.Name].OrderBy(e => e.Order).ThenBy(e => e.Key, ByteOrder.Comparer).Select(e => e.Policy))),
        ];
    }

    /// <summary>The first tier that governs a Pod, and the lowest order that a policy has there; null where none does.</summary>
    public (string Name, double Order)? FirstTier(PolicyPod pod, Direction direction) =>
        _tiers.Where(t => t.Governing(pod, direction).Count > 0).Select(t => ((string, double)?)(t.Object.Name, t.LowestOrder)).FirstOrDefault();

    /// <inheritdoc/>
    public Verdict Evaluate(Traffic traffic, Direction direction)
    {
        if ((direction == Direction.Ingress ? traffic.Destination : traffic.Source).Pod is not { } pod)
        {
            return new Verdict(VerdictKind.Allow, ["no Pod at this end"]);
        }

        var packet = new CalicoPacket(traffic, _endpoints);
        var steps = ImmutableArray.CreateBuilder<string>();
        foreach (var tier in _tiers)
        {
            var policies = tier.Governing(pod, direction);
            if (policies.Count > 0 && Decide(tier.Object, policies, packet, direction, steps) is { } verdict)
            {
                return new Verdict(verdict, steps.ToImmutable());
            }
        }

        steps.Add(steps.Count == 0 ? $"no tier governs; profile kns.{pod.Namespace}" : $"profile kns.{pod.Namespace}");
        return new Verdict(VerdictKind.Allow, steps.ToImmutable());
    }

    /// <summary>What one tier decides; null when it hands on to the next.</summary>
    private static VerdictKind? Decide(
        CalicoTier tier, List<Compiled> policies, CalicoPacket packet, Direction direction, ImmutableArray<string>.Builder steps)
    {
        foreach (var policy in policies)
        {
            foreach (var rule in policy.Rules(direction)!.Value.Where(r => r.Matcher.Matches(packet)))
            {
                steps.Add(string.Create(CultureInfo.InvariantCulture, $"tier {tier.Name} / {policy.Name} {Word(direction)} rule {rule.Number}"));
                switch (rule.Action)
                {
                    case CalicoAction.Allow:
                        return VerdictKind.Allow;
                    case CalicoAction.Deny:
                        return VerdictKind.Deny;
                    case CalicoAction.Pass:
                        steps.Add("Pass");
                        return null;
                    default:
                        steps.Add("Log");
                        break;
                }
            }
        }

        steps.Add($"end of tier {tier.Name}");
        if (!tier.EndsInPass)
        {
            return VerdictKind.Deny;
        }

        steps.Add("Pass");
        return null;
    }

    private static string Word(Direction direction) => direction == Direction.Ingress ? "ingress" : "egress";

    /// <summary>A tier, and the policies that govern each Pod, in evaluation order.</summary>
    private sealed class Tier
    {
        private static readonly List<Compiled> None = [];

        private readonly Dictionary<(string Namespace, string Name, Direction Direction), List<Compiled>> _governing = [];

        public Tier(CalicoTier tier, double lowestOrder, IEnumerable<Compiled> inOrder)
        {
            Object = tier;
            LowestOrder = lowestOrder;
            foreach (var policy in inOrder)
            {
                foreach (var direction in new[] { Direction.Ingress, Direction.Egress }.Where(d => policy.Rules(d) is not null))
                {
                    foreach (var pod in policy.Subjects)
                    {
                        var key = (pod.Namespace, pod.Name, direction);
                        if (!_governing.TryGetValue(key, out var policies))
                        {
                            _governing[key] = policies = [];
                        }

                        policies.Add(policy);
                    }
                }
            }
        }

        public CalicoTier Object { get; }

        public double LowestOrder { get; }

        public List<Compiled> Governing(PolicyPod pod, Direction direction) =>
            _governing.GetValueOrDefault((pod.Namespace, pod.Name, direction), None);
    }

    /// <summary>A rule and its place in the policy that a person wrote, counted from 1.</summary>
    private sealed record CompiledRule(int Number, CalicoAction Action, CalicoRuleMatcher Matcher);

    /// <summary>A policy ready for evaluation; the rules of a direction are null when the policy does not govern it.</summary>
    private sealed record Compiled(
        string Name, ImmutableArray<PolicyPod> Subjects, ImmutableArray<CompiledRule>? Ingress, ImmutableArray<CompiledRule>? Egress)
    {
        public ImmutableArray<CompiledRule>? Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

        public static Compiled Of(
            CalicoPolicy policy,
            CalicoEndpoints endpoints,
            IReadOnlyDictionary<(string Namespace, string Name), PolicyService> services) => Of(
                policy.ToString(), policy, policy.Ingress.Select((r, i) => (i + 1, r)), policy.Egress.Select((r, i) => (i + 1, r)), endpoints, services);

        public static Compiled Of(
            KubernetesPolicy policy,
            CalicoEndpoints endpoints,
            IReadOnlyDictionary<(string Namespace, string Name), PolicyService> services) => Of(
                $"Kubernetes NetworkPolicy {policy}",
                CalicoKubernetesPolicy.Of(policy),
                policy.Ingress.SelectMany((r, i) => CalicoKubernetesPolicy.RulesOf(r, Direction.Ingress).Select(c => (i + 1, c.Rule))),
                policy.Egress.SelectMany((r, i) => CalicoKubernetesPolicy.RulesOf(r, Direction.Egress).Select(c => (i + 1, c.Rule))),
                endpoints,
                services);

        private static Compiled Of(
            string name,
            CalicoPolicy policy,
            IEnumerable<(int Number, CalicoRule Rule)> ingress,
            IEnumerable<(int Number, CalicoRule Rule)> egress,
            CalicoEndpoints endpoints,
            IReadOnlyDictionary<(string Namespace, string Name), PolicyService> services)
        {
            return new Compiled(
                name,
                [.. endpoints.Matching(CalicoScope.Subject(policy)).Select(e => e.Pod).OfType<PolicyPod>()],
                policy.GovernsIngress ? Compile(ingress) : null,
                policy.GovernsEgress ? Compile(egress) : null);

            ImmutableArray<CompiledRule> Compile(IEnumerable<(int Number, CalicoRule Rule)> rules) =>
                [.. rules.Select(r => new CompiledRule(r.Number, r.Rule.Action, new CalicoRuleMatcher(r.Rule, policy.Namespace, endpoints, services)))];
        }
    }
}
