using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>A wish for a Table instead of objects, as kubectl has it, and the making of one.</summary>
internal sealed class TableRequest
{
    private readonly TableColumn[] _columns;
    private readonly string _version;
    private readonly string _include;

    private TableRequest(TableColumn[] columns, string version, string include)
    {
        _columns = columns;
        _version = version;
        _include = include;
    }

    /// <summary>The Table the request's Accept header prefers; null when it prefers plain objects.</summary>
    /// <exception cref="ApiException">406: it accepts neither.</exception>
    public static TableRequest? Of(ApiCall call)
    {
        var accept = call.Http.Request.Headers.Accept.ToString();
        foreach (var choice in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = choice.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is not ("application/json" or "application/*" or "*/*"))
            {
                continue;
            }

            if (!parts.Any(p => p.StartsWith("as=", StringComparison.Ordinal)))
            {
                return null;
            }

            if (parts.Contains("as=Table") && parts.Contains("g=meta.k8s.io") && parts.Any(p => p is "v=v1" or "v=v1beta1"))
            {
                var columns = TableColumns.Of(call.Resource, call.Services.Time.GetUtcNow());
                return new TableRequest(columns, parts.Contains("v=v1") ? "v1" : "v1beta1", call.Query("includeObject") ?? "Metadata");
            }
        }

        return accept.Length == 0
            ? null
            : throw new ApiException(
                HttpStatusCode.NotAcceptable, "NotAcceptable", "only the following media types are accepted: application/json");
    }

    /// <summary>A Table of these objects.</summary>
    public JsonObject Render(IReadOnlyList<JsonObject> objects, string resourceVersion) =>
        Render(objects, new JsonObject { ["resourceVersion"] = resourceVersion });

    /// <summary>A Table of these objects.</summary>
    public JsonObject Render(IReadOnlyList<JsonObject> objects, JsonObject listMetadata) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = $"meta.k8s.io/{_version}",
        ["metadata"] = listMetadata,
        ["columnDefinitions"] = new JsonArray([.. _columns.Select(c => c.ToDefinition())]),
        ["rows"] = new JsonArray([.. objects.Select(Row)]),
    };

    private JsonObject Row(JsonObject obj)
    {
        var row = new JsonObject { ["cells"] = new JsonArray([.. _columns.Select(c => c.Cell(obj))]) };
        switch (_include)
        {
            case "Object":
                row["object"] = obj.Copy();
                break;
            case "Metadata":
                row["object"] = new JsonObject
                {
                    ["kind"] = "PartialObjectMetadata",
                    ["apiVersion"] = $"meta.k8s.io/{_version}",
                    ["metadata"] = obj["metadata"]?.DeepClone(),
                };
                break;
        }

        return row;
    }
}

/// <summary>One column of a Table.</summary>
/// <param name="Name">The heading; kubectl prints it in capitals.</param>
/// <param name="Type">The OpenAPI type of the cells: <c>string</c>, <c>integer</c>, <c>date</c>…</param>
/// <param name="Cell">The cell of an object.</param>
/// <param name="Priority">0 for always, 1 for <c>-o wide</c>.</param>
internal sealed record TableColumn(string Name, string Type, Func<JsonObject, JsonNode?> Cell, int Priority = 0)
{
    /// <summary>The column as <c>columnDefinitions</c> has it.</summary>
    public JsonNode ToDefinition() => new JsonObject
    {
        ["name"] = Name,
        ["type"] = Type,
        ["format"] = Name == "Name" ? "name" : "",
        ["description"] = "",
        ["priority"] = Priority,
    };
}
