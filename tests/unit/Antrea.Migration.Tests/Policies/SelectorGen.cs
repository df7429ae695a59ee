using Antrea.Migration.CalicoApi.Policies;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random selectors over few keys and values, so that they meet.</summary>
internal static class SelectorGen
{
    private static readonly Gen<string> Key = Gen.OneOf("app", "role", "pcns.env", "projectcalico.org/namespace", "projectcalico.org/orchestrator");
    private static readonly Gen<string> Value = Gen.OneOf("web", "db", "prod", "dev", "shop", "k8s", "", "not a label value!");

    /// <summary>Any selector.</summary>
    public static readonly Gen<SelectorExpression> Expression = Tree(3, Key, textMatches: true);

    /// <summary>Selectors that can be converted wherever they stand.</summary>
    public static readonly Gen<SelectorExpression> OnPods = Tree(2, Gen.OneOf("app", "role"), textMatches: false);

    /// <summary>The same with labels that Pods have from their Namespace.</summary>
    public static readonly Gen<SelectorExpression> OnPodsAndNamespaces = Tree(2, Key, textMatches: false);

    /// <summary>Selectors on Namespaces.</summary>
    public static readonly Gen<SelectorExpression> OnNamespaces =
        Tree(2, Gen.OneOf("env", "team", "projectcalico.org/name", "kubernetes.io/metadata.name"), textMatches: false);

    private static Gen<SelectorExpression> Tree(int depth, Gen<string> key, bool textMatches)
    {
        var leaf = Gen.OneOf<SelectorExpression>(
            Gen.Select(key, Value, Gen.Bool).Select((k, v, n) => (SelectorExpression)new SelectorExpression.Comparison(k, v, n)),
            Gen.Select(key, Value.Array[0, 3], Gen.Bool).Select((k, v, n) => (SelectorExpression)new SelectorExpression.Membership(k, v, n)),
            key.Select(k => (SelectorExpression)new SelectorExpression.Has(k)),
            textMatches
                ? Gen.Select(key, Value, Gen.Enum<TextOperator>()).Select((k, v, o) => (SelectorExpression)new SelectorExpression.TextMatch(k, o, v))
                : Gen.Const((SelectorExpression)new SelectorExpression.All()));
        if (depth == 0)
        {
            return leaf;
        }

        var inner = Tree(depth - 1, key, textMatches);
        return Gen.OneOf(
            leaf,
            inner.Select(e => (SelectorExpression)new SelectorExpression.Not(e)),
            Gen.Select(Gen.Bool, inner.Array[2, 3]).Select((and, operands) => (SelectorExpression)new SelectorExpression.Chain(and, [.. operands])));
    }
}
