using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Suspends the CronJobs whose Pods get addresses, so that no Job begins on a network that is about to be left; a running Job can only be waited for.</summary>
/// <remarks>Mark and state in one patch, so that no crash parts them. One that somebody else has suspended stays without a mark.</remarks>
internal sealed class SuspendCronJobsAction : StepAction
{
    /// <summary>On a CronJob: the plan that suspended it.</summary>
    public const string Annotation = "antrea-migration.io/suspended-by";

    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var suspended = 0;
        foreach (var job in await ListAsync(context, cancellationToken).ConfigureAwait(false))
        {
            if (CronJobs.IsConcerned(job))
            {
                await PatchAsync(context, job, context.Plan.Id, cancellationToken).ConfigureAwait(false);
                suspended++;
            }
        }

        return $"{suspended} CronJobs suspended";
    }

    /// <summary>Lets those run again that the migration has suspended; returns how many.</summary>
    public static async Task<int> ResumeAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var marked = await MarkedAsync(context, cancellationToken).ConfigureAwait(false);
        foreach (var job in marked)
        {
            await PatchAsync(context, job, null, cancellationToken).ConfigureAwait(false);
        }

        return marked.Count;
    }

    /// <summary>Those that the migration has suspended.</summary>
    public static async Task<List<JsonObject>> MarkedAsync(MigrationContext context, CancellationToken cancellationToken) =>
    [
        .. (await ListAsync(context, cancellationToken).ConfigureAwait(false))
            .Where(j => j.TextAt("metadata", "annotations", Annotation) is not null),
    ];

    /// <summary>In <c>batch/v1beta1</c> on servers before 1.21, which know no other.</summary>
    private static async Task<List<JsonObject>> ListAsync(MigrationContext context, CancellationToken cancellationToken) =>
        await context.Api.ListAsync("apis/batch/v1/cronjobs", cancellationToken).ConfigureAwait(false)
        ?? await context.Api.ListAsync("apis/batch/v1beta1/cronjobs", cancellationToken).ConfigureAwait(false) ?? [];

    private static Task PatchAsync(MigrationContext context, JsonObject job, string? mark, CancellationToken cancellationToken)
    {
        var others = job.At("metadata", "annotations") is JsonObject annotations && annotations.Any(a => a.Key != Annotation);
        return context.Api.MergePatchAsync(
            $"apis/{job.TextAt("apiVersion")}/namespaces/{job.TextAt("metadata", "namespace")}/cronjobs/{job.TextAt("metadata", "name")}",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = mark is null && !others ? null : new JsonObject { [Annotation] = mark } },
                ["spec"] = new JsonObject { ["suspend"] = mark is not null },
            },
            cancellationToken);
    }
}

/// <summary>Lets the CronJobs run again that the migration has suspended.</summary>
internal sealed class ResumeCronJobsAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken) =>
        $"{await SuspendCronJobsAction.ResumeAsync(context, cancellationToken).ConfigureAwait(false)} CronJobs run again";
}
