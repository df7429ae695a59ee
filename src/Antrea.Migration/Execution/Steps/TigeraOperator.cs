using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Calico as the Tigera operator runs it: what it is told by, and how both are taken away.</summary>
/// <remarks>
/// The operator brings back what is changed or deleted under it, so it is told by its own objects; and only it clears their finalizers, so it goes
/// after them. Source: Calico v3.26 <c>manifests/tigera-operator.yaml</c>, and the chart's
/// <c>charts/tigera-operator/templates/tigera-operator/00-uninstall.yaml</c>.
/// </remarks>
internal static class TigeraOperator
{
    public const string Group = "operator.tigera.io";

    /// <summary>Where it puts calico-node, Typha and the controllers.</summary>
    public const string CalicoNamespace = "calico-system";

    private const string Namespace = "tigera-operator";
    private const string Deployment = $"apis/apps/v1/namespaces/{Namespace}/deployments/tigera-operator";
    private const string Installations = $"apis/{Group}/v1/installations";

    /// <summary>Where it puts what it runs, and where it runs itself; the manifests' API server is in one of them.</summary>
    public static readonly string[] Namespaces = [CalicoNamespace, "calico-apiserver", Namespace];

    private static readonly string[] Roles =
    [
        "apis/rbac.authorization.k8s.io/v1/clusterrolebindings/tigera-operator",
        "apis/rbac.authorization.k8s.io/v1/clusterroles/tigera-operator",
        "apis/rbac.authorization.k8s.io/v1/clusterroles/tigera-operator-secrets",
    ];

    /// <summary>What Calico is told by; null where no operator runs it.</summary>
    public static async Task<JsonObject?> FindInstallationAsync(MigrationContext context, CancellationToken cancellationToken) =>
        (await context.Api.ListAsync(Installations, cancellationToken).ConfigureAwait(false))?.OrderBy(i => i.TextAt("metadata", "name") == OperatorRules.OverlayName).FirstOrDefault();

    /// <summary>Where calico-node runs.</summary>
    public static async Task<string> NamespaceOfCalicoAsync(MigrationContext context, CancellationToken cancellationToken) =>
        await FindInstallationAsync(context, cancellationToken).ConfigureAwait(false) is null ? "kube-system" : CalicoNamespace;

    /// <summary>Every object that it is told by, of whatever kind: all of them go with it.</summary>
    public static async Task<List<JsonObject>> ListObjectsAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        List<JsonObject> objects = [];
        foreach (var definition in await Definitions.ListAsync(context, IsDefinition, cancellationToken).ConfigureAwait(false))
        {
            objects.AddRange(await Definitions.ListObjectsAsync(context, definition, cancellationToken).ConfigureAwait(false));
        }

        return objects;
    }

    public static string PathOf(JsonObject installation) => $"{Installations}/{installation["metadata"]!["name"]}";

    public static bool IsDefinition(JsonObject definition) => definition["spec"]?["group"]?.ToString() == Group;

    /// <summary>Deletes what the operator is told by, waits until it has taken Calico away, and removes the operator. Does nothing where there is none.</summary>
    /// <returns>How many objects were removed.</returns>
    public static async Task<int> RemoveAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var definitions = await Definitions.ListAsync(context, IsDefinition, cancellationToken).ConfigureAwait(false);
        if (definitions.Count == 0)
        {
            return 0;
        }

        // What stands on Calico first: its API server, the flow views.
        var removed = 0;
        foreach (var isInstallation in new[] { false, true })
        {
            var kinds = definitions.Select(d => (Version: Definitions.VersionOf(d), Plural: d["spec"]!["names"]!["plural"]!.ToString()))
                .Where(k => k.Plural is not ("tigerastatuses" or "imagesets") && k.Plural == "installations" == isInstallation)
                .OrderBy(k => k.Plural, StringComparer.Ordinal).ToList();
            removed += await RemoveObjectsAsync(context, kinds, cancellationToken).ConfigureAwait(false);
        }

        await context.WaitUntilAsync(
            token => PodsLeftAsync(context, token),
            $"See what keeps them with 'kubectl -n {CalicoNamespace} get pods'; the operator must run until they are gone. Then run the command again.",
            cancellationToken).ConfigureAwait(false);
        removed += await context.Api.DeleteAsync(Deployment, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        await context.WaitUntilAsync(
            async token => await context.Api.ListAsync($"api/v1/namespaces/{Namespace}/pods", token).ConfigureAwait(false) is { Count: > 0 } ? "the operator's Pod is still ending" : null,
            $"See what keeps it with 'kubectl -n {Namespace} get pods', then run the command again.",
            cancellationToken).ConfigureAwait(false);
        foreach (var path in Roles)
        {
            removed += await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        return removed;
    }

    /// <summary>Removes the Namespaces that it made or lived in, where there are any; the APIService must be gone, or they never end.</summary>
    public static async Task<int> RemoveNamespacesAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var name in Namespaces)
        {
            // Only what the operator has locked stays behind in a Namespace, and the operator is gone.
            foreach (var account in await context.Api.ListAsync($"api/v1/namespaces/{name}/serviceaccounts", cancellationToken).ConfigureAwait(false) ?? [])
            {
                if (account["metadata"]!["finalizers"] is JsonArray { Count: > 0 })
                {
                    await context.Api.MergePatchAsync(
                        $"api/v1/namespaces/{name}/serviceaccounts/{account["metadata"]!["name"]}",
                        new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } },
                        cancellationToken).ConfigureAwait(false);
                }
            }

            removed += await context.Api.DeleteAsync($"api/v1/namespaces/{name}", cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        await context.WaitUntilAsync(
            async token =>
            {
                foreach (var name in Namespaces)
                {
                    if (await context.Api.GetAsync($"api/v1/namespaces/{name}", token).ConfigureAwait(false) is not null)
                    {
                        return $"Namespace {name} is still being deleted";
                    }
                }

                return null;
            },
            "See what keeps it with 'kubectl get namespace NAME -o yaml', then run the command again.",
            cancellationToken).ConfigureAwait(false);
        return removed;
    }

    private static async Task<int> RemoveObjectsAsync(
        MigrationContext context, List<(string Version, string Plural)> kinds, CancellationToken cancellationToken)
    {
        var paths = await PathsAsync(context, kinds, cancellationToken).ConfigureAwait(false);
        if (paths.Count > 0)
        {
            await RequireOperatorAsync(context, cancellationToken).ConfigureAwait(false);
        }

        foreach (var path in paths)
        {
            await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false);
        }

        await context.WaitUntilAsync(
            async token => await PathsAsync(context, kinds, token).ConfigureAwait(false) is { Count: > 0 } left
                ? $"the operator has not finished with {string.Join(", ", left.Select(p => string.Join('/', p.Split('/')[3..])))}"
                : null,
            $"See the operator's log with 'kubectl -n {Namespace} logs deployment/tigera-operator', then run the command again.",
            cancellationToken).ConfigureAwait(false);
        return paths.Count;
    }

    private static async Task<List<string>> PathsAsync(
        MigrationContext context, List<(string Version, string Plural)> kinds, CancellationToken cancellationToken)
    {
        List<string> paths = [];
        foreach (var (version, plural) in kinds)
        {
            foreach (var obj in await context.Api.ListAsync($"apis/{Group}/{version}/{plural}", cancellationToken).ConfigureAwait(false) ?? [])
            {
                var ns = obj["metadata"]!["namespace"] is { } space ? $"namespaces/{space}/" : "";
                paths.Add($"apis/{Group}/{version}/{ns}{plural}/{obj["metadata"]!["name"]}");
            }
        }

        return paths;
    }

    private static async Task RequireOperatorAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var deployment = await context.Api.GetAsync(Deployment, cancellationToken).ConfigureAwait(false);
        if (deployment.NumberAt("status", "availableReplicas") is not > 0)
        {
            throw new StepFailedException(
                $"The Tigera operator does not run ({Namespace}/tigera-operator {(deployment is null ? "does not exist" : "has no available Pod")}), and nobody else clears the finalizers of what it is told by.",
                $"Let it run ('kubectl -n {Namespace} scale deployment tigera-operator --replicas 1', or install it again), then run the command again; it goes on at this step.");
        }
    }

    private static async Task<string?> PodsLeftAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var pods = await context.Api.ListAsync($"api/v1/namespaces/{CalicoNamespace}/pods", cancellationToken).ConfigureAwait(false) ?? [];
        return pods.Count == 0 ? null : $"{pods.Count} Pods of Calico's are still there: {string.Join(", ", pods.Take(3).Select(p => p["metadata"]!["name"]))}";
    }
}
