using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>Kubernetes' label selector (<c>metav1.LabelSelector</c>).</summary>
internal static class LabelSelector
{
    /// <summary>Whether the labels satisfy the selector; null selects nothing, an empty one everything.</summary>
    public static bool Matches(JsonNode? selector, IReadOnlyDictionary<string, string> labels) =>
        selector is JsonObject
        && selector.MapAt("matchLabels").All(l => labels.TryGetValue(l.Key, out var value) && value == l.Value)
        && selector.ItemsAt("matchExpressions").All(e => Satisfies(e, labels));

    /// <summary>Whether the labels have all of a Service's; a Service without a selector selects nothing.</summary>
    public static bool MatchesAll(JsonNode? map, IReadOnlyDictionary<string, string> labels)
    {
        var wanted = map.MapAt().ToList();
        return wanted.Count > 0 && wanted.All(l => labels.TryGetValue(l.Key, out var value) && value == l.Value);
    }

    private static bool Satisfies(JsonNode? expression, IReadOnlyDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(expression.TextAt("key") ?? "");
        return expression.TextAt("operator") switch
        {
            "In" => value is not null && expression.TextsAt("values").Contains(value),
            "NotIn" => value is null || !expression.TextsAt("values").Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,

            // Unknown to the API server too; saying too much is better than too little.
            _ => true,
        };
    }
}
