using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>JSON Merge Patch (RFC 7396): objects are merged, null removes, everything else replaces.</summary>
internal static class MergePatch
{
    /// <summary>The patched copy of a document.</summary>
    /// <exception cref="ApiException">400: the patch is not an object.</exception>
    public static JsonObject Apply(JsonObject document, JsonNode? patch) =>
        patch is JsonObject changes
            ? (JsonObject)Merge(document, changes)!
            : throw ApiException.BadRequest("a merge patch is an object");

    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = (target as JsonObject).Copy() ?? [];
        foreach (var (field, value) in changes)
        {
            if (value is null)
            {
                result.Remove(field);
            }
            else
            {
                result[field] = Merge(result[field], value);
            }
        }

        return result;
    }
}
