using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Every selector of both sides, in the words of Calico's effective labels, so that they can be asked about one Pod together.</summary>
internal static class SelectorSpace
{
    /// <summary>Before a Pod's own label that Calico does not see, because of its key.</summary>
    public const string PodPrefix = "pod:";

    private static readonly string[] Hidden = [CalicoLabels.Namespace, CalicoLabels.Orchestrator, CalicoLabels.ServiceAccount];

    /// <summary>The selectors, each once, in a fixed order.</summary>
    public static IEnumerable<SelectorExpression> Of(CalicoPolicySet calico, AntreaPolicySet antrea) =>
        calico.Policies.Select(p => p.Policy).Concat(calico.KubernetesPolicies.Select(p => CalicoKubernetesPolicy.Of(p.Policy)))
            .SelectMany(Of)
            .Concat(antrea.Policies.SelectMany(Of))
            .Concat(antrea.Groups.SelectMany(Of))
            .Distinct();

    /// <summary>The names of ports that either side mentions, sorted.</summary>
    public static IEnumerable<string> PortNames(CalicoPolicySet calico, AntreaPolicySet antrea) =>
        calico.Policies.Select(p => p.Policy).Concat(calico.KubernetesPolicies.Select(p => CalicoKubernetesPolicy.Of(p.Policy)))
            .SelectMany(p => p.Ingress.Concat(p.Egress))
            .SelectMany(r => new[] { r.Source, r.Destination })
            .SelectMany(s => s.Ports.Concat(s.NotPorts))
            .Select(p => p.Name)
            .Concat(antrea.Policies.SelectMany(p => p.Ingress.Concat(p.Egress)).SelectMany(r => r.Ports).Select(p => p.Name))
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

    private static IEnumerable<SelectorExpression> Of(CalicoPolicy policy)
    {
        yield return CalicoScope.Subject(policy);
        foreach (var side in policy.Ingress.Concat(policy.Egress).SelectMany(r => new[] { r.Source, r.Destination }))
        {
            var scope = CalicoScope.Side(side, policy.Namespace);
            foreach (var selector in new[] { scope.Positive, scope.Negative }.OfType<SelectorExpression>())
            {
                yield return selector;
            }
        }
    }

    private static IEnumerable<SelectorExpression> Of(AntreaPolicy policy) =>
        policy.AppliedTo.Concat(policy.Ingress.Concat(policy.Egress).SelectMany(r => r.AppliedTo.Concat(r.Peers)))
            .SelectMany(p => Of(p, policy.Namespace));

    private static IEnumerable<SelectorExpression> Of(AntreaPeer peer, string @namespace)
    {
        if (peer.ServiceAccount is { } account)
        {
            yield return And(Is(CalicoLabels.Namespace, account.Namespace), Is(CalicoLabels.ServiceAccount, account.Name));
        }
        else if (peer.Net is null && peer.Group is null && peer.NodeSelector is null)
        {
            yield return Of(peer.PodSelector, peer.NamespaceSelector, @namespace);
        }

        foreach (var label in peer.Namespaces?.SameLabels ?? [])
        {
            yield return new SelectorExpression.Has(CalicoLabels.NamespacePrefix + label);
        }
    }

    private static IEnumerable<SelectorExpression> Of(AntreaGroup group)
    {
        if (group.PodSelector is not null || group.NamespaceSelector is not null)
        {
            yield return Of(group.PodSelector, group.NamespaceSelector, group.Namespace);
        }
    }

    private static SelectorExpression Of(LabelSelector? pods, LabelSelector? namespaces, string @namespace) => And(
    [
        .. namespaces is null && @namespace.Length > 0 ? [Is(CalicoLabels.Namespace, @namespace)] : Array.Empty<SelectorExpression>(),
        .. (namespaces?.Requirements ?? []).Select(r => Of(r, NamespaceKey(r.Key))),
        .. (pods?.Requirements ?? []).Select(r => Of(r, PodKey(r.Key))),
    ]);

    private static string PodKey(string key) =>
        key == AntreaMembers.ServiceAccountLabel ? CalicoLabels.ServiceAccount
        : Hidden.Contains(key, StringComparer.Ordinal)
            || key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal)
            || key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal) ? PodPrefix + key
        : key;

    private static string NamespaceKey(string key) => CalicoLabels.NamespacePrefix + key;

    private static SelectorExpression Of(LabelRequirement requirement, string key) => requirement.Operator switch
    {
        LabelOperator.In => new SelectorExpression.Membership(key, requirement.Values, negated: false),
        LabelOperator.NotIn => new SelectorExpression.Membership(key, requirement.Values, negated: true),
        LabelOperator.Exists => new SelectorExpression.Has(key),
        _ => new SelectorExpression.Not(new SelectorExpression.Has(key)),
    };

    private static SelectorExpression Is(string key, string value) => new SelectorExpression.Comparison(key, value, Negated: false);

    private static SelectorExpression And(params ImmutableArray<SelectorExpression> terms) => terms.Length switch
    {
        0 => new SelectorExpression.All(),
        1 => terms[0],
        _ => new SelectorExpression.Chain(isAnd: true, terms),
    };
}
