using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads Kubernetes label selectors, as strictly as the API server validates those of its own kinds.</summary>
/// <remarks>Antrea's schemas take more, and its controller reads a selector that is not valid as no selector at all: the policy is
/// widened to every Pod of the scope. Source: Antrea v1.14 to v2.7, <c>pkg/controller/types/group.go</c>.</remarks>
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
        if (selector.Object("matchLabels") is { } labels)
        {
            foreach (var (key, value) in ReadLabels(labels))
            {
                CheckKey(labels.At(key), key, findings);
                CheckValue(labels.At(key), value, findings);
                requirements.Add(new LabelRequirement(key, LabelOperator.In, [value]));
            }
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            if (ReadExpression(expression, findings) is { } requirement)
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

    private static LabelRequirement? ReadExpression(FieldReader expression, ICollection<PolicyFinding> findings)
    {
        var given = expression.Texts("values").ToList();
        if (expression.Text("key") is not { Length: > 0 } key)
        {
            expression.Malformed("key", "a label's key");
            return null;
        }

        if (LabelSelector.ParseOperator(expression.Text("operator")) is not { } op)
        {
            expression.Malformed("operator", "In, NotIn, Exists or DoesNotExist");
            return null;
        }

        if ((op is LabelOperator.In or LabelOperator.NotIn) != (given.Count > 0))
        {
            expression.Malformed("values", "a list of values for In and NotIn, and absent for Exists and DoesNotExist");
            return null;
        }

        CheckKey(expression.At("key"), key, findings);
        foreach (var (value, path) in given)
        {
            CheckValue(path, value, findings);
        }

        return new LabelRequirement(
            key, op, [.. given.Select(v => v.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    private static void CheckKey(string path, string key, ICollection<PolicyFinding> findings)
    {
        if (!LabelSyntax.IsKey(key))
        {
            findings.Add(PolicyCode.MalformedField.At(path, $"'{Shown(key)}' cannot be a label's key"));
        }
    }

    private static void CheckValue(string path, string value, ICollection<PolicyFinding> findings)
    {
        if (!LabelSyntax.IsValue(value))
        {
            findings.Add(PolicyCode.MalformedField.At(path, $"'{Shown(value)}' cannot be a label's value"));
        }
    }

    private static string Shown(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
