using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Applying and removing what a manifest holds.</summary>
internal static class Manifests
{
    public const string Definition = "CustomResourceDefinition";

    private static readonly string[] KindsFirst = ["Namespace", Definition, "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "Secret"];

    /// <summary>Applies Namespaces and definitions first; each object on its own, so that running it again is harmless.</summary>
    public static async Task ApplyAsync(
        MigrationContext context, IEnumerable<JsonObject> objects, CancellationToken cancellationToken)
    {
        var ordered = objects.OrderBy(Rank).ToList();
        for (var i = 0; i < ordered.Count; i++)
        {
            await context.Api.ApplyAsync(ordered[i], cancellationToken).ConfigureAwait(false);
            if (i % 10 == 9 || i == ordered.Count - 1)
            {
                context.Report($"{i + 1} of {ordered.Count} objects applied");
            }
        }
    }

    public static Task WaitForDaemonSetAsync(
        MigrationContext context, string @namespace, string name, string next, CancellationToken cancellationToken) =>
        context.WaitUntilAsync(token => PendingAsync(context, "daemonsets", @namespace, name, token), next, cancellationToken);

    public static async Task<string?> PendingAsync(
        MigrationContext context, string plural, string @namespace, string name, CancellationToken cancellationToken)
    {
        var workload = await context.Api.GetAsync($"apis/apps/v1/namespaces/{@namespace}/{plural}/{name}", cancellationToken).ConfigureAwait(false);
        return workload is null ? $"{plural} {@namespace}/{name} does not exist" : Rollout.Pending(workload);
    }

    /// <summary>Deletes the objects in their order; those of kinds that are not served any more are gone. Returns how many there were.
    /// The system's own Namespaces stay, whoever lists them.</summary>
    public static async Task<int> DeleteAsync(
        MigrationContext context, IEnumerable<ClusterObject> objects, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var obj in objects.Where(o => o is not { Kind: "Namespace", Name: "kube-system" or "default" }))
        {
            if (await context.Api.FindPathAsync(obj.Json, cancellationToken).ConfigureAwait(false) is { } path)
            {
                removed += await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false) ? 1 : 0;
            }
        }

        return removed;
    }

    /// <summary>Which Pods of the manifest's workloads are still there; null when none is.</summary>
    public static async Task<string?> RemainingPodsAsync(
        MigrationContext context, IEnumerable<ClusterObject> objects, CancellationToken cancellationToken)
    {
        foreach (var workload in objects.Where(o => o.Kind is "DaemonSet" or "Deployment"))
        {
            var labels = workload.Json["spec"]?["selector"]?["matchLabels"] as JsonObject ?? [];
            var selector = Uri.EscapeDataString(string.Join(',', labels.Select(l => $"{l.Key}={l.Value}")));
            var pods = await context.Api.ListAsync(
                $"api/v1/namespaces/{workload.Namespace}/pods?labelSelector={selector}", cancellationToken).ConfigureAwait(false) ?? [];
            if (pods.Count > 0)
            {
                return $"{pods.Count} Pods of {workload.Kind} {workload.Namespace}/{workload.Name}";
            }
        }

        return null;
    }

    private static int Rank(JsonObject obj)
    {
        var rank = Array.IndexOf(KindsFirst, obj["kind"]!.GetValue<string>());
        return rank < 0 ? KindsFirst.Length : rank;
    }
}
