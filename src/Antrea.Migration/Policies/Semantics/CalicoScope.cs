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
        var expression = policy.Selector?.Expression;
        if (!policy.IsGlobal)
        {
            expression = AndAlso(expression, InNamespace(policy.Namespace));
        }
        else if (policy.NamespaceSelector is { } namespaces)
        {
            // From here on all() no longer reaches host endpoints, in spec.selector either; a spec.selector that is absent has no all().
            expression = AndAlso(expression, Prefix(namespaces.Expression, CalicoLabels.NamespacePrefix));
            expression = ReplaceAll(expression!, HasNamespace);
        }

        if (policy.ServiceAccountSelector is { } accounts)
        {
            expression = AndAlso(expression, Prefix(accounts.Expression, CalicoLabels.ServiceAccountPrefix));
            expression = ReplaceAll(expression!, HasServiceAccount);
        }

        return expression ?? new SelectorExpression.All();
    }

    /// <summary>The endpoints that one side of a rule asks for, and those that it excludes.</summary>
    /// <param name="entity">The side.</param>
    /// <param name="policyNamespace">The policy's Namespace; empty for a GlobalNetworkPolicy.</param>
    public static CalicoSideScope Side(CalicoEntity entity, string policyNamespace)
    {
        var positive = entity.ServiceAccounts is { } accounts ? InServiceAccounts(accounts) : null;
        positive = AndAlso(positive, entity.Selector?.Expression);
        var negative = entity.NotSelector?.Expression;

        // A NetworkPolicy's own Namespace counts as soon as the side says anything by labels, if only by notSelector.
        if (entity.NamespaceSelector is { } namespaces)
        {
            var inNamespaces = ReplaceGlobal(ReplaceAll(Prefix(namespaces.Expression, CalicoLabels.NamespacePrefix), HasNamespace));
            positive = AndAlso(inNamespaces, positive);
        }
        else if (policyNamespace.Length > 0 && (positive is not null || negative is not null))
        {
            positive = AndAlso(InNamespace(policyNamespace), positive);
        }

        return positive is null || negative is null
            ? new CalicoSideScope(positive, negative)
            : new CalicoSideScope(And(positive, new SelectorExpression.Not(negative)), null);
    }

    /// <summary>The endpoints that one side of a rule asks for; null when it asks for none.</summary>
    public static SelectorExpression? Peer(CalicoEntity entity, string policyNamespace) => Side(entity, policyNamespace).Positive;

    /// <summary>The Namespace that every endpoint an expression selects is labelled with; null when there is no such one.</summary>
    public static string? BoundNamespace(SelectorExpression expression) => expression switch
    {
        SelectorExpression.Comparison { Key: CalicoLabels.Namespace, Negated: false } comparison => comparison.Value,
        SelectorExpression.Chain { IsAnd: true } chain => chain.Operands.Select(BoundNamespace).FirstOrDefault(n => n is not null),
        _ => null,
    };

    /// <summary>What of an expression each endpoint that it selects satisfies, and asks for nothing but labels that Pods have from their Namespace.</summary>
    public static IEnumerable<SelectorExpression> NamespaceTerms(SelectorExpression expression) =>
        expression is SelectorExpression.Chain { IsAnd: true } chain ? chain.Operands.SelectMany(NamespaceTerms)
        : expression.Keys().All(k => k == CalicoLabels.Namespace || k.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal)) ? [expression]
        : [];

    /// <summary>The labels that Calico gives a Pod: its own but for the reserved prefixes, forced ones, and those it inherits.</summary>
    /// <param name="pod">The Pod.</param>
    /// <param name="world">Where it is.</param>
    /// <param name="ofNamespaces">What is inherited from Namespaces, once for all Pods of one; gets what is not in it yet.</param>
    public static Dictionary<string, string> EffectiveLabels(
        PolicyPod pod, PolicyWorld world, Dictionary<string, Dictionary<string, string>>? ofNamespaces = null)
    {
        var labels = pod.Labels
            .Where(l => !l.Key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal)
                && !l.Key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        labels[CalicoLabels.Namespace] = pod.Namespace;
        labels[CalicoLabels.Orchestrator] = CalicoLabels.OrchestratorValue;
        var inherited = ofNamespaces?.GetValueOrDefault(pod.Namespace);
        if (inherited is null)
        {
            inherited = NamespaceLabels(pod.Namespace, world);
            ofNamespaces?.Add(pod.Namespace, inherited);
        }

        labels.EnsureCapacity(labels.Count + inherited.Count + 2);
        Inherit(labels, inherited);
        if (pod.ServiceAccount.Length > 0)
        {
            labels[CalicoLabels.ServiceAccount] = pod.ServiceAccount;
            Inherit(labels, ServiceAccountLabels(pod.Namespace, pod.ServiceAccount, world));
        }

        return labels;
    }

    /// <summary>What endpoints inherit from their Namespace.</summary>
    public static Dictionary<string, string> NamespaceLabels(string @namespace, PolicyWorld world) =>
        Prefixed(CalicoLabels.NamespacePrefix, world.LabelsOf(@namespace), @namespace);

    /// <summary>What endpoints inherit from their service account.</summary>
    public static Dictionary<string, string> ServiceAccountLabels(string @namespace, string name, PolicyWorld world) =>
        Prefixed(CalicoLabels.ServiceAccountPrefix, world.ServiceAccounts.GetValueOrDefault((@namespace, name), ImmutableSortedDictionary<string, string>.Empty), name);

    /// <summary>Adds inherited labels; what is there already hides them.</summary>
    public static void Inherit(IDictionary<string, string> labels, Dictionary<string, string> inherited)
    {
        foreach (var (key, value) in inherited)
        {
            labels.TryAdd(key, value);
        }
    }

    private static Dictionary<string, string> Prefixed(string prefix, IEnumerable<KeyValuePair<string, string>> own, string name)
    {
        var labels = own.ToDictionary(l => prefix + l.Key, l => l.Value, StringComparer.Ordinal);
        labels[prefix + CalicoLabels.NameKey] = name;
        return labels;
    }

    private static SelectorExpression? InServiceAccounts(CalicoServiceAccounts accounts)
    {
        var selected = accounts.Selector is { } selector ? Prefix(selector.Expression, CalicoLabels.ServiceAccountPrefix) : null;
        return accounts.Names.IsEmpty
            ? selected
            : AndAlso(selected, new SelectorExpression.Membership(CalicoLabels.ServiceAccount, accounts.Names, negated: false));
    }

    private static SelectorExpression InNamespace(string name) =>
        new SelectorExpression.Comparison(CalicoLabels.Namespace, name, Negated: false);

    private static SelectorExpression And(SelectorExpression left, SelectorExpression right) =>
        new SelectorExpression.Chain(isAnd: true, [left, right]);

    /// <summary>Both, or the one that is there.</summary>
    private static SelectorExpression? AndAlso(SelectorExpression? left, SelectorExpression? right) =>
        left is null ? right : right is null ? left : And(left, right);

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

/// <summary>What one side of a rule asks for by labels. At most one of the two is given: where a rule has both, they are one expression.</summary>
/// <param name="Positive">The address must be a member of this; null is no demand.</param>
/// <param name="Negative">The address must not be a member of this; null is no demand.</param>
internal readonly record struct CalicoSideScope(SelectorExpression? Positive, SelectorExpression? Negative);
