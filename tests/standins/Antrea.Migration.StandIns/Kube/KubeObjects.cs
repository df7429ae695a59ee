using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.StandIns.Kube;

/// <summary>A real API server's objects, for the lab's code.</summary>
internal sealed class KubeObjects : IObjectStore, IDisposable
{
    private const string MergePatch = "application/merge-patch+json";
    private const int MostAttempts = 20;

    private readonly HttpClient _client;

    public KubeObjects(KubeCredentials credentials)
    {
        var authorities = credentials.Authorities;
        _client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                    !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && IsTrusted(certificate, authorities),
            },
        })
        {
            BaseAddress = credentials.Server,
            Timeout = TimeSpan.FromSeconds(20),
        };
        _client.DefaultRequestHeaders.Authorization = new("Bearer", credentials.Token.Trim());
        _client.DefaultRequestHeaders.Accept.Add(new("application/json"));
    }

    public string Now => DateTimeOffset.UtcNow.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public JsonObject? Peek(ResourceType type, string @namespace, string name) => Send(HttpMethod.Get, PathOf(type, @namespace, name));

    public List<JsonObject> PeekAll(ResourceType type, string? @namespace = null) =>
        [.. Send(HttpMethod.Get, PathOf(type, @namespace, null)).Items("items")];

    /// <summary>The objects that a selector of fields picks.</summary>
    public List<JsonObject> PeekWhere(ResourceType type, string fieldSelector) =>
        [.. Send(HttpMethod.Get, $"{PathOf(type, null, null)}?fieldSelector={Uri.EscapeDataString(fieldSelector)}").Items("items")];

    /// <summary>Calls back for whatever is there and whenever it changes, until the server ends it.</summary>
    public void Watch(ResourceType type, Action changed)
    {
        var path = PathOf(type, null, null) + "?watch=true";
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            using var response = _client.Send(request, HttpCompletionOption.ResponseHeadersRead);
            if (!response.IsSuccessStatusCode)
            {
                throw new StandInException($"GET {path}: {(int)response.StatusCode}");
            }

            using var events = response.Content.ReadAsStream();
            Span<byte> buffer = stackalloc byte[4096];
            while (events.Read(buffer) > 0)
            {
                changed();
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            throw new StandInException($"GET {path}: {e.Message}", e);
        }
    }

    public JsonObject Create(ResourceType type, JsonObject obj, bool dryRun = false)
    {
        var copy = obj.Copy();
        copy["apiVersion"] = type.ApiVersion;
        copy["kind"] = type.Kind;
        return Send(HttpMethod.Post, PathOf(type, obj.NamespaceOf(), null), copy)
            ?? throw new StandInException($"the cluster does not serve {type.QualifiedPlural}");
    }

    public JsonObject Update(ResourceType type, JsonObject obj, bool dryRun = false)
    {
        var copy = obj.Copy();
        copy["apiVersion"] = type.ApiVersion;
        copy["kind"] = type.Kind;
        copy["metadata"]!["resourceVersion"] ??= Peek(type, obj.NamespaceOf(), obj.NameOf()).Text("metadata", "resourceVersion");
        return Send(HttpMethod.Put, PathOf(type, obj.NamespaceOf(), obj.NameOf()), copy)
            ?? throw StoreConflictException.NotFound(type, obj.NameOf());
    }

    public JsonObject? Mutate(ResourceType type, string @namespace, string name, Func<JsonObject, bool> change)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (Peek(type, @namespace, name) is not { } obj || !change(obj))
            {
                return null;
            }

            try
            {
                return Update(type, obj);
            }
            catch (StoreConflictException e) when (e.Reason == "Conflict" && attempt < MostAttempts)
            {
                // The store's callers are synchronous; the random wait keeps writers that collided from colliding again.
                Thread.Sleep(Random.Shared.Next(10, 50) * attempt);
            }
        }
    }

    public bool Delete(ResourceType type, string @namespace, string name) =>
        Send(HttpMethod.Delete, PathOf(type, @namespace, name)) is not null;

    /// <summary>Changes an object through its status, which is all that an agent's account may do to Nodes and Pods.</summary>
    public void PatchStatus(ResourceType type, string @namespace, string name, JsonObject patch, bool strategic = false) =>
        Send(
            HttpMethod.Patch,
            PathOf(type, @namespace, name) + "/status",
            patch,
            strategic ? "application/strategic-merge-patch+json" : MergePatch);

    /// <summary>A token for another service account.</summary>
    public string CreateToken(string @namespace, string account)
    {
        var request = new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["kind"] = "TokenRequest",
            ["spec"] = new JsonObject { ["expirationSeconds"] = 24 * 3600 },
        };
        return Send(HttpMethod.Post, $"api/v1/namespaces/{@namespace}/serviceaccounts/{account}/token", request).Text("status", "token")
            ?? throw new StandInException($"no token for service account {@namespace}/{account}");
    }

    public void Dispose() => _client.Dispose();

    private static string PathOf(ResourceType type, string? @namespace, string? name)
    {
        var root = type.Group.Length == 0 ? $"api/{type.Version}" : $"apis/{type.ApiVersion}";
        var scope = type.Namespaced && @namespace is { Length: > 0 } ? $"/namespaces/{@namespace}" : "";
        return $"{root}{scope}/{type.Plural}" + (name is null ? "" : $"/{name}");
    }

    private static bool IsTrusted(X509Certificate? certificate, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return certificate is X509Certificate2 found && chain.Build(found);
    }

    /// <summary>The answer; null for 404.</summary>
    private JsonObject? Send(HttpMethod method, string path, JsonObject? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, contentType);
        }

        try
        {
            using var response = _client.Send(request);
            using var reader = new StreamReader(response.Content.ReadAsStream());
            var answer = JsonNode.Parse(reader.ReadToEnd()) as JsonObject ?? [];
            return response.IsSuccessStatusCode ? answer : response.StatusCode switch
            {
                HttpStatusCode.NotFound => null,
                HttpStatusCode.Conflict => throw new StoreConflictException(answer.Text("reason") ?? "Conflict", answer.Text("message") ?? ""),
                _ => throw new StandInException($"{method} {path}: {(int)response.StatusCode} {answer.Text("message")}"),
            };
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException or System.Text.Json.JsonException)
        {
            throw new StandInException($"{method} {path}: {e.Message}", e);
        }
    }
}
