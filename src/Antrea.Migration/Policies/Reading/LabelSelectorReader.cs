using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads Kubernetes label selectors, as strictly as the API server validates them.</summary>
internal static class LabelSelectorReader
{
    /// <summary>The selector in a field; null when absent.</summary>
    public static LabelSelector? Read(FieldReader owner, string field, ICollection<PolicyFinding> findings)
    {
        if (owner.Object(field) is not { } selector)
        {
            return null;
        }

        var requirements = ImmutableArray.CreateBuilder<LabelRequirement>();
        foreach (var (key, value) in ReadLabels(selector.Object("matchLabels")))
        {
            requirements.Add(new LabelRequirement(key, LabelOperator.In, [value]));
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            if (ReadExpression(expression) is { } requirement)
            {
                requirements.Add(requirement);
            }

            expression.Finish();
        }

        selector.Finish();
        return new LabelSelector(requirements.ToImmutable());
    }

    /// <summary>A map of texts, sorted by key; empty when absent.</summary>
    public static SortedDictionary<string, string> ReadLabels(FieldReader? labels)
    {
        var read = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in labels?.Names ?? [])
        {
            if (labels!.Text(key) is { } value)
            {
                read[key] = value;
            }
        }

        return read;
    }

    private static LabelRequirement? ReadExpression(FieldReader expression)
    {
        var key = expression.Text("key") ?? "";
        ImmutableArray<string> values =
            [.. expression.Texts("values").Select(v => v.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (key.Length == 0 || LabelSelector.ParseOperator(expression.Text("operator")) is not { } op)
        {
            expression.Malformed("operator", "In, NotIn, Exists or DoesNotExist, beside a key");
            return null;
        }

        if ((op is LabelOperator.In or LabelOperator.NotIn) != (values.Length > 0))
        {
            expression.Malformed("values", "a list of values for In and NotIn, and absent for Exists and DoesNotExist");
            return null;
        }

        return new LabelRequirement(key, op, values);
    }
}
