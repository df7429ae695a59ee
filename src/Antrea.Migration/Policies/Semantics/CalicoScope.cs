using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Which endpoints a Calico policy or one side of a rule selects, as one expression over effective labels.</summary>
/// <remarks>Source: Calico <c>libcalico-go/lib/backend/syncersv1/updateprocessors</c> (<c>rules.go</c>, <c>globalnetworkpolicyprocessor.go</c>),
/// of one meaning from v3.26 to v3.33.</remarks>
internal static class CalicoScope
{
    private static readonly SelectorExpression HasNamespace = new SelectorExpression.Has(CalicoLabels.Namespace);
    private static readonly SelectorExpression HasServiceAccount = new SelectorExpression.Has(CalicoLabels.ServiceAccount);

    /// <summary>The endpoints that a policy governs.</summary>
    public static SelectorExpression Subject(CalicoPolicy policy)
    {
        var expression = policy.Selector?.Expression ?? new SelectorExpression.All();
        if (!policy.IsGlobal)
        {
            expression = And(expression, InNamespace(policy.Namespace));
        }
        else if (policy.NamespaceSelector is { } namespaces)
        {
            // From here on all() no longer reaches host endpoints, in spec.selector either.
            expression = ReplaceAll(And(expression, Prefix(namespaces.Expression, CalicoLabels.NamespacePrefix)), HasNamespace);
        }

        return policy.ServiceAccountSelector is { } accounts
            ? ReplaceAll(And(expression, Prefix(accounts.Expression, CalicoLabels.ServiceAccountPrefix)), HasServiceAccount)
            : expression;
    }

    /// <summary>The endpoints that one side of a rule asks for; null when it asks for none. Service accounts and <c>notSelector</c> are not looked at.</summary>
    public static SelectorExpression? Peer(CalicoEntity entity, string policyNamespace)
    {
        var selected = entity.Selector?.Expression;
        if (entity.NamespaceSelector is { } namespaces)
        {
            var inNamespaces = ReplaceGlobal(ReplaceAll(Prefix(namespaces.Expression, CalicoLabels.NamespacePrefix), HasNamespace));
            return selected is null ? inNamespaces : And(inNamespaces, selected);
        }

        return selected is null || policyNamespace.Length == 0 ? selected : And(InNamespace(policyNamespace), selected);
    }

    /// <summary>The labels that Calico gives a Pod.</summary>
    public static SortedDictionary<string, string> EffectiveLabels(PolicyPod pod, PolicyWorld world)
    {
        var labels = NamespaceLabels(pod.Namespace, world);
        foreach (var (key, value) in pod.Labels)
        {
            if (!key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal)
                && !key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal))
            {
                labels[key] = value;
            }
        }

        labels[CalicoLabels.Namespace] = pod.Namespace;
        labels[CalicoLabels.Orchestrator] = CalicoLabels.OrchestratorValue;
        if (pod.ServiceAccount.Length > 0)
        {
            labels[CalicoLabels.ServiceAccount] = pod.ServiceAccount;
            labels[CalicoLabels.ServiceAccountPrefix + CalicoLabels.NameKey] = pod.ServiceAccount;
        }

        return labels;
    }

    /// <summary>What endpoints inherit from their Namespace.</summary>
    public static SortedDictionary<string, string> NamespaceLabels(string @namespace, PolicyWorld world)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in world.LabelsOf(@namespace))
        {
            labels[CalicoLabels.NamespacePrefix + key] = value;
        }

        labels[CalicoLabels.NamespacePrefix + CalicoLabels.NameKey] = @namespace;
        return labels;
    }

    private static SelectorExpression InNamespace(string name) =>
        new SelectorExpression.Comparison(CalicoLabels.Namespace, name, Negated: false);

    private static SelectorExpression And(SelectorExpression left, SelectorExpression right) =>
        new SelectorExpression.Chain(isAnd: true, [left, right]);

    private static SelectorExpression Prefix(SelectorExpression expression, string prefix) => Rewrite(expression, e => e switch
    {
        SelectorExpression.Has has => has with { Key = prefix + has.Key },
        SelectorExpression.Comparison comparison => comparison with { Key = prefix + comparison.Key },
        SelectorExpression.Membership membership =>
            new SelectorExpression.Membership(prefix + membership.Key, membership.Values, membership.Negated),
        SelectorExpression.TextMatch match => match with { Key = prefix + match.Key },
        _ => e,
    });

    private static SelectorExpression ReplaceAll(SelectorExpression expression, SelectorExpression replacement) =>
        Rewrite(expression, e => e is SelectorExpression.All ? replacement : e);

    private static SelectorExpression ReplaceGlobal(SelectorExpression expression) =>
        Rewrite(expression, e => e is SelectorExpression.Global ? new SelectorExpression.Not(HasNamespace) : e);

    private static SelectorExpression Rewrite(
        SelectorExpression expression, Func<SelectorExpression, SelectorExpression> leaf) => expression switch
        {
            SelectorExpression.Not not => new SelectorExpression.Not(Rewrite(not.Operand, leaf)),
            SelectorExpression.Chain chain =>
                new SelectorExpression.Chain(chain.IsAnd, chain.Operands.Select(o => Rewrite(o, leaf)).ToImmutableArray()),
            _ => leaf(expression),
        };
}
