using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using k8s;
using Polly;

namespace Antrea.Migration.Clusters;

/// <summary>The API server answered with an error that is not the network's fault.</summary>
internal sealed class KubernetesApiException(HttpStatusCode code, string reason, string message, TimeSpan? retryAfter)
    : Exception(message)
{
    public HttpStatusCode Code { get; } = code;

    public string Reason { get; } = reason;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether it refuses an eviction because more than one disruption budget matches the Pod: however often it is asked.</summary>
    /// <remarks>Source: Kubernetes <c>pkg/registry/core/pod/storage/eviction.go</c>, the same text from 1.20 on.</remarks>
    public bool IsTwoBudgets => Code == HttpStatusCode.InternalServerError && Message.Contains("more than one PodDisruptionBudget", StringComparison.Ordinal);
}

/// <summary>Every kind of object by one path: JSON in, JSON out, with retries at the edge.</summary>
/// <remarks>KubernetesClient's typed calls do not cover custom kinds and drop fields their models do not know; its HttpClient
/// and credentials serve every kind. Every request is tried again as <see cref="ApiRetry"/> says; what a repeat may meet of its
/// own first attempt is said at each method.</remarks>
internal sealed class KubernetesApi
{
    public const string FieldManager = "antrea-migrator";
    private const int PageSize = 500;
    private const string Merge = "application/merge-patch+json";
    private const string StrategicMerge = "application/strategic-merge-patch+json";
    private const string Apply = "application/apply-patch+yaml";

    private readonly Kubernetes _client;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _reads;
    private readonly ResiliencePipeline _unversionedWrites;
    private readonly ResiliencePipeline _evictions;
    private readonly ConcurrentDictionary<string, Task<IReadOnlyList<JsonObject>>> _discovered = [];

    public KubernetesApi(Kubernetes client, TimeProvider time)
    {
        _client = client;
        _time = time;
        _reads = ApiRetry.ForReads(time);
        _unversionedWrites = ApiRetry.ForUnversionedWrites(time);
        _evictions = ApiRetry.ForEvictions(time);
    }

    public Kubernetes Client => _client;

    /// <summary>Whether and how an outage is waited out; null for not at all.</summary>
    public OutagePatience? Patience { get; set; }

    /// <summary>Whether a failure is the API server's absence rather than its answer.</summary>
    public static bool IsAway(MigrationException e) => e.InnerException is ApiAwayException;

    /// <summary>Waits until the API server answers again, as long as <see cref="Patience"/> lasts.</summary>
    /// <exception cref="MigrationException">It does not.</exception>
    public Task WaitOutAsync(CancellationToken cancellationToken) => GetAsync("version", cancellationToken);

    /// <summary>As <see cref="GetAsync"/>, asked once.</summary>
    public async Task<JsonObject?> GetOnceAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await OnceAsync(HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.Code == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>As <see cref="ReplaceAsync"/>, asked once.</summary>
    public Task<JsonObject> ReplaceOnceAsync(string path, JsonObject body, CancellationToken cancellationToken) =>
        OnceAsync(HttpMethod.Put, path, body, cancellationToken);

    private async Task<JsonObject> OnceAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(method, path, body, body is null ? null : "application/json", cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Unreachable(e);
        }
    }

    /// <summary>The object at <paramref name="path"/>, or null when there is none.</summary>
    public async Task<JsonObject?> GetAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await RepeatableAsync(HttpMethod.Get, path, null, null, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.Code == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>All items of a list, page by page; null when the kind is not served. A list that expires between two pages begins again.</summary>
    public async Task<List<JsonObject>?> ListAsync(string path, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ListPagesAsync(path, cancellationToken).ConfigureAwait(false);
            }
            catch (KubernetesApiException e) when (e.Code == HttpStatusCode.NotFound)
            {
                return null;
            }
            catch (KubernetesApiException e) when (e.Code == HttpStatusCode.Gone && attempt < 5)
            {
            }
        }
    }

    /// <summary>Creates an object of a fixed name.</summary>
    /// <exception cref="KubernetesApiException">409: there is one already. It may be this call's own, if its first answer was lost: look.</exception>
    public Task<JsonObject> CreateAsync(string path, JsonObject body, CancellationToken cancellationToken) =>
        RepeatableAsync(HttpMethod.Post, path, body, "application/json", cancellationToken);

    /// <summary>Writes a version over the one that <paramref name="body"/> names.</summary>
    /// <exception cref="KubernetesApiException">409: it is not the newest. That may be this call's own doing, if its first answer was lost: look.</exception>
    public Task<JsonObject> ReplaceAsync(string path, JsonObject body, CancellationToken cancellationToken) =>
        RepeatableAsync(HttpMethod.Put, path, body, "application/json", cancellationToken);

    public Task<JsonObject> MergePatchAsync(string path, JsonObject patch, CancellationToken cancellationToken) =>
        RepeatableAsync(HttpMethod.Patch, path, patch, Merge, cancellationToken);

    public Task<JsonObject> StrategicMergePatchAsync(string path, JsonObject patch, CancellationToken cancellationToken) =>
        RepeatableAsync(HttpMethod.Patch, path, patch, StrategicMerge, cancellationToken);

    /// <summary>Server-side apply, taking over fields of other managers; unknown fields are refused where the server can.</summary>
    public async Task<JsonObject> ApplyAsync(JsonObject body, CancellationToken cancellationToken)
    {
        return await ApplyAsync(await PathOfAsync(body, cancellationToken).ConfigureAwait(false), body, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="ApplyAsync(JsonObject, CancellationToken)"/>
    public Task<JsonObject> ApplyAsync(string path, JsonObject body, CancellationToken cancellationToken) =>
        ApplyAsync(path, body, dryRun: false, cancellationToken);

    /// <inheritdoc cref="ApplyAsync(JsonObject, CancellationToken)"/>
    /// <param name="path">The object's path.</param>
    /// <param name="body">The object.</param>
    /// <param name="dryRun">Whether the server is to say what it would store, admission included, and to store nothing.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<JsonObject> ApplyAsync(string path, JsonObject body, bool dryRun, CancellationToken cancellationToken)
    {
        var query = $"{path}?fieldManager={FieldManager}&force=true&fieldValidation=Strict{(dryRun ? "&dryRun=All" : "")}";
        return await RepeatableAsync(HttpMethod.Patch, query, body, Apply, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes in the background. False when it was not there.</summary>
    public async Task<bool> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await RepeatableAsync(HttpMethod.Delete, path + "?propagationPolicy=Background", null, null, cancellationToken)
                .ConfigureAwait(false);
            return true;
        }
        catch (KubernetesApiException e) when (e.Code == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Asks for a Pod's eviction: with <c>policy/v1</c>, or <c>policy/v1beta1</c> where the server knows only that.</summary>
    /// <remarks>The Pod is named by <paramref name="uid"/>, too: repeated, the request cannot meet a successor of the same name.</remarks>
    /// <exception cref="KubernetesApiException">429: a disruption budget does not allow it now. 500: more than one matches.</exception>
    public async Task EvictAsync(string @namespace, string pod, string uid, CancellationToken cancellationToken)
    {
        var path = $"api/v1/namespaces/{@namespace}/pods/{pod}";
        foreach (var version in (string[])["policy/v1", "policy/v1beta1"])
        {
            try
            {
                await RepeatableAsync(
                    _evictions,
                    HttpMethod.Post,
                    path + "/eviction",
                    new JsonObject
                    {
                        ["apiVersion"] = version,
                        ["kind"] = "Eviction",
                        ["metadata"] = new JsonObject { ["name"] = pod, ["namespace"] = @namespace },
                        ["deleteOptions"] = new JsonObject { ["preconditions"] = new JsonObject { ["uid"] = uid } },
                    },
                    "application/json",
                    cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (KubernetesApiException e) when (e.Code == HttpStatusCode.NotFound)
            {
                return; // Gone already.
            }
            catch (KubernetesApiException e) when (e.Code == HttpStatusCode.Conflict)
            {
                var now = await GetAsync(path, cancellationToken).ConfigureAwait(false);
                if (now?["metadata"]?["uid"]?.GetValue<string>() == uid)
                {
                    throw; // Somebody wrote it at the same moment.
                }

                return; // Gone already; another has its name.
            }
            catch (KubernetesApiException e) when (e.Code == HttpStatusCode.BadRequest && version == "policy/v1")
            {
                // A server before 1.22 does not know this version of the kind.
            }
        }
    }

    /// <summary>The path of an object of its own apiVersion and kind, looked up in the server's discovery.</summary>
    /// <exception cref="MigrationException">The server does not serve that kind.</exception>
    public Task<string> PathOfAsync(JsonObject obj, CancellationToken cancellationToken) =>
        PathOfAsync(
            obj["apiVersion"]!.GetValue<string>(),
            obj["kind"]!.GetValue<string>(),
            obj["metadata"]?["namespace"]?.GetValue<string>(),
            obj["metadata"]!["name"]!.GetValue<string>(),
            cancellationToken);

    /// <inheritdoc cref="PathOfAsync(JsonObject, CancellationToken)"/>
    public async Task<string> PathOfAsync(
        string apiVersion, string kind, string? @namespace, string name, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            if (await LookUpAsync(apiVersion, kind, @namespace, name, cancellationToken).ConfigureAwait(false) is { } path)
            {
                return path;
            }

            // A definition applied a moment ago is served a moment later.
            _discovered.TryRemove(RootOf(apiVersion), out _);
            if (attempt == 40)
            {
                throw new MigrationException(
                    $"The cluster does not serve {kind} in {apiVersion}, needed for {name}.",
                    "Check that the manifest's CustomResourceDefinitions are installed and established.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="PathOfAsync(JsonObject, CancellationToken)"/>; null at once when the server does not serve that kind.</summary>
    public Task<string?> FindPathAsync(JsonObject obj, CancellationToken cancellationToken) =>
        LookUpAsync(
            obj["apiVersion"]!.GetValue<string>(),
            obj["kind"]!.GetValue<string>(),
            obj["metadata"]?["namespace"]?.GetValue<string>(),
            obj["metadata"]!["name"]!.GetValue<string>(),
            cancellationToken);

    private static string RootOf(string apiVersion) => apiVersion.Contains('/', StringComparison.Ordinal) ? $"apis/{apiVersion}" : $"api/{apiVersion}";

    private async Task<string?> LookUpAsync(string apiVersion, string kind, string? @namespace, string name, CancellationToken cancellationToken)
    {
        var root = RootOf(apiVersion);
        var found = (await DiscoveredAsync(root, cancellationToken).ConfigureAwait(false)).FirstOrDefault(r =>
            r["kind"]?.GetValue<string>() == kind && !r["name"]!.GetValue<string>().Contains('/', StringComparison.Ordinal));
        var plural = found?["name"]!.GetValue<string>();
        return found is null ? null
            : found["namespaced"]?.GetValue<bool>() == true ? $"{root}/namespaces/{@namespace ?? "default"}/{plural}/{name}"
            : $"{root}/{plural}/{name}";
    }

    private async Task<IReadOnlyList<JsonObject>> DiscoveredAsync(string root, CancellationToken cancellationToken)
    {
        try
        {
            return await _discovered.GetOrAdd(root, r => DiscoverAsync(r, cancellationToken)).ConfigureAwait(false);
        }
        catch
        {
            // Asked again, it may answer.
            _discovered.TryRemove(root, out _);
            throw;
        }
    }

    private async Task<IReadOnlyList<JsonObject>> DiscoverAsync(string root, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(root, cancellationToken).ConfigureAwait(false);
        return answer?["resources"] is JsonArray resources ? [.. resources.OfType<JsonObject>()] : [];
    }

    private async Task<List<JsonObject>> ListPagesAsync(string path, CancellationToken cancellationToken)
    {
        List<JsonObject> items = [];
        var next = "";
        do
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var page = await RepeatableAsync(
                HttpMethod.Get,
                $"{path}{separator}limit={PageSize}" + (next.Length > 0 ? $"&continue={Uri.EscapeDataString(next)}" : ""),
                null,
                null,
                cancellationToken).ConfigureAwait(false);
            var listKind = page["kind"]?.GetValue<string>() ?? "";
            foreach (var item in page["items"] as JsonArray ?? [])
            {
                // Items of a typed list leave out what the list says once.
                var copy = (JsonObject)item!.DeepClone();
                copy["apiVersion"] ??= page["apiVersion"]?.DeepClone();
                copy["kind"] ??= listKind.EndsWith("List", StringComparison.Ordinal) ? listKind[..^4] : listKind;
                items.Add(copy);
            }

            next = page["metadata"]?["continue"]?.GetValue<string>() ?? "";
        }
        while (next.Length > 0);
        return items;
    }

    private Task<JsonObject> RepeatableAsync(
        HttpMethod method, string path, JsonObject? body, string? contentType, CancellationToken cancellationToken) =>
        RepeatableAsync(
            method == HttpMethod.Patch || method == HttpMethod.Delete ? _unversionedWrites : _reads,
            method, path, body, contentType, cancellationToken);

    private async Task<JsonObject> RepeatableAsync(
        ResiliencePipeline retry, HttpMethod method, string path, JsonObject? body, string? contentType, CancellationToken cancellationToken)
    {
        var since = _time.GetTimestamp();
        while (true)
        {
            try
            {
                return await retry.ExecuteAsync(
                    async token => await SendAsync(method, path, body, contentType, token).ConfigureAwait(false),
                    cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                var elapsed = _time.GetElapsedTime(since);
                if (e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } || Patience is not { } patience || elapsed >= patience.Limit)
                {
                    throw Unreachable(e);
                }

                patience.Say($"The API server {_client.BaseUri} does not answer since {elapsed.TotalSeconds:0} s ({e.Message}); waiting for it, {patience.Limit.TotalMinutes:0} min at most");
            }
        }
    }

    private async Task<JsonObject> SendAsync(
        HttpMethod method, string path, JsonObject? body, string? contentType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, contentType!);
        }

        await AuthenticateAsync(request, cancellationToken).ConfigureAwait(false);
        var (response, text) = await AnswerAsync(request, cancellationToken).ConfigureAwait(false);
        using var answer = response;
        if (!response.IsSuccessStatusCode)
        {
            throw Refused(method, path, response, text);
        }

        try
        {
            return text.Length == 0 ? [] : (JsonObject)JsonNode.Parse(text)!;
        }
        catch (Exception e) when (e is JsonException or InvalidCastException)
        {
            throw new MigrationException(
                $"{method} {path}: the answer of {_client.BaseUri} is not a Kubernetes object: {e.Message}",
                "Check that the kubeconfig's server is a Kubernetes API server.",
                e);
        }
    }

    /// <exception cref="MigrationException">The kubeconfig's credentials cannot be had: its exec plugin or its identity provider failed.</exception>
    private async Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            await (_client.Credentials?.ProcessHttpRequestAsync(request, cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        }
        catch (Exception e) when (e is k8s.Exceptions.KubeConfigException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw WithoutCredentials(_client.BaseUri, e);
        }
    }

    /// <summary>The kubeconfig's exec plugin or identity provider failed.</summary>
    public static MigrationException WithoutCredentials(Uri server, Exception e) =>
        new($"The credentials for {server} cannot be had: {e.Message}", "Log in again, or choose another --context; nothing is lost, run the command again.", e);

    /// <summary>The answer with its whole text. KubernetesClient's HttpClient waits for ever; its time for requests is kept to here.</summary>
    private async Task<(HttpResponseMessage Response, string Text)> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_client.HttpClientTimeout);
        HttpResponseMessage? response = null;
        try
        {
            response = await _client.HttpClient.SendAsync(request, limit.Token).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
            var answer = response;
            response = null;
            return (answer, text);
        }
        catch (OperationCanceledException e)
        {
            // What the caller has not asked for is the limit.
            throw cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(e.Message, e, cancellationToken)
                : new HttpRequestException("there was no answer in time", e);
        }
        finally
        {
            response?.Dispose();
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        return header?.Delta ?? (header?.Date - _time.GetUtcNow());
    }

    private Exception Refused(HttpMethod method, string path, HttpResponseMessage response, string text)
    {
        var (reason, message) = ("", text.Length > 300 ? text[..300] : text);
        try
        {
            var status = JsonNode.Parse(text);
            reason = status?["reason"]?.GetValue<string>() ?? "";
            message = status?["message"]?.GetValue<string>() ?? message;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not a Status object: a proxy's page, say. Its beginning is the message.
        }

        var answer = new KubernetesApiException(
            response.StatusCode,
            reason,
            $"{method} {path}: {(int)response.StatusCode} {(reason.Length > 0 ? reason : response.StatusCode)}: {message}",
            RetryAfter(response));
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new MigrationException(
                $"{_client.BaseUri} does not accept the kubeconfig's credentials ({method} {path}: {message}).",
                "Log in again, or choose another --context.",
                answer),
            HttpStatusCode.Forbidden => new MigrationException(
                $"{method} {path} is forbidden: {message}",
                "Use an account with the role that 'antrea-migrator requirements --role' prints, or with cluster-admin rights.",
                answer),
            _ => answer,
        };
    }

    private MigrationException Unreachable(Exception e) => new(
        $"The API server {_client.BaseUri} cannot be reached: {e.Message}",
        "Check the kubeconfig's server address and that the cluster is up; nothing is lost, run the command again.",
        new ApiAwayException(e));
}
