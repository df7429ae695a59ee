using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>A Kubernetes API server as the place a store's writes go to.</summary>
/// <remarks>Requests block the caller, as the Nodes' programs are written in plain steps: sent and answered on the caller's
/// own thread, so that they wait for nobody else's. Thread-safe.</remarks>
/// <param name="client">The client.</param>
/// <param name="paths">Where the kinds are.</param>
/// <param name="catalog">Which kinds have a status of their own.</param>
internal sealed class ApiUpstream(Kubernetes client, ApiPaths paths, ResourceCatalog catalog) : IUpstream
{
    public JsonObject? Read(ResourceType type, string @namespace, string name)
    {
        try
        {
            return Send(type, HttpMethod.Get, paths.Of(type, @namespace, name), null);
        }
        catch (StoreConflictException e) when (e.Reason == "NotFound")
        {
            return null;
        }
    }

    public JsonObject Create(ResourceType type, JsonObject obj)
    {
        var made = Send(type, HttpMethod.Post, paths.Of(type, obj.NamespaceOf()), obj);
        while (HasStatus(type) && obj["status"] is { } status)
        {
            try
            {
                return WriteStatus(type, made, status);
            }
            catch (StoreConflictException e) when (e.Reason == "Conflict")
            {
                // A controller was there first, the one that gives out PodCIDRs for example.
                made = Read(type, made.NamespaceOf(), made.NameOf()) ?? throw StoreConflictException.NotFound(type, made.NameOf());
            }
        }

        return made;
    }

    public JsonObject Replace(ResourceType type, JsonObject obj, JsonObject old)
    {
        if (!HasStatus(type))
        {
            return Send(type, HttpMethod.Put, PathOf(type, obj), obj);
        }

        var now = SameButStatus(obj, old) ? old : Send(type, HttpMethod.Put, PathOf(type, obj), obj);
        return JsonNode.DeepEquals(obj["status"], old["status"]) ? now : WriteStatus(type, now, obj["status"]);
    }

    public bool Delete(ResourceType type, string @namespace, string name, string uid)
    {
        var options = new JsonObject
        {
            ["gracePeriodSeconds"] = 0,
            ["preconditions"] = new JsonObject { ["uid"] = uid },
        };
        try
        {
            Send(type, HttpMethod.Delete, paths.Of(type, @namespace, name), options);
            return true;
        }
        catch (StoreConflictException e) when (e.Reason is "NotFound" or "Conflict")
        {
            return false; // Gone already; another may have its name.
        }
    }

    private static bool SameButStatus(JsonObject obj, JsonObject old) =>
        obj.Select(f => f.Key).Union(old.Select(f => f.Key)).All(f => f == "status" || JsonNode.DeepEquals(obj[f], old[f]));

    private bool HasStatus(ResourceType type) => catalog.All.Any(r => r.Type == type && r.HasStatus);

    private bool IsCustom(ResourceType type) => catalog.All.Any(r => r.Type == type && r.IsCustom);

    /// <summary>A schema that lacks a field drops it without a word: what the lab writes in a product's name would not be what that product writes.</summary>
    private void Expect(ResourceType type, string path, JsonObject sent, JsonObject stored)
    {
        var statusOnly = path.EndsWith("/status", StringComparison.Ordinal);
        foreach (var (field, value) in sent.Where(f => f.Key is not ("metadata" or "apiVersion" or "kind") && (!HasStatus(type) || statusOnly == (f.Key == "status"))))
        {
            if (JsonObjects.FirstLost(value, stored[field], field) is { } lost)
            {
                throw new StoreConflictException("Pruned", $"{path}: {type.Kind} {sent.NameOf()} was stored without {lost}: {sent.ToJsonString()}");
            }
        }
    }

    private string PathOf(ResourceType type, JsonObject obj) => paths.Of(type, obj.NamespaceOf(), obj.NameOf());

    private JsonObject WriteStatus(ResourceType type, JsonObject now, JsonNode? status)
    {
        var copy = now.Copy();
        copy["status"] = status?.DeepClone();
        return Send(type, HttpMethod.Put, PathOf(type, now) + "/status", copy);
    }

    private JsonObject Send(ResourceType type, HttpMethod method, string path, JsonObject? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(client.BaseUri, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (body is not null)
        {
            if (method != HttpMethod.Delete)
            {
                body = body.Copy();
                body["apiVersion"] = paths.ApiVersionOf(type);
                body["kind"] = type.Kind;
            }

            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using var response = client.HttpClient.Send(request);
        using var stream = response.Content.ReadAsStream();
        var answer = JsonNode.Parse(stream) as JsonObject ?? [];
        if (!response.IsSuccessStatusCode)
        {
            throw new StoreConflictException(
                answer.Text("reason") ?? response.StatusCode.ToString(), $"{method} {path}: {answer.Text("message") ?? response.ReasonPhrase}");
        }

        if (body is not null && method != HttpMethod.Delete && IsCustom(type))
        {
            Expect(type, path, body, answer);
        }

        answer["apiVersion"] = type.ApiVersion;
        return answer;
    }
}
