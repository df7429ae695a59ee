using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Saves what a rollback needs: Calico's objects and workloads, each Node's CNI configurations and routes. No Secret, no token.</summary>
internal sealed class BackUpAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var snapshot = await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false);
        var folder = new BackupFolder(context.BackupDirectory);
        var objects = snapshot.Objects.Where(IsCalico).ToList();
        foreach (var obj in objects)
        {
            await folder.SaveAtStartAsync(BackupFolder.NameOf(obj.Json), obj.Json, cancellationToken).ConfigureAwait(false);
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
            await folder.SaveAtStartAsync($"{obj["kind"]}_{obj["metadata"]!["name"]}", obj, cancellationToken).ConfigureAwait(false);
        }

        await MigrationContext.LookOnNodesAsync(
            context.Plan.Nodes,
            async (node, token) =>
            {
                foreach (var (file, text) in (await context.ReadCniConfigsAsync(node, token).ConfigureAwait(false)).Texts)
                {
                    await folder.SaveAsync(Path.Combine("nodes", node, file), text, token).ConfigureAwait(false);
                }

                var routes = await context.RunAsync(node, NodeCommands.ReadRoutes(), token).ConfigureAwait(false);
                await folder.SaveAsync(Path.Combine("nodes", node, "routes.json"), routes, token).ConfigureAwait(false);
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
}
