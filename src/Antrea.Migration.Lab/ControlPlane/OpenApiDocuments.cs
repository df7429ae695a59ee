using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The OpenAPI documents: which kinds there are and that writes understand <c>fieldValidation</c>, but no fields.</summary>
/// <remarks>
/// That is what kubectl's <c>apply</c> needs. From 1.27 on it looks in v3 whether PATCH of a kind takes
/// <c>fieldValidation</c>, and then leaves validation to the server. Older ones ask for v2 as protobuf; a kind without a
/// definition there is not validated, and its patches are made by kubectl's built-in types, so the protobuf document
/// has no definitions at all.
/// </remarks>
internal sealed class OpenApiDocuments(ResourceCatalog catalog, string version)
{
    private const string ProtobufV2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    private const string Title = "Antrea.Migration lab";

    /// <summary>Answers <c>/openapi/v2</c>, <c>/openapi/v3</c> and <c>/openapi/v3/apis/GROUP/VERSION</c>.</summary>
    /// <exception cref="ApiException">404, or 406 for a format that is not served.</exception>
    public async Task AnswerAsync(HttpContext http, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries)[1..];
        var accept = http.Request.Headers.Accept.ToString();
        if (parts is ["v2"] && accept.Contains(ProtobufV2, StringComparison.Ordinal))
        {
            http.Response.ContentType = ProtobufV2.Replace('@', '.'); // Go cannot parse a media type with '@'
            await http.Response.Body.WriteAsync(EmptyProtobuf(), http.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (accept.Length > 0 && !accept.Contains("json", StringComparison.Ordinal) && !accept.Contains("*/*", StringComparison.Ordinal))
        {
            throw new ApiException(HttpStatusCode.NotAcceptable, "NotAcceptable", "only application/json is served");
        }

        var document = parts switch
        {
            ["v2"] => V2(),
            ["v3"] => Index(),
            ["v3", "api", "v1"] => V3("", "v1"),
            ["v3", "apis", var group, var groupVersion] => V3(group, groupVersion),
            _ => throw ApiException.PathNotFound(),
        };
        await ApiCall.AnswerAsync(http, document, HttpStatusCode.OK, http.RequestAborted).ConfigureAwait(false);
    }

    private static JsonObject Kind(ServedResource resource) =>
        new() { ["group"] = resource.Type.Group, ["version"] = resource.Version, ["kind"] = resource.Type.Kind };

    private static JsonObject Schema(ServedResource resource) => new()
    {
        ["type"] = "object",
        ["x-kubernetes-group-version-kind"] = new JsonArray(Kind(resource)),
        ["x-kubernetes-preserve-unknown-fields"] = true,
    };

    private static string SchemaName(ServedResource resource) =>
        $"{(resource.Type.Group.Length == 0 ? "core" : resource.Type.Group)}.{resource.Version}.{resource.Type.Kind}";

    private static string Root(ServedResource resource) => resource.Type.Group.Length == 0 ? "api/v1" : "apis/" + resource.ApiVersion;

    /// <summary>A v2 document in gnostic's protobuf form: <c>swagger</c> is field 1, <c>info</c> field 2 with <c>title</c> 1
    /// and <c>version</c> 2.</summary>
    private byte[] EmptyProtobuf()
    {
        byte[] info = [.. Field(1, Encoding.UTF8.GetBytes(Title)), .. Field(2, Encoding.UTF8.GetBytes(version))];
        return [.. Field(1, "2.0"u8.ToArray()), .. Field(2, info)];

        static byte[] Field(int number, byte[] value) => [(byte)((number << 3) | 2), (byte)value.Length, .. value];
    }

    private JsonObject Info() => new() { ["title"] = Title, ["version"] = version };

    private JsonObject V2() => new()
    {
        ["swagger"] = "2.0",
        ["info"] = Info(),
        ["paths"] = new JsonObject(),
        ["definitions"] = new JsonObject(catalog.All.Select(r => KeyValuePair.Create(SchemaName(r), (JsonNode?)Schema(r)))),
    };

    private JsonObject Index() => new()
    {
        ["paths"] = new JsonObject(catalog.All.Select(Root).Distinct().Select(root => KeyValuePair.Create(
            root, (JsonNode?)new JsonObject { ["serverRelativeURL"] = "/openapi/v3/" + root }))),
    };

    private JsonObject V3(string group, string groupVersion)
    {
        var served = catalog.All.Where(r => r.Type.Group == group && r.Version == groupVersion).ToList();
        if (served.Count == 0)
        {
            throw ApiException.PathNotFound();
        }

        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = Info(),
            ["paths"] = new JsonObject(served.Select(r => KeyValuePair.Create(
                $"/{Root(r)}/{(r.Type.Namespaced ? "namespaces/{namespace}/" : "")}{r.Type.Plural}/{{name}}", (JsonNode?)Patch(r)))),
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject(served.Select(r => KeyValuePair.Create(SchemaName(r), (JsonNode?)Schema(r)))),
            },
        };
    }

    private static JsonObject Patch(ServedResource resource) => new()
    {
        ["patch"] = new JsonObject
        {
            ["operationId"] = "patch" + resource.Type.Kind,
            ["parameters"] = new JsonArray([.. ((string[])["dryRun", "fieldManager", "fieldValidation"]).Select(name => (JsonNode)new JsonObject
            {
                ["name"] = name,
                ["in"] = "query",
                ["schema"] = new JsonObject { ["type"] = "string" },
            })]),
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = "patch",
            ["x-kubernetes-group-version-kind"] = Kind(resource),
        },
    };
}
