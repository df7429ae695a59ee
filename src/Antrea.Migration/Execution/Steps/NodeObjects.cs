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

    /// <summary>Takes back what calico-node says of its Node when it stops: nothing of Antrea's ever does, and the Node would stay tainted.</summary>
    /// <param name="context">The migration.</param>
    /// <param name="node">The Node.</param>
    /// <param name="json">Its object; null when there is none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task EndCalicosOutageAsync(MigrationContext context, string node, JsonObject? json, CancellationToken cancellationToken)
    {
        var condition = (json?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => c?["type"]?.ToString() == "NetworkUnavailable");
        if (condition?["status"]?.ToString() != "True" || condition["reason"]?.ToString().StartsWith("Calico", StringComparison.Ordinal) != true)
        {
            return;
        }

        await context.Api.StrategicMergePatchAsync(
            $"api/v1/nodes/{node}/status",
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "NetworkUnavailable",
                        ["status"] = "False",
                        ["reason"] = "CalicoRemoved",
                        ["message"] = "Calico was removed by antrea-migrator",
                    }),
                },
            },
            cancellationToken).ConfigureAwait(false);
    }
}
