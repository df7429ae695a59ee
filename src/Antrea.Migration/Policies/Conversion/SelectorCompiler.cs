using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Turns Calico selectors on effective labels into alternatives of <see cref="SelectorTerm"/>: their disjunctive normal form, for Pods.</summary>
/// <remarks>
/// Calico (<c>libcalico-go/lib/selector</c>) and Kubernetes agree that a negative operator holds for a missing label, so
/// negations go down to the labels exactly. Labels that Calico makes are folded: every Pod has a Namespace and
/// the orchestrator <c>k8s</c>. A value or key that no label can have never matches. Text operators become the values that
/// there are now, demands on service accounts the service accounts that there are now.
/// </remarks>
internal sealed class SelectorCompiler(PolicyWorld world)
{
    /// <summary>How many alternatives a selector may grow to.</summary>
    public const int MaxTerms = 64;

    /// <summary>How many values a text operator may stand for, and service accounts a demand on them.</summary>
    public const int MaxValues = 256;

    private const int MaxNameLength = 63;

    private readonly LabelInventory _inventory = new(world);

    /// <summary>Writes a selector out.</summary>
    public SelectorAlternatives Compile(SelectorExpression expression) => new Run(_inventory, this).Compile(expression);

    /// <summary>The Pods now that some alternatives select.</summary>
    public IEnumerable<PolicyPod> PodsOf(IEnumerable<SelectorTerm> terms) => terms
        .SelectMany(t => _inventory.Pods(t.ToPodSelector(), t.ToNamespaceSelector(), t.BoundNamespace)
            .Where(p => t.Accounts is null || t.Accounts.Contains(AccountOf(p))))
        .Distinct();

    /// <summary>A term as alternatives that Antrea can say; null and the reason when there are none.</summary>
    public ImmutableArray<SelectorTerm>? Resolve(SelectorTerm term, out string? problem)
    {
        problem = null;
        if (term.Accounts is null)
        {
            return [term];
        }

        var namespaces = term.ToNamespaceSelector();
        var bound = term.BoundNamespace;
        var wanted = term.Accounts.Where(a => _inventory.IsIn(namespaces, a.Namespace)).ToList();
        if (wanted.Count == 0)
        {
            return [];
        }

        if (_inventory.Accounts(_ => true).Count(a => _inventory.IsIn(namespaces, a.Namespace)) == wanted.Count)
        {
            return [term with { Accounts = null }];
        }

        // One of the two demands may follow from the other, as things are now.
        var accounts = wanted.ToHashSet();
        var pods = term.ToPodSelector();
        if (!term.Pod.IsEmpty)
        {
            var running = wanted.Select(a => a.Namespace).Distinct(StringComparer.Ordinal)
                .SelectMany(world.PodsIn)
                .Where(p => accounts.Contains(AccountOf(p)))
                .ToList();
            if (running.Count == 0 || !running.TrueForAll(p => pods.Matches(p.Labels)))
            {
                var labelled = _inventory.Pods(pods, namespaces, bound).ToList();
                if (labelled.Count > 0 && labelled.TrueForAll(p => accounts.Contains(AccountOf(p))))
                {
                    return [term with { Accounts = null }];
                }

                problem = "Antrea cannot ask for labels and a service account of the same Pod";
                return null;
            }
        }

        if (wanted.Find(a => a.Name.Length is 0 or > MaxNameLength) is { } unnamed)
        {
            problem = $"Antrea cannot select the service account '{unnamed.Name}' in Namespace {unnamed.Namespace}";
            return null;
        }

        return [.. wanted.Select(a => SelectorTerm.Everything with { Accounts = term.Accounts.Clear().Add(a) })];
    }

    private static AntreaServiceReference AccountOf(PolicyPod pod) => new(pod.Namespace, pod.ServiceAccount);

    /// <summary>One compilation.</summary>
    private sealed class Run(LabelInventory inventory, SelectorCompiler compiler)
    {
        private readonly List<(PolicyCode Code, string Message)> _remarks = [];

        public SelectorAlternatives Compile(SelectorExpression expression)
        {
            var terms = Visit(expression, negated: false);
            var resolved = ImmutableArray.CreateBuilder<SelectorTerm>();
            foreach (var term in terms)
            {
                if (compiler.Resolve(term, out var problem) is not { } alternatives)
                {
                    Remark(PolicyCode.SelectorServiceAccount, problem!);
                }
                else
                {
                    resolved.AddRange(alternatives);
                }
            }

            if (resolved.Count > MaxValues)
            {
                Remark(PolicyCode.SelectorTooWide, $"the selector means {resolved.Count} service accounts, more than {MaxValues}");
            }

            var result = new SelectorAlternatives([.. resolved.Distinct()], [.. _remarks]);
            return result.IsRefused ? result with { Terms = [] } : result;
        }

        private List<SelectorTerm> Visit(SelectorExpression expression, bool negated) => expression switch
        {
            SelectorExpression.All => Constant(!negated),
            SelectorExpression.Global => Remark(PolicyCode.SelectorGlobal, "global() outside a rule's namespaceSelector"),
            SelectorExpression.Not not => Visit(not.Operand, !negated),
            SelectorExpression.Chain chain when chain.IsAnd != negated => Product(chain, negated),
            SelectorExpression.Chain chain => Sum(chain, negated),
            SelectorExpression.Has has => OnLabel(has.Key, has, negated, (key, onNamespace, not) => OnPresence(key, onNamespace, not)),
            SelectorExpression.TextMatch { Text: "" } t => OnLabel(t.Key, t, negated, (key, onNamespace, not) => OnPresence(key, onNamespace, not)),
            SelectorExpression.Comparison c => OnLabel(
                c.Key, c, negated, (key, onNamespace, not) => OnValues(key, [c.Value], onNamespace, c.Negated != not)),
            SelectorExpression.Membership m => OnLabel(
                m.Key, m, negated, (key, onNamespace, not) => OnValues(key, m.Values, onNamespace, m.Negated != not)),
            SelectorExpression.TextMatch t => OnLabel(t.Key, t, negated, (key, onNamespace, not) => OnText(t, key, onNamespace, not)),
            _ => throw new InvalidOperationException("The family of expressions is closed."),
        };

        private List<SelectorTerm> Product(SelectorExpression.Chain chain, bool negated)
        {
            var product = Constant(true);
            foreach (var operand in chain.Operands)
            {
                var factor = Visit(operand, negated);
                product = Distinct(product.SelectMany(_ => factor, (a, b) => a.And(b)).OfType<SelectorTerm>());
            }

            return product;
        }

        private List<SelectorTerm> Sum(SelectorExpression.Chain chain, bool negated) =>
            Distinct(chain.Operands.SelectMany(operand => Visit(operand, negated)));

        private List<SelectorTerm> Distinct(IEnumerable<SelectorTerm> terms)
        {
            var distinct = new List<SelectorTerm>();
            foreach (var term in terms)
            {
                if (distinct.Contains(term))
                {
                    continue;
                }

                if (distinct.Count == MaxTerms)
                {
                    return Remark(PolicyCode.SelectorTooWide, $"the selector has more than {MaxTerms} alternatives when written out");
                }

                distinct.Add(term);
            }

            return distinct;
        }

        /// <summary>A test of one label: of the orchestrator, the service account, the Namespace or the Pod.</summary>
        private List<SelectorTerm> OnLabel(
            string key, SelectorExpression test, bool negated, Func<string, bool, bool, List<SelectorTerm>> onPodOrNamespace)
        {
            if (key == CalicoLabels.Orchestrator)
            {
                var labels = new Dictionary<string, string> { [key] = CalicoLabels.OrchestratorValue };
                return Constant(test.Matches(labels) != negated);
            }

            if (key == CalicoLabels.ServiceAccount || key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal))
            {
                var isName = key is CalicoLabels.ServiceAccount or CalicoLabels.ServiceAccountPrefix + CalicoLabels.NameKey;
                if (!isName && !inventory.HasServiceAccounts)
                {
                    return Remark(PolicyCode.SelectorServiceAccount, $"{test}: no ServiceAccount is in the input");
                }

                var accounts = inventory.Accounts(labels => test.Matches(labels) != negated);
                if (isName && test is SelectorExpression.Has && accounts.SetEquals(inventory.Accounts(_ => true)))
                {
                    return Constant(true);
                }

                Remark(PolicyCode.ServiceAccountsFrozen, $"{test}: the service accounts that there are now");
                return accounts.IsEmpty ? [] : [SelectorTerm.Everything with { Accounts = accounts }];
            }

            var onNamespace = key == CalicoLabels.Namespace || key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal);
            if (onNamespace)
            {
                key = key == CalicoLabels.Namespace ? CalicoLabels.NameKey : key[CalicoLabels.NamespacePrefix.Length..];
                key = key == CalicoLabels.NameKey ? SelectorTerm.NamespaceNameKey : key;
            }

            return onPodOrNamespace(key, onNamespace, negated);
        }

        private static List<SelectorTerm> OnPresence(string key, bool onNamespace, bool negated) =>
            !LabelSyntax.IsKey(key) ? Constant(negated)
            : onNamespace && key == SelectorTerm.NamespaceNameKey ? Constant(!negated)
            : [SelectorTerm.Of(key, negated ? LabelConstraint.Absent : LabelConstraint.Present, onNamespace)];

        private static List<SelectorTerm> OnValues(string key, IEnumerable<string> values, bool onNamespace, bool negated)
        {
            var possible = LabelSyntax.IsKey(key) ? values.Where(LabelSyntax.IsValue).ToList() : [];
            return LabelConstraint.OneOf(possible) is not { } oneOf
                ? Constant(negated)
                : [SelectorTerm.Of(key, negated ? LabelConstraint.NoneOf(possible) : oneOf, onNamespace)];
        }

        private List<SelectorTerm> OnText(SelectorExpression.TextMatch test, string key, bool onNamespace, bool negated)
        {
            var values = inventory.ValuesOf(key, onNamespace)
                .Where(v => test.Matches(new Dictionary<string, string> { [test.Key] = v }))
                .ToList();
            if (values.Count > MaxValues)
            {
                return Remark(PolicyCode.SelectorTooWide, $"{test} means {values.Count} values, more than {MaxValues}");
            }

            Remark(
                PolicyCode.LabelValuesFrozen,
                values.Count == 0 ? $"{test}: no such value is in use now" : $"{test}: the values in use now, {string.Join(", ", values)}");
            return OnValues(key, values, onNamespace, negated);
        }

        private List<SelectorTerm> Remark(PolicyCode code, string message)
        {
            if (!_remarks.Contains((code, message)))
            {
                _remarks.Add((code, message));
            }

            return [];
        }

        private static List<SelectorTerm> Constant(bool value) => value ? [SelectorTerm.Everything] : [];
    }
}
