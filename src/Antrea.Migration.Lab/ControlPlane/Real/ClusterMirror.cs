using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>A store that holds what an API server has, of the kinds Nodes look at, and writes to it: what client-go calls informers.</summary>
/// <remarks>Each kind is listed once and watched from there on; a watch that ends goes on, one that is too old starts with a new
/// list. Custom kinds come and go with their definitions. What else the server has (Secrets, Events, Leases) is not copied.</remarks>
internal sealed class ClusterMirror : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly ResourceType[] Kinds =
    [
        ResourceType.CustomResourceDefinition, ResourceType.Namespace, ResourceType.Node, ResourceType.Pod, ResourceType.Service,
        ResourceType.Endpoints, ResourceType.ConfigMap, ResourceType.ServiceAccount, ResourceType.DaemonSet, ResourceType.Deployment,
        ResourceType.ReplicaSet, ResourceType.StatefulSet, ResourceType.PodDisruptionBudget,
    ];

    private readonly ConcurrentDictionary<ResourceType, (CancellationTokenSource End, Task Run)> _custom = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Kubernetes _client;
    private readonly ApiPaths _paths;
    private readonly TimeProvider _time;
    private readonly IDisposable _definitions;
    private Task _builtIn = Task.CompletedTask;

    private ClusterMirror(Kubernetes client, ApiPaths paths, TimeProvider time)
    {
        _client = client;
        _paths = paths;
        _time = time;
        Store = new ObjectStore(time);
        Store.WriteTo(new ApiUpstream(client, paths, new ResourceCatalog(Store)));
        _definitions = Store.Subscribe(OnDefinition, Store.Version);
    }

    /// <summary>The copies.</summary>
    public ObjectStore Store { get; }

    /// <summary>What ended a copy of a kind; empty unless the lab has a bug or the server is gone.</summary>
    public ConcurrentQueue<Exception> Failures { get; } = [];

    /// <summary>Copies what there is and follows from there.</summary>
    /// <param name="client">The client; stays the caller's to dispose, after the mirror.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<ClusterMirror> StartAsync(Kubernetes client, TimeProvider time, CancellationToken cancellationToken)
    {
        var mirror = new ClusterMirror(client, await ApiPaths.ReadAsync(client, cancellationToken).ConfigureAwait(false), time);
        try
        {
            var listed = new List<Task>();
            var runs = new List<Task>();
            foreach (var kind in Kinds)
            {
                var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                listed.Add(first.Task);
                runs.Add(mirror.FollowAsync(kind, first, mirror._end.Token));
            }

            mirror._builtIn = Task.WhenAll(runs);
            await Task.WhenAll(listed).WaitAsync(cancellationToken).ConfigureAwait(false);
            return mirror;
        }
        catch
        {
            await mirror.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _definitions.Dispose();
        await _end.CancelAsync().ConfigureAwait(false);
        await _builtIn.ConfigureAwait(false);
        foreach (var (end, run) in _custom.Values)
        {
            await run.ConfigureAwait(false);
            end.Dispose();
        }
    }

    private static bool IsEstablished(JsonObject definition) => definition.ConditionIsTrue("Established");

    private void OnDefinition(StoreEvent change)
    {
        if (change.Resource != ResourceType.CustomResourceDefinition)
        {
            return;
        }

        var spec = change.Object.Object("spec");
        var storage = spec.Items("versions").First(v => v.Flag("storage")).Text("name")!;
        var type = new ResourceType(
            spec.Text("group")!, storage, spec.Text("names", "kind")!, spec.Text("names", "plural")!, spec.Text("scope") == "Namespaced");
        if (change.Type == StoreEventType.Deleted)
        {
            if (_custom.TryRemove(type, out var ended))
            {
                ended.End.Cancel();
            }
        }
        else if (IsEstablished(change.Object) && !_end.IsCancellationRequested && !_custom.ContainsKey(type))
        {
            var end = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
            _custom[type] = (end, Task.Run(() => FollowAsync(type, new TaskCompletionSource(), end.Token)));
        }
    }

    private async Task FollowAsync(ResourceType type, TaskCompletionSource listed, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                // A kind that is not served has no objects; it may be served a moment later, or not at all any more.
                if (await ListAsync(type, cancellationToken).ConfigureAwait(false) is { } version)
                {
                    listed.TrySetResult();
                    while (version is not null)
                    {
                        version = await WatchAsync(type, version, cancellationToken).ConfigureAwait(false);
                    }
                }

                listed.TrySetResult();
                await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The mirror ends, with what it has.
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The definition is gone, and every object with it.
            DropAll(type, long.MaxValue, []);
        }
        catch (Exception e)
        {
            Failures.Enqueue(e);
            listed.TrySetException(e);
        }
    }

    private async Task<string?> ListAsync(ResourceType type, CancellationToken cancellationToken)
    {
        using var response = await GetAsync(_paths.Of(type), HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            DropAll(type, long.MaxValue, []);
            return null;
        }

        response.EnsureSuccessStatusCode();
        var list = (JsonObject)JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false))!;
        var version = list.Text("metadata", "resourceVersion")!;
        HashSet<string> present = [];
        foreach (var item in list.Items("items"))
        {
            present.Add(item.UidOf());
            Accept(type, item);
        }

        DropAll(type, long.Parse(version, System.Globalization.CultureInfo.InvariantCulture), present);
        return version;
    }

    /// <summary>Follows a watch to its end; returns the version to go on from, or null to list again.</summary>
    private async Task<string?> WatchAsync(ResourceType type, string version, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await GetAsync(
                $"{_paths.Of(type)}?watch=1&allowWatchBookmarks=true&resourceVersion={version}",
                HttpCompletionOption.ResponseHeadersRead,
                cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                return null;
            }

            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
            while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                var change = (JsonObject)JsonNode.Parse(line)!;
                var obj = change.Object("object")!;
                switch (change.Text("type"))
                {
                    case "ERROR":
                        return null;
                    case "DELETED":
                        Store.Drop(type, obj.NamespaceOf(), obj.NameOf(), obj.UidOf(), isAnnounced: false);
                        break;
                    case "ADDED" or "MODIFIED":
                        Accept(type, obj);
                        break;
                }

                version = obj.Text("metadata", "resourceVersion") ?? version;
            }

            return version;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            // The connection broke, perhaps in the middle of a line; the server remembers where we were.
            await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
            return version;
        }
    }

    private void Accept(ResourceType type, JsonObject obj)
    {
        obj["apiVersion"] = type.ApiVersion;
        obj["kind"] = type.Kind;
        Store.Accept(type, obj);
    }

    private void DropAll(ResourceType type, long upTo, HashSet<string> except)
    {
        foreach (var obj in Store.PeekAll(type))
        {
            if (!except.Contains(obj.UidOf())
                && long.Parse(obj.Text("metadata", "resourceVersion")!, System.Globalization.CultureInfo.InvariantCulture) <= upTo)
            {
                Store.Drop(type, obj.NamespaceOf(), obj.NameOf(), obj.UidOf(), isAnnounced: false);
            }
        }
    }

    private async Task<HttpResponseMessage> GetAsync(string path, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_client.BaseUri, path));
        request.Headers.Accept.ParseAdd("application/json");
        return await _client.HttpClient.SendAsync(request, completion, cancellationToken).ConfigureAwait(false);
    }
}
