using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>JSON Patch (RFC 6902): all six operations; a patch applies as a whole or not at all.</summary>
internal static class JsonPatch
{
    /// <summary>The patched copy of a document.</summary>
    /// <exception cref="ApiException">400 for what is no patch, 422 for an operation that cannot be done.</exception>
    public static JsonObject Apply(JsonObject document, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw ApiException.BadRequest("a JSON patch is a list of operations");
        }

        JsonNode? root = document.DeepClone();
        foreach (var operation in operations)
        {
            root = Apply(root, operation as JsonObject ?? throw ApiException.BadRequest("a JSON patch operation is an object"));
        }

        return root as JsonObject ?? throw Impossible("the result is not an object");
    }

    private static JsonNode? Apply(JsonNode? root, JsonObject operation)
    {
        var path = Pointer(operation, "path");
        switch (operation.Text("op"))
        {
            case "add":
                return Add(root, path, operation["value"]?.DeepClone());
            case "remove":
                return Remove(root, path, out _);
            case "replace":
                root = path.Length == 0 ? root : Remove(root, path, out _);
                return Add(root, path, operation["value"]?.DeepClone());
            case "move":
                root = Remove(root, Pointer(operation, "from"), out var moved);
                return Add(root, path, moved);
            case "copy":
                return Add(root, path, Find(root, Pointer(operation, "from"))?.DeepClone());
            case "test" when JsonNode.DeepEquals(Find(root, path), operation["value"]):
                return root;
            case "test":
                throw Impossible($"testing value {operation.Text("path")} failed");
            default:
                throw ApiException.BadRequest($"unknown JSON patch operation \"{operation.Text("op")}\"");
        }
    }

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
        {
            return value;
        }

        switch (Find(root, path[..^1]))
        {
            case JsonObject parent:
                parent[path[^1]] = value;
                break;
            case JsonArray list:
                list.Insert(path[^1] == "-" ? list.Count : Index(path[^1], list.Count), value);
                break;
            default:
                throw Missing(path[..^1]);
        }

        return root;
    }

    private static JsonNode? Remove(JsonNode? root, string[] path, out JsonNode? removed)
    {
        if (path.Length == 0)
        {
            throw Impossible("the whole document cannot be removed");
        }

        switch (Find(root, path[..^1]))
        {
            case JsonObject parent when parent.TryGetPropertyValue(path[^1], out removed):
                parent.Remove(path[^1]);
                return root;
            case JsonArray list:
                var index = Index(path[^1], list.Count - 1);
                removed = list[index];
                list.RemoveAt(index);
                return root;
            default:
                throw Missing(path);
        }
    }

    private static JsonNode? Find(JsonNode? root, string[] path)
    {
        foreach (var part in path)
        {
            root = root switch
            {
                JsonObject obj when obj.TryGetPropertyValue(part, out var value) => value,
                JsonArray list => list[Index(part, list.Count - 1)],
                _ => throw Missing(path),
            };
        }

        return root;
    }

    private static string[] Pointer(JsonObject operation, string field)
    {
        var text = operation.Text(field) ?? throw ApiException.BadRequest($"a JSON patch operation needs \"{field}\"");
        if (text.Length > 0 && text[0] != '/')
        {
            throw ApiException.BadRequest($"\"{text}\" is not a JSON pointer");
        }

        return [.. text.Split('/').Skip(1).Select(part =>
            part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static int Index(string part, int highest) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= highest
            ? index
            : throw Impossible($"\"{part}\" is not an index from 0 to {highest}");

    private static ApiException Missing(string[] path) => Impossible($"nothing is at /{string.Join('/', path)}");

    private static ApiException Impossible(string message) =>
        new(System.Net.HttpStatusCode.UnprocessableEntity, "Invalid", "the server rejected our request due to an error in our request: " + message);
}
