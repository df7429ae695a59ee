using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using k8s;

namespace Antrea.Migration.Clusters;

/// <summary>Reads a live cluster through its API server. Only lists; never a Secret, never a write.</summary>
/// <remarks>
/// <para><b>Shape.</b> Lists in pages, one kind after the other, so the kinds may be moments apart. Groups that are not
/// served (no Calico API server, no Antrea yet) become findings. Of ConfigMaps only those of kube-system that describe
/// the network are kept. The server is asked what it serves each time, as a migration changes that.</para>
/// <para><b>Failures.</b> 429, 5xx and lost connections are retried with rising waits; a list that expires (410) starts
/// again. Values that cannot be understood become findings, blockers where an address in use could be overlooked.</para>
/// </remarks>
public sealed class KubernetesClusterReader : IClusterReader
{
    private readonly KubernetesApi _api;

    /// <summary>Reads through <paramref name="client"/>.</summary>
    /// <param name="client">The client; stays the caller's to dispose.</param>
    /// <param name="timeProvider">The clock for waits between attempts; the system's when null.</param>
    public KubernetesClusterReader(Kubernetes client, TimeProvider? timeProvider = null)
        : this(new KubernetesApi(client ?? throw new ArgumentNullException(nameof(client)), timeProvider ?? TimeProvider.System))
    {
    }

    /// <summary>Reads through an API that others use too.</summary>
    internal KubernetesClusterReader(KubernetesApi api) => _api = api;

    /// <inheritdoc/>
    public async Task<ClusterSnapshot> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await ReadAllAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e)
        {
            throw new MigrationException(
                $"The API server {_api.Client.BaseUri} keeps answering with an error: {e.Message}",
                "Look into the API server's log, then try again; nothing was changed.",
                e);
        }
    }

    private static bool IsWanted(ClusterObject obj) =>
        obj is not { Group: "", Kind: "ConfigMap" } || WantedKind.IsWantedConfigMap(obj.Name);

    private static bool IsForbidden(MigrationException e) =>
        e.InnerException is KubernetesApiException { Code: HttpStatusCode.Forbidden };

    private static Finding NotServed(IEnumerable<string> what) => new(
        ReadFindingIds.ApiNotServed,
        Severity.Info,
        "API",
        $"The API server does not serve {string.Join(", ", what)}.",
        "Nothing to do if the cluster does not use them.");

    private static ClusterObject ToObject(JsonObject item)
    {
        // A copy made field by field: JSON that is read lazily must not be shared between threads.
        var copy = (JsonObject)Copy(item)!;
        (copy["metadata"] as JsonObject)?.Remove("managedFields");
        return new ClusterObject(copy, "cluster");
    }

    private static JsonNode? Copy(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject obj:
                var copy = new JsonObject();
                foreach (var (key, value) in obj)
                {
                    copy[key] = Copy(value);
                }

                return copy;
            case JsonArray array:
                return new JsonArray([.. array.Select(Copy)]);
            default:
                return node?.DeepClone();
        }
    }

    private async Task<ClusterSnapshot> ReadAllAsync(CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        var forbidden = new List<string>();
        var missing = new List<string>();
        var objects = new List<ClusterObject>();
        foreach (var (path, resource) in await DiscoverAsync(missing, findings, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                if (await _api.ListAsync(path, cancellationToken).ConfigureAwait(false) is { } items)
                {
                    objects.AddRange(items.Select(ToObject).Where(IsWanted));
                }
                else
                {
                    missing.Add(resource);
                }
            }
            catch (MigrationException e) when (IsForbidden(e))
            {
                forbidden.Add(resource);
            }
        }

        if (missing.Count > 0)
        {
            findings.Add(NotServed(missing));
        }

        return forbidden.Count == 0
            ? ClusterSnapshotBuilder.BuildLenient(objects, findings)
            : throw new MigrationException(
                $"The API server {_api.Client.BaseUri} forbids listing {string.Join(", ", forbidden)}.",
                "Use an account that may 'list' these resources in the whole cluster; nothing was changed.");
    }

    /// <summary>The path of every wanted kind that is served, and its name as kubectl and RBAC have it.</summary>
    private async Task<List<(string Path, string Resource)>> DiscoverAsync(
        List<string> missingGroups, List<Finding> findings, CancellationToken cancellationToken)
    {
        var groups = await GroupsAsync(cancellationToken).ConfigureAwait(false);
        var served = new List<(string, string)>();
        foreach (var group in WantedKind.All.GroupBy(k => k.Group))
        {
            if (!groups.TryGetValue(group.Key, out var versions))
            {
                missingGroups.Add(group.Key);
                continue;
            }

            if (group.Key == CalicoIpamReader.ApiGroup && groups.ContainsKey(CalicoIpamReader.RawGroup))
            {
                // The same objects once more, seen through Calico's API server.
                continue;
            }

            var missing = group.ToList();
            foreach (var version in versions)
            {
                var root = group.Key.Length == 0 ? $"api/{version}" : $"apis/{group.Key}/{version}";
                var plurals = await PluralsAsync(root, findings, cancellationToken).ConfigureAwait(false);
                foreach (var kind in missing.Where(k => plurals.ContainsKey(k.Kind)).ToList())
                {
                    var plural = plurals[kind.Kind];
                    var resource = group.Key.Length == 0 ? plural : $"{plural}.{group.Key}";
                    served.Add(kind.Namespace is { } ns
                        ? ($"{root}/namespaces/{ns}/{plural}", $"{resource} in {ns}")
                        : ($"{root}/{plural}", resource));
                    missing.Remove(kind);
                }
            }
        }

        return served;
    }

    /// <summary>The server's groups, each with its versions, the preferred one first.</summary>
    private async Task<Dictionary<string, List<string>>> GroupsAsync(CancellationToken cancellationToken)
    {
        var answer = await _api.GetAsync("apis", cancellationToken).ConfigureAwait(false)
            ?? throw new MigrationException(
                $"{_api.Client.BaseUri} has no list of API groups (apis): 404.",
                "Check that the kubeconfig's server is a Kubernetes API server.");
        var groups = new Dictionary<string, List<string>>(StringComparer.Ordinal) { [""] = ["v1"] };
        foreach (var group in answer.ItemsAt("groups"))
        {
            if (group.TextAt("name") is { } name)
            {
                var preferred = group.TextAt("preferredVersion", "version");
                groups[name] =
                [
                    .. group.ItemsAt("versions").Select(v => v.TextAt("version")).OfType<string>().OrderByDescending(v => v == preferred),
                ];
            }
        }

        return groups;
    }

    /// <summary>The plural of each kind that a group's version lets us list.</summary>
    private async Task<Dictionary<string, string>> PluralsAsync(string root, List<Finding> findings, CancellationToken cancellationToken)
    {
        var plurals = new Dictionary<string, string>(StringComparer.Ordinal);
        JsonObject? answer;
        try
        {
            answer = await _api.GetAsync(root, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when ((int)e.Code >= 500)
        {
            findings.Add(Unavailable(root, e));
            return plurals;
        }

        foreach (var resource in answer.ItemsAt("resources"))
        {
            // Subresources come as "pods/status", with the kind of their parent.
            if (resource.TextAt("name") is { } name
                && !name.Contains('/', StringComparison.Ordinal)
                && resource.TextAt("kind") is { } kind
                && resource.TextsAt("verbs").Contains("list"))
            {
                plurals.TryAdd(kind, name);
            }
        }

        return plurals;
    }

    private static Finding Unavailable(string root, KubernetesApiException e) => new(
        ReadFindingIds.ApiUnavailable,
        Severity.Blocker,
        $"API/{root[(root.IndexOf('/', StringComparison.Ordinal) + 1)..]}",
        string.Create(CultureInfo.InvariantCulture, $"The API server announces {root} but answers {(int)e.Code} for it."),
        "Repair or remove the APIService behind it (kubectl get apiservices): what it serves is missing here, and Namespaces cannot be deleted meanwhile.");
}
