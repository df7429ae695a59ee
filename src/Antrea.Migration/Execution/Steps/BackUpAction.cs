using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Saves what a rollback needs: Calico's objects and workloads, each Node's CNI configurations and routes. No Secret, no token.</summary>
internal sealed class BackUpAction : StepAction
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var snapshot = await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false);
        var objects = snapshot.Objects.Where(IsCalico).ToList();
        foreach (var obj in objects)
        {
            var name = string.Join('_', new[] { obj.Group, obj.Kind, obj.Namespace, obj.Name }.Where(p => p.Length > 0));
            await SaveAsync(context, Path.Combine("objects", name + ".json"), obj.Json.ToJsonString(Indented), cancellationToken).ConfigureAwait(false);
        }

        var removed = new List<JsonObject>(await Definitions.ListAsync(context, RemoveCalicoAction.IsCalicos, cancellationToken).ConfigureAwait(false));
        removed.AddRange(await TigeraOperator.ListObjectsAsync(context, cancellationToken).ConfigureAwait(false));
        foreach (var path in CalicoObjects.Workloads.Concat(CalicoObjects.Settings))
        {
            if (await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false) is { } obj)
            {
                removed.Add(obj);
            }
        }

        foreach (var obj in removed)
        {
            await SaveAsync(
                context, Path.Combine("objects", $"{obj["kind"]}_{obj["metadata"]!["name"]}.json"), obj.ToJsonString(Indented), cancellationToken)
                .ConfigureAwait(false);
        }

        await MigrationContext.LookOnNodesAsync(
            context.Plan.Nodes,
            async (node, token) =>
            {
                foreach (var (file, text) in (await context.ReadCniConfigsAsync(node, token).ConfigureAwait(false)).Texts)
                {
                    await SaveAsync(context, Path.Combine("nodes", node, file), text, token).ConfigureAwait(false);
                }

                var routes = await context.RunAsync(node, NodeCommands.ReadRoutes(), token).ConfigureAwait(false);
                await SaveAsync(context, Path.Combine("nodes", node, "routes.json"), routes, token).ConfigureAwait(false);
                return node;
            },
            cancellationToken).ConfigureAwait(false);
        return $"{objects.Count + removed.Count} objects and the files and routes of {context.Plan.Nodes.Length} Nodes in {context.BackupDirectory}";
    }

    private static bool IsCalico(ClusterObject obj) =>
        obj.Group.EndsWith("projectcalico.org", StringComparison.Ordinal)
        || (obj.Kind is "DaemonSet" or "Deployment" or "ConfigMap" or "PodDisruptionBudget"
            && obj.Name.StartsWith("calico-", StringComparison.Ordinal))
        || (obj.Kind == "NetworkPolicy" && obj.Group == "networking.k8s.io");

    private static async Task SaveAsync(
        MigrationContext context, string relativePath, string text, CancellationToken cancellationToken)
    {
        var path = Path.Combine(context.BackupDirectory, relativePath);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (File.Exists(path))
            {
                return; // An earlier run saved it, before anything was changed; that one is the backup.
            }

            var temporary = path + ".part";
            await File.WriteAllTextAsync(temporary, text, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StepFailedException(
                $"The backup file {path} cannot be written: {e.Message}",
                "Free some space or name another --backup folder, then run the command again; nothing was changed in the cluster.");
        }
    }
}
