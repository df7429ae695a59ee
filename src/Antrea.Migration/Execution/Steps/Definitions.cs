using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution.Steps;

/// <summary>CustomResourceDefinitions on their way out.</summary>
internal static class Definitions
{
    private const string Collection = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    public static async Task<List<JsonObject>> ListAsync(MigrationContext context, Predicate<JsonObject> which, CancellationToken cancellationToken) =>
        (await context.Api.ListAsync(Collection, cancellationToken).ConfigureAwait(false) ?? []).FindAll(which);

    /// <summary>Every object of a definition's kind, in whatever Namespace.</summary>
    /// <exception cref="StepFailedException">The API server does not serve it: its objects cannot be seen, and would go with it.</exception>
    public static async Task<List<JsonObject>> ListObjectsAsync(MigrationContext context, JsonObject definition, CancellationToken cancellationToken)
    {
        var path = $"apis/{definition["spec"]!["group"]}/{VersionOf(definition)}/{definition["spec"]!["names"]!["plural"]}";
        if (await context.Api.ListAsync(path, cancellationToken).ConfigureAwait(false) is { } objects)
        {
            return objects;
        }

        // One that was deleted by a run before may have ended just now.
        return await context.Api.GetAsync($"{Collection}/{definition["metadata"]!["name"]}", cancellationToken).ConfigureAwait(false) is null
            ? []
            : throw new StepFailedException($"{path} is not served, though it is defined.", "See the CustomResourceDefinition's conditions, then run the command again.");
    }

    /// <summary>The version that objects are kept in: not every kind has a v1.</summary>
    public static string VersionOf(JsonObject definition)
    {
        var versions = definition["spec"]!["versions"]!.AsArray();
        return (versions.FirstOrDefault(v => v!["storage"]?.GetValue<bool>() == true && v["served"]?.GetValue<bool>() == true)
            ?? versions.FirstOrDefault(v => v!["served"]?.GetValue<bool>() == true)
            ?? throw new StepFailedException(
                $"CustomResourceDefinition {definition["metadata"]!["name"]} serves no version: its objects cannot be seen, and would go with it.",
                "Let it serve the version that its objects are kept in, or delete it by hand, then run the command again."))["name"]!.ToString();
    }

    /// <summary>Deletes them with all their objects, whose finalizers are released: the controllers that would are gone. Returns how many there were.</summary>
    public static async Task<int> DeleteAsync(
        MigrationContext context, string whose, Predicate<JsonObject> which, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var definition in await ListAsync(context, which, cancellationToken).ConfigureAwait(false))
        {
            await ReleaseFinalizersAsync(context, definition, cancellationToken).ConfigureAwait(false);
            removed += await context.Api.DeleteAsync($"{Collection}/{definition["metadata"]!["name"]}", cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        await context.WaitUntilAsync(
            async token => await ListAsync(context, which, token).ConfigureAwait(false) is { Count: > 0 } left
                ? $"{left.Count} of {whose} CustomResourceDefinitions still there"
                : null,
            "See their finalizers with 'kubectl get crd', then run the command again.",
            cancellationToken).ConfigureAwait(false);
        return removed;
    }

    /// <summary>From v3.32 on Calico's pools and tiers carry finalizers that only the controllers just removed would clear.</summary>
    private static async Task ReleaseFinalizersAsync(
        MigrationContext context, JsonObject definition, CancellationToken cancellationToken)
    {
        var root = $"apis/{definition["spec"]!["group"]}/{VersionOf(definition)}";
        var plural = definition["spec"]!["names"]!["plural"]!.ToString();
        foreach (var obj in await context.Api.ListAsync($"{root}/{plural}", cancellationToken).ConfigureAwait(false) ?? [])
        {
            if (obj["metadata"]!["finalizers"] is JsonArray { Count: > 0 })
            {
                var @namespace = obj["metadata"]!["namespace"]?.ToString();
                var path = @namespace is null ? $"{root}/{plural}" : $"{root}/namespaces/{@namespace}/{plural}";
                await context.Api.MergePatchAsync(
                    $"{path}/{obj["metadata"]!["name"]}",
                    new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } },
                    cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
