using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Applying and removing what a manifest holds.</summary>
internal static class Manifests
{
    private static readonly string[] KindsFirst = ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "Secret"];

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

    private static int Rank(JsonObject obj)
    {
        var rank = Array.IndexOf(KindsFirst, obj["kind"]!.GetValue<string>());
        return rank < 0 ? KindsFirst.Length : rank;
    }
}
