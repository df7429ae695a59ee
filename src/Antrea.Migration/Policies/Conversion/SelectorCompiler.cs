using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Turns a Calico selector on effective labels into alternatives of <see cref="SelectorTerm"/>: its disjunctive normal form, for Pods.</summary>
/// <remarks>
/// Calico (<c>libcalico-go/lib/selector</c>) and Kubernetes agree that a negative operator holds for a missing label, so
/// negations go down to the labels exactly. Labels that Calico makes are folded: every Pod has a Namespace and
/// the orchestrator <c>k8s</c>. A value or key that no label can have never matches. Only text operators and
/// service accounts have no equal; they are reported.
/// </remarks>
internal sealed class SelectorCompiler
{
    /// <summary>How many alternatives a selector may grow to.</summary>
    public const int MaxTerms = 64;

    private readonly List<(PolicyCode Code, string Message)> _problems = [];

    /// <summary>The alternatives, each once, in the selector's order; none when no Pod can satisfy it. Null and the reasons when
    /// it cannot be expressed.</summary>
    public static IReadOnlyList<SelectorTerm>? Compile(
        SelectorExpression expression, out IReadOnlyList<(PolicyCode Code, string Message)> problems)
    {
        var compiler = new SelectorCompiler();
        var terms = compiler.Visit(expression, negated: false);
        problems = compiler._problems;
        return problems.Count == 0 ? terms : null;
    }

    private List<SelectorTerm> Visit(SelectorExpression expression, bool negated) => expression switch
    {
        SelectorExpression.All => Constant(!negated),
        SelectorExpression.Global => Problem(PolicyCode.SelectorGlobal, "global() outside a rule's namespaceSelector"),
        SelectorExpression.Not not => Visit(not.Operand, !negated),
        SelectorExpression.Chain chain when chain.IsAnd != negated => Product(chain, negated),
        SelectorExpression.Chain chain => Sum(chain, negated),
        SelectorExpression.Has has => OnLabel(has.Key, [], LabelTest.Has, negated, has),
        SelectorExpression.Comparison c => OnLabel(c.Key, [c.Value], LabelTest.OneOf, c.Negated != negated, c),
        SelectorExpression.Membership m => OnLabel(m.Key, m.Values, LabelTest.OneOf, m.Negated != negated, m),
        SelectorExpression.TextMatch { Text: "" } t => OnLabel(t.Key, [], LabelTest.Has, negated, t),
        _ => Problem(PolicyCode.SelectorOperator, $"{expression}: Antrea has no such comparison"),
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
                Problem(PolicyCode.SelectorTooWide, $"the selector has more than {MaxTerms} alternatives when written out");
                return [];
            }

            distinct.Add(term);
        }

        return distinct;
    }

    private enum LabelTest
    {
        Has,
        OneOf,
    }

    private List<SelectorTerm> OnLabel(
        string key, IEnumerable<string> values, LabelTest test, bool negated, SelectorExpression expression)
    {
        if (key == CalicoLabels.Orchestrator)
        {
            return Constant((test == LabelTest.Has || values.Contains(CalicoLabels.OrchestratorValue)) != negated);
        }

        if (key == CalicoLabels.ServiceAccount || key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal))
        {
            return Problem(
                PolicyCode.SelectorServiceAccount, $"{expression}: Antrea selects service accounts only by name, and beside no other label");
        }

        var onNamespace = key == CalicoLabels.Namespace || key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal);
        if (onNamespace)
        {
            key = key == CalicoLabels.Namespace ? CalicoLabels.NameKey : key[CalicoLabels.NamespacePrefix.Length..];
            key = key == CalicoLabels.NameKey ? SelectorTerm.NamespaceNameKey : key;
        }

        if (!LabelSyntax.IsKey(key))
        {
            return Constant(negated);
        }

        if (test == LabelTest.Has)
        {
            // Every Namespace has its name.
            return onNamespace && key == SelectorTerm.NamespaceNameKey
                ? Constant(!negated)
                : [SelectorTerm.Of(key, negated ? LabelConstraint.Absent : LabelConstraint.Present, onNamespace)];
        }

        var possible = values.Where(LabelSyntax.IsValue).ToList();
        if (negated)
        {
            return possible.Count == 0 ? Constant(true) : [SelectorTerm.Of(key, LabelConstraint.NoneOf(possible), onNamespace)];
        }

        return LabelConstraint.OneOf(possible) is { } oneOf ? [SelectorTerm.Of(key, oneOf, onNamespace)] : [];
    }

    private List<SelectorTerm> Problem(PolicyCode code, string message)
    {
        if (!_problems.Contains((code, message)))
        {
            _problems.Add((code, message));
        }

        return [];
    }

    private static List<SelectorTerm> Constant(bool value) => value ? [SelectorTerm.Everything] : [];
}
