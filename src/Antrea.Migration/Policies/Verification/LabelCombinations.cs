using System.Globalization;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Verification;

/// <summary>A label that was decided, after others.</summary>
/// <param name="Before">Those others, the last one first.</param>
/// <param name="Key">The label.</param>
/// <param name="Value">Its value; null is missing.</param>
internal sealed record DecidedLabel(DecidedLabel? Before, string Key, string? Value);

/// <summary>Labels, one set for each way in which some selectors can hold or not.</summary>
/// <param name="Last">What was decided last, and before.</param>
/// <param name="Terms">What is left of the selectors; all true or false at the end.</param>
internal sealed record LabelCombination(DecidedLabel? Last, int[] Terms)
{
    /// <summary>What was decided about each label; null is missing.</summary>
    public IEnumerable<(string Key, string? Value)> Labels
    {
        get
        {
            for (var label = Last; label is not null; label = label.Before)
            {
                yield return (label.Key, label.Value);
            }
        }
    }
}

/// <summary>Finds the combinations of labels that some selectors tell apart, by refining one label at a time.</summary>
/// <remarks>After each label, combinations that leave the same of every selector are one. So the count follows what the selectors can
/// tell apart, not the product of all values.</remarks>
internal sealed class LabelCombinations(SelectorTerms terms, int limit)
{
    /// <summary>Whether something was left out: too many combinations, or texts within values that were not tried in every way.</summary>
    public bool IsIncomplete { get; private set; }

    /// <summary>The combinations, from some that are known in part.</summary>
    /// <param name="start">What is known.</param>
    /// <param name="keys">The labels to decide about.</param>
    public List<LabelCombination> Refine(IEnumerable<LabelCombination> start, Func<string, bool> keys)
    {
        var states = Distinct(start);
        var tests = states.SelectMany(s => s.Terms).Distinct().SelectMany(terms.Leaves)
            .Distinct(ReferenceEqualityComparer.Instance).Cast<SelectorExpression>()
            .ToLookup(l => SelectorTerms.KeyOf(l)!, StringComparer.Ordinal);
        foreach (var key in tests.Select(t => t.Key).Where(keys).Order(StringComparer.Ordinal))
        {
            var values = Values(key, [.. tests[key]]);
            states = Distinct(states.SelectMany(s => Array.TrueForAll(s.Terms, t => t <= SelectorTerms.True)
                ? [s]
                : values.Select(v => new LabelCombination(
                    new DecidedLabel(s.Last, key, v),
                    Array.ConvertAll(s.Terms, t => terms.Assign(t, key, v))))));
        }

        return states;
    }

    private List<LabelCombination> Distinct(IEnumerable<LabelCombination> states)
    {
        var kept = states.DistinctBy(s => s.Terms, IntSequence.Comparer).Take(limit + 1).ToList();
        if (kept.Count > limit)
        {
            IsIncomplete = true;
            kept.RemoveAt(limit);
        }

        return kept;
    }

    /// <summary>Values of a label, missing first, that the tests on it tell apart; such as Kubernetes accepts.</summary>
    private List<string?> Values(string key, List<SelectorExpression> leaves)
    {
        if (!LabelSyntax.IsKey(BareKey(key)))
        {
            return [null];
        }

        var mentioned = leaves.SelectMany(l => l switch
        {
            SelectorExpression.Comparison comparison => [comparison.Value],
            SelectorExpression.Membership membership => membership.Values,
            SelectorExpression.TextMatch match => [match.Text],
            _ => Enumerable.Empty<string>(),
        });
        var texts = leaves.OfType<SelectorExpression.TextMatch>().Where(m => m.Text.Length > 0).ToList();
        IsIncomplete |= texts.Count > 1;
        var fresh = Enumerable.Range(0, int.MaxValue)
            .Select(i => i == 0 ? "future" : string.Create(CultureInfo.InvariantCulture, $"f{i}"))
            .First(v => leaves.TrueForAll(l => !ValuesOf(l).Contains(v)) && !texts.Exists(t => SelectorTerms.Test(t, v) == SelectorTerms.True));
        return
        [
            .. mentioned.Distinct(StringComparer.Ordinal)
                .Where(LabelSyntax.IsValue)
                .Order(StringComparer.Ordinal)
                .Append(fresh)
                .Prepend(null)
                .DistinctBy(v => leaves.ConvertAll(l => SelectorTerms.Test(l, v)).ToArray(), IntSequence.Comparer),
        ];
    }

    /// <summary>The values that a test compares a label with.</summary>
    public static IEnumerable<string> ValuesOf(SelectorExpression leaf) => leaf switch
    {
        SelectorExpression.Comparison comparison => [comparison.Value],
        SelectorExpression.Membership membership => membership.Values,
        _ => [],
    };

    /// <summary>The key as objects have it.</summary>
    private static string BareKey(string key)
    {
        foreach (var prefix in (string[])[CalicoLabels.NamespacePrefix, CalicoLabels.ServiceAccountPrefix, SelectorSpace.PodPrefix])
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
            {
                return key[prefix.Length..];
            }
        }

        return key;
    }
}
