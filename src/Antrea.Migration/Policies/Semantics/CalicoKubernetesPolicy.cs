using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>A Kubernetes NetworkPolicy as the Calico policy that Calico makes of it.</summary>
/// <remarks>Source: Calico <c>libcalico-go/lib/backend/k8s/conversion</c>, of one meaning from v3.26 to v3.33. Selectors ask for the orchestrator
/// too, so they never reach network sets or host endpoints; networks do reach Pods.</remarks>
internal static class CalicoKubernetesPolicy
{
    private static readonly SelectorExpression IsPod =
        new SelectorExpression.Comparison(CalicoLabels.Orchestrator, CalicoLabels.OrchestratorValue, Negated: false);

    /// <summary>The policy, in tier default at order 1000, governing what <c>policyTypes</c> says.</summary>
    public static CalicoPolicy Of(KubernetesPolicy policy) => new()
    {
        IsGlobal = false,
        Namespace = policy.Namespace,
        Name = policy.Name,
        StoredName = policy.Name,
        Tier = CalicoTier.DefaultName,
        Order = CalicoOrder.KubernetesPolicyOrder,
        Selector = Pods(policy.PodSelector),
        GovernsIngress = policy.TypesIngress,
        GovernsEgress = policy.TypesEgress,
        Ingress = [.. policy.Ingress.SelectMany(r => RulesOf(r, Direction.Ingress)).Select(r => r.Rule)],
        Egress = [.. policy.Egress.SelectMany(r => RulesOf(r, Direction.Egress)).Select(r => r.Rule)],
    };

    /// <summary>The Calico rules that one rule becomes, one for each peer and protocol, each with the place of the peer that it is made
    /// from; -1 where the rule names no peer.</summary>
    public static IEnumerable<(CalicoRule Rule, int Peer)> RulesOf(KubernetesRule rule, Direction direction) =>
        from peer in rule.Peers.IsEmpty ? [(Side: CalicoEntity.Any, Index: -1)] : rule.Peers.Select((p, i) => (Side: Peer(p), Index: i))
        from port in rule.Ports.IsEmpty
            ? [(Protocol: (CalicoProtocol?)null, Ports: ImmutableArray<CalicoPort>.Empty)]
            : rule.Ports.GroupBy(p => (p.Protocol, IsAny: p.Name is null && p.First is null)).Select(g => (
                Protocol: (CalicoProtocol?)new CalicoProtocol(g.Key.Protocol, IPProtocol.NumberOf(g.Key.Protocol)),
                Ports: g.Key.IsAny ? [] : g.Select(Port).ToImmutableArray()))
        let to = CalicoEntity.Any with { Ports = port.Ports }
        select (
            new CalicoRule
            {
                Action = CalicoAction.Allow,
                Protocol = port.Protocol,
                Source = direction == Direction.Ingress ? peer.Side : CalicoEntity.Any,
                Destination = direction == Direction.Ingress ? to : peer.Side with { Ports = port.Ports },
            },
            peer.Index);

    private static CalicoEntity Peer(KubernetesPeer peer)
    {
        if (peer.Net is { } net)
        {
            return new CalicoEntity { Nets = [net.ToString()], NotNets = [.. peer.Except.Select(e => e.ToString())] };
        }

        return new CalicoEntity
        {
            Selector = Pods(peer.PodSelector ?? LabelSelector.Everything),
            NamespaceSelector = peer.NamespaceSelector is { } namespaces ? Selector(namespaces.Requirements.Select(Expression)) : null,
        };
    }

    private static CalicoPort Port(KubernetesPort port) =>
        port.Name is { } name ? new CalicoPort(0, 0, name) : new CalicoPort(port.First!.Value, port.Last!.Value);

    private static CalicoSelector Pods(LabelSelector selector) =>
        Selector(selector.Requirements.Select(Expression).Prepend(IsPod));

    private static CalicoSelector Selector(IEnumerable<SelectorExpression> terms) => CalicoSelector.Of(terms.ToImmutableArray() switch
    {
        [] => new SelectorExpression.All(),
        [var one] => one,
        var all => new SelectorExpression.Chain(isAnd: true, all),
    });

    private static SelectorExpression Expression(LabelRequirement requirement) => requirement.Operator switch
    {
        LabelOperator.In => new SelectorExpression.Membership(requirement.Key, requirement.Values, negated: false),
        LabelOperator.NotIn => new SelectorExpression.Membership(requirement.Key, requirement.Values, negated: true),
        LabelOperator.Exists => new SelectorExpression.Has(requirement.Key),
        _ => new SelectorExpression.Not(new SelectorExpression.Has(requirement.Key)),
    };
}
