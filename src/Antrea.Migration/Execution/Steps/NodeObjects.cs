using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution.Steps;

/// <summary>What a CNI writes on a Node's object.</summary>
internal static class NodeObjects
{
    /// <summary>Removes the annotations that begin with <paramref name="prefix"/>. Returns the object as it was read; null when there is none.</summary>
    public static async Task<JsonObject?> RemoveAnnotationsAsync(
        MigrationContext context, string node, string prefix, CancellationToken cancellationToken)
    {
        var path = $"api/v1/nodes/{node}";
        var obj = await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false);
        var annotations = new JsonObject();
        foreach (var (name, _) in obj?["metadata"]?["annotations"] as JsonObject ?? [])
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                annotations[name] = null;
            }
        }

        if (annotations.Count > 0)
        {
            await context.Api.MergePatchAsync(
                path, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }, cancellationToken).ConfigureAwait(false);
        }

        return obj;
    }
}
