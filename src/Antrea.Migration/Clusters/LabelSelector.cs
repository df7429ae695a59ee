using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>The operators of a Kubernetes label selector.</summary>
internal enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// <summary>One requirement on one label. NotIn and DoesNotExist hold for a missing label.</summary>
/// <param name="Key">The label's key.</param>
/// <param name="Operator">The comparison.</param>
/// <param name="Values">Sorted, each once; empty for Exists and DoesNotExist, and only for those.</param>
internal sealed record LabelRequirement(string Key, LabelOperator Operator, ImmutableArray<string> Values)
{
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelOperator.In => present && Values.Contains(value!),
            LabelOperator.NotIn => !present || !Values.Contains(value!),
            LabelOperator.Exists => present,
            _ => !present,
        };
    }
}

/// <summary>A Kubernetes label selector: all requirements must hold; without any it selects everything.</summary>
/// <remarks>Kubernetes v1 <c>LabelSelector</c>; <c>matchLabels</c> is read as In with one value and written back as such.</remarks>
internal sealed record LabelSelector(ImmutableArray<LabelRequirement> Requirements)
{
    /// <summary>The selector that selects everything.</summary>
    public static readonly LabelSelector Everything = new([]);

    /// <summary>The selector of an object that the API server has accepted; null, which selects nothing, where there is none.</summary>
    /// <remarks>
    /// A requirement whose operator is none of the four is left out: the API server knows no other, and whoever reads
    /// leniently would rather select too much. Policies are read strictly, by <c>LabelSelectorReader</c>.
    /// </remarks>
    public static LabelSelector? FromAccepted(JsonNode? selector) => selector is not JsonObject
        ? null
        : new LabelSelector(
        [
            .. selector.MapAt("matchLabels").Select(l => new LabelRequirement(l.Key, LabelOperator.In, [l.Value])),
            .. selector.ItemsAt("matchExpressions").Select(Requirement).OfType<LabelRequirement>(),
        ]);

    /// <summary>A Service's selector, a map of labels; null, which selects nothing, where it is missing or empty.</summary>
    public static LabelSelector? FromService(JsonNode? map)
    {
        ImmutableArray<LabelRequirement> requirements =
            [.. map.MapAt().Select(l => new LabelRequirement(l.Key, LabelOperator.In, [l.Value]))];
        return requirements.IsEmpty ? null : new LabelSelector(requirements);
    }

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>As the API server takes it in a request's <c>labelSelector</c>.</summary>
    public string ToQuery() => string.Join(',', Requirements.Select(r => r.Operator switch
    {
        LabelOperator.In => $"{r.Key} in ({string.Join(',', r.Values)})",
        LabelOperator.NotIn => $"{r.Key} notin ({string.Join(',', r.Values)})",
        LabelOperator.Exists => r.Key,
        _ => $"!{r.Key}",
    }));

    /// <summary>The operator of a requirement as the API writes it; null for any other text.</summary>
    public static LabelOperator? ParseOperator(string? text) => text switch
    {
        "In" => LabelOperator.In,
        "NotIn" => LabelOperator.NotIn,
        "Exists" => LabelOperator.Exists,
        "DoesNotExist" => LabelOperator.DoesNotExist,
        _ => null,
    };

    private static LabelRequirement? Requirement(JsonNode? expression) => ParseOperator(expression.TextAt("operator")) is { } op
        ? new LabelRequirement(
            expression.TextAt("key") ?? "",
            op,
            [.. expression.TextsAt("values").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)])
        : null;
}
