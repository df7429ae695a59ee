using System.Text.Json.Nodes;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Cordons one Node and marks it as cordoned by this plan; a Node that somebody else has cordoned is left as it is.</summary>
internal sealed class CordonNodeAction : StepAction
{
    /// <summary>On a Node: the plan that cordoned it.</summary>
    public const string Annotation = "antrea-migration.io/cordoned-by";

    public override async Task<string?> AlreadyDoneAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken) =>
        (await RequireNodeAsync(context, step.Node!, cancellationToken).ConfigureAwait(false))["spec"]?["unschedulable"]?.GetValue<bool>() == true
            ? "the Node is cordoned"
            : null;

    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await context.Api.StrategicMergePatchAsync(
            $"api/v1/nodes/{step.Node}", Patch(context.Plan.Id, true), cancellationToken).ConfigureAwait(false);
        return "cordoned";
    }

    /// <summary>Mark and state together, so that no crash parts them.</summary>
    public static JsonObject Patch(string? mark, bool? unschedulable) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = mark } },
        ["spec"] = new JsonObject { ["unschedulable"] = unschedulable },
    };

    public static async Task<JsonObject> RequireNodeAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        await context.Api.GetAsync($"api/v1/nodes/{node}", cancellationToken).ConfigureAwait(false)
        ?? throw new StepFailedException($"Node {node} does not exist any more.", "Bring it back, then run the command again.");
}

/// <summary>Uncordons one Node, if the migration has cordoned it.</summary>
internal sealed class UncordonNodeAction : StepAction
{
    public override async Task<string?> AlreadyDoneAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = await CordonNodeAction.RequireNodeAsync(context, step.Node!, cancellationToken).ConfigureAwait(false);
        return node["metadata"]?["annotations"]?[CordonNodeAction.Annotation] is null ? "not cordoned by the migration" : null;
    }

    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await context.Api.StrategicMergePatchAsync(
            $"api/v1/nodes/{step.Node}", CordonNodeAction.Patch(null, null), cancellationToken).ConfigureAwait(false);
        return "uncordoned";
    }
}
