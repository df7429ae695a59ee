using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>Looks into JSON whose shape is not to be trusted: what is missing or of another type is null, never an exception.</summary>
internal static class JsonFields
{
    /// <summary>The value behind a path of fields, or null.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var field in path)
        {
            if (node is not JsonObject obj || !obj.TryGetPropertyValue(field, out node))
            {
                return null;
            }
        }

        return node;
    }

    /// <summary>The text behind a path, or null when there is none or it is empty.</summary>
    public static string? TextAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;

    /// <summary>The truth value behind a path, written as true or as "true"; null when there is neither.</summary>
    public static bool? FlagAt(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonValue value)
        {
            return null;
        }

        if (value.TryGetValue<bool>(out var flag))
        {
            return flag;
        }

        return value.TryGetValue<string>(out var text) && bool.TryParse(text, out flag) ? flag : null;
    }

    /// <summary>The whole number behind a path, or null.</summary>
    public static long? NumberAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    /// <summary>The elements of the list behind a path; nothing when there is no list.</summary>
    public static IEnumerable<JsonNode?> ItemsAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) as JsonArray ?? [];

    /// <summary>The texts of the list behind a path; other elements are left out.</summary>
    public static IEnumerable<string> TextsAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.ItemsAt(path).Select(i => i.TextAt()).OfType<string>();

    /// <summary>The text fields of the mapping behind a path; nothing when there is no mapping.</summary>
    public static IEnumerable<KeyValuePair<string, string>> MapAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonObject map ? Texts(map) : [];

    private static IEnumerable<KeyValuePair<string, string>> Texts(JsonObject map)
    {
        foreach (var (key, value) in map)
        {
            if (value is JsonValue scalar && scalar.TryGetValue<string>(out var text))
            {
                yield return new KeyValuePair<string, string>(key, text);
            }
        }
    }
}
