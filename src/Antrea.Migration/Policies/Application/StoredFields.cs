using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Policies.Application;

/// <summary>Tells whether a server kept what it was given. What it adds of its own does not matter.</summary>
internal static class StoredFields
{
    /// <summary>The path of the first value that was given and is not stored so; null when all are.</summary>
    public static string? FirstLost(JsonNode? given, JsonNode? stored, string path) => (given, stored) switch
    {
        (JsonObject map, JsonObject kept) =>
            map.Select(f => FirstLost(f.Value, kept[f.Key], $"{path}.{f.Key}")).FirstOrDefault(lost => lost is not null),
        (JsonArray list, JsonArray kept) when list.Count == kept.Count =>
            list.Select((item, i) => FirstLost(item, kept[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))).FirstOrDefault(lost => lost is not null),
        _ => IsSame(given, stored) ? null : path,
    };

    /// <summary>Numbers are the same by value: a server writes 1.0 as 1.</summary>
    private static bool IsSame(JsonNode? given, JsonNode? stored) =>
        JsonNode.DeepEquals(given, stored)
        || (given?.GetValueKind() == JsonValueKind.Number && stored?.GetValueKind() == JsonValueKind.Number && NumberOf(given).Equals(NumberOf(stored)));

    private static double NumberOf(JsonNode number) => double.Parse(number.ToJsonString(), CultureInfo.InvariantCulture);
}
