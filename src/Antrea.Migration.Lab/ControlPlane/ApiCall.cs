using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>One request to the resource API while it is being answered.</summary>
/// <param name="http">The connection.</param>
/// <param name="services">What handlers share.</param>
/// <param name="resource">The kind the path names.</param>
/// <param name="path">The path's parts.</param>
/// <param name="verb">As in <see cref="LabApiRequest.Verb"/>.</param>
internal sealed class ApiCall(HttpContext http, ApiServices services, ServedResource resource, ApiPath path, string verb)
{
    /// <summary>Kubernetes prints JSON without escaping what HTML would need escaped.</summary>
    public static readonly JsonWriterOptions JsonStyle = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public HttpContext Http { get; } = http;

    public ApiServices Services { get; } = services;

    public ObjectStore Store => Services.Store;

    public ServedResource Resource { get; } = resource;

    public ResourceType Type => Resource.Type;

    public string Verb { get; } = verb;

    public string Namespace { get; } = path.Namespace;

    public string Name { get; } = path.Name;

    public string Subresource { get; } = path.Subresource;

    /// <summary>Cancelled when the caller is gone or the server stops.</summary>
    public CancellationToken Aborted { get; } = Link(http, services.Stopping);

    /// <summary>Whether nothing is to be stored (<c>dryRun=All</c>).</summary>
    public bool DryRun => Query("dryRun") switch
    {
        null or "" => false,
        "All" => true,
        var other => throw ApiException.BadRequest($"dryRun: Unsupported value: \"{other}\": supported values: \"All\""),
    };

    /// <summary>A query parameter; null when absent.</summary>
    public string? Query(string name) => Http.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    /// <summary>Whether a query parameter is given and true.</summary>
    public bool QueryFlag(string name) => Query(name) is "true" or "1" or "True";

    /// <summary>A copy of the object the path names.</summary>
    /// <exception cref="ApiException">404.</exception>
    public JsonObject Current() =>
        Store.Get(Type, Namespace, Name) ?? throw ApiException.NotFound(Type.Plural, Name, Type.Group);

    /// <summary>The body's media type, without parameters.</summary>
    public string ContentType => (Http.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();

    /// <summary>The body as JSON of any kind; null when it is empty.</summary>
    /// <exception cref="ApiException">400 for what is not JSON.</exception>
    public async Task<JsonNode?> ReadJsonAsync()
    {
        using var body = new MemoryStream();
        await Http.Request.Body.CopyToAsync(body, Aborted).ConfigureAwait(false);
        if (body.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(body.GetBuffer().AsSpan(0, (int)body.Length), documentOptions: Strict);
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"the request body is not JSON, the only format this server reads: {e.Message}");
        }
    }

    /// <summary>The body as a JSON object of the plain JSON media type.</summary>
    /// <exception cref="ApiException">415 for another media type, 400 for what is not a JSON object.</exception>
    public async Task<JsonObject> ReadObjectAsync()
    {
        if (ContentType is not ("" or "application/json"))
        {
            throw ApiException.UnsupportedMediaType(
                $"the body of the request was in an unknown format - accepted media types include: application/json (got {ContentType})");
        }

        return await ReadJsonAsync().ConfigureAwait(false) as JsonObject
            ?? throw ApiException.BadRequest("the request body must be a JSON object");
    }

    /// <summary>An object as this request's version shows it.</summary>
    public JsonObject Present(JsonObject stored)
    {
        if (stored.Text("apiVersion") == Resource.ApiVersion)
        {
            return stored;
        }

        var copy = stored.Copy();
        copy["apiVersion"] = Resource.ApiVersion;
        return copy;
    }

    private static CancellationToken Link(HttpContext http, CancellationToken stopping)
    {
        var linked = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        http.Response.RegisterForDispose(linked);
        return linked.Token;
    }

    /// <summary>Answers with JSON.</summary>
    public Task AnswerAsync(JsonNode body, HttpStatusCode code = HttpStatusCode.OK) => AnswerAsync(Http, body, code, Aborted);

    /// <summary>Answers with JSON.</summary>
    public static Task AnswerAsync(HttpContext http, JsonNode body, HttpStatusCode code, CancellationToken cancellationToken) =>
        AnswerAsync(http, writer => body.WriteTo(writer), code, cancellationToken);

    /// <summary>Answers with JSON as a writer makes it.</summary>
    public static async Task AnswerAsync(
        HttpContext http, Action<Utf8JsonWriter> write, HttpStatusCode code, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, JsonStyle))
        {
            write(writer);
        }

        http.Response.StatusCode = (int)code;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = buffer.Length;
        await http.Response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), cancellationToken).ConfigureAwait(false);
    }
}
