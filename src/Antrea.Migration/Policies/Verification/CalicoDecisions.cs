using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Calico's policies as decision lists, one for each address of a Pod and direction.</summary>
/// <remarks>A section of the list is a tier. Not safe for use by several threads.</remarks>
internal sealed class CalicoDecisions
{
    private readonly ProofSpace _space;
    private readonly List<CalicoTier> _tiers;
    private readonly List<Compiled> _policies = [];
    private readonly List<int>[] _policiesOfPod;
    private readonly CompiledRule _all;
    private readonly List<DecisionRule> _rules = [];

    /// <param name="set">The policies.</param>
    /// <param name="space">The flows.</param>
    /// <param name="limits">What of a policy has no defined meaning; whoever gets there cannot be compared.</param>
    public CalicoDecisions(CalicoPolicySet set, ProofSpace space, Func<CalicoPolicy, bool> limits)
    {
        _space = space;
        _tiers = [.. CalicoOrder.TiersOf(set)];
        _policiesOfPod = [.. space.Addresses.Pods.Select(_ => new List<int>())];
        _all = space.Everything(Direction.Ingress, Effect.Deny);
        var compiler = new CalicoRuleCompiler(space.Addresses, CalicoEndpoints.Of(set, space.World), space.World);
        var byTier = set.Policies.Select(p => p.Policy)
            .Where(p => !p.DoNotTrack && !p.PreDnat)
            .Select(p => (Key: CalicoOrder.TieKey(p, set.Version), Policy: p))
            .Concat(set.KubernetesPolicies.Select(k => (Key: CalicoOrder.TieKey(k.Policy, set.Version), Policy: CalicoKubernetesPolicy.Of(k.Policy))))
            .ToLookup(p => p.Policy.Tier, StringComparer.Ordinal);
        for (var tier = 0; tier < _tiers.Count; tier++)
        {
            foreach (var (_, policy) in byTier[_tiers[tier].Name].OrderBy(p => p.Policy.Order).ThenBy(p => p.Key, ByteOrder.Comparer))
            {
                foreach (var pod in compiler.Subjects(policy))
                {
                    _policiesOfPod[pod].Add(_policies.Count);
                }

                _policies.Add(limits(policy)
                    ? new Compiled(tier, policy, [space.Everything(Direction.Ingress, Effect.Undecidable)], [space.Everything(Direction.Egress, Effect.Undecidable)])
                    : new Compiled(tier, policy, Compile(policy, policy.Ingress, Direction.Ingress), Compile(policy, policy.Egress, Direction.Egress)));
            }
        }

        CompiledRule[] Compile(CalicoPolicy policy, IEnumerable<CalicoRule> rules, Direction direction) =>
            [.. rules.Where(r => r.Action != CalicoAction.Log).Select(r => compiler.Compile(r, policy.Namespace, direction))];
    }

    /// <summary>What decides about an address of a Pod.</summary>
    public DecisionList At(int pod, int atom, Direction direction)
    {
        var rules = _rules;
        rules.Clear();
        var governed = -1;
        foreach (var place in _policiesOfPod[pod])
        {
            var policy = _policies[place];
            if (!policy.Governs(direction))
            {
                continue;
            }

            EndTier(policy.Tier);
            governed = policy.Tier;
            foreach (var rule in policy.Rules(direction))
            {
                rules.Add(new DecisionRule(
                    rule.At(atom, _space.Addresses, _space.Services, _space.Lists), rule.Effect, policy.Tier, IsUncertain: rule.IsUncertain));
            }
        }

        EndTier(int.MaxValue);
        return _space.Lists.List(rules);

        void EndTier(int next)
        {
            if (governed >= 0 && governed != next && !_tiers[governed].EndsInPass)
            {
                rules.Add(new DecisionRule(_all.At(atom, _space.Addresses, _space.Services, _space.Lists), Effect.Deny, governed));
            }
        }
    }

    private sealed record Compiled(int Tier, CalicoPolicy Policy, CompiledRule[] Ingress, CompiledRule[] Egress)
    {
        public bool Governs(Direction direction) => direction == Direction.Ingress ? Policy.GovernsIngress : Policy.GovernsEgress;

        public CompiledRule[] Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;
    }
}
