using System.Collections.Immutable;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Sets of Pods, each as alternatives of <see cref="SelectorTerm"/>: what they share, what one leaves of another.</summary>
/// <remarks>Decided from the selectors, hence for Pods to come as well.</remarks>
internal sealed class PodSets(SelectorCompiler selectors)
{
    /// <summary>How many alternatives a result may have.</summary>
    public const int MaxTerms = 256;

    /// <summary>Whether a Pod can be in both.</summary>
    public static bool Meet(ImmutableArray<SelectorTerm> left, ImmutableArray<SelectorTerm> right) =>
        left.Any(l => right.Any(r => l.And(r) is not null));

    /// <summary>Whether every Pod of one is in the other for certain.</summary>
    public static bool Covers(IReadOnlyCollection<SelectorTerm> whole, ImmutableArray<SelectorTerm> part) =>
        part.All(p => whole.Any(w => Implies(p, w)));

    /// <summary>The Pods in both; null and the reason when Antrea cannot say them.</summary>
    public ImmutableArray<SelectorTerm>? Intersect(
        ImmutableArray<SelectorTerm> left, ImmutableArray<SelectorTerm> right, out string? problem)
    {
        problem = null;
        var both = ImmutableArray.CreateBuilder<SelectorTerm>();
        foreach (var term in left.SelectMany(_ => right, (l, r) => l.And(r)).OfType<SelectorTerm>())
        {
            if (term.IsExpressible)
            {
                both.Add(term);
            }
            else if (selectors.Resolve(term, out problem) is { } terms)
            {
                both.AddRange(terms);
            }
            else
            {
                return null;
            }
        }

        return Simplify(both, out problem);
    }

    /// <summary>The Pods of one that are not in the other; null and the reason when Antrea cannot say them.</summary>
    public static ImmutableArray<SelectorTerm>? Subtract(
        ImmutableArray<SelectorTerm> from, IEnumerable<SelectorTerm> what, out string? problem)
    {
        problem = null;
        ImmutableArray<SelectorTerm>? rest = from;
        foreach (var term in what)
        {
            if (!rest.Value.Any(t => t.And(term) is not null))
            {
                continue;
            }

            if (term.Accounts is not null)
            {
                problem = "Antrea cannot say \"every Pod but those of a service account\"";
                return null;
            }

            var others = Complement(term).ToList();
            rest = Simplify(rest.Value.SelectMany(t => t.And(term) is null ? [t] : others.Select(t.And).OfType<SelectorTerm>()), out problem);
            if (rest is null)
            {
                return null;
            }
        }

        return rest;
    }

    /// <summary>The same set without alternatives that others hold; in the order given. Null and the reason when too many are left.</summary>
    public static ImmutableArray<SelectorTerm>? Simplify(IEnumerable<SelectorTerm> terms, out string? problem)
    {
        var kept = new List<SelectorTerm>();
        foreach (var term in terms)
        {
            if (kept.Exists(k => Implies(term, k)))
            {
                continue;
            }

            kept.RemoveAll(k => Implies(k, term));
            kept.Add(term);
            if (kept.Count > MaxTerms)
            {
                problem = $"the Pods it applies to have more than {MaxTerms} alternatives when written out";
                return null;
            }
        }

        problem = null;
        return [.. kept];
    }

    /// <summary>Whether every Pod that satisfies the first satisfies the second.</summary>
    public static bool Implies(SelectorTerm one, SelectorTerm other) => one.And(other) is { } both && both.Equals(one);

    /// <summary>The Pods that do not satisfy a term: one alternative for each demand that fails.</summary>
    private static IEnumerable<SelectorTerm> Complement(SelectorTerm term) =>
        term.Namespace.SelectMany(d => d.Value.Complement().Select(c => SelectorTerm.Of(d.Key, c, onNamespace: true)))
            .Concat(term.Pod.SelectMany(d => d.Value.Complement().Select(c => SelectorTerm.Of(d.Key, c, onNamespace: false))));
}
