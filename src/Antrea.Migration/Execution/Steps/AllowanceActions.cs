using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies.Application;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Applies the plan's allowances, for the addresses that the Nodes have now, and waits until Antrea has realized its own.</summary>
/// <remarks>They were made for the policies that there were. Where those have changed, nobody has seen what an allowance would open, and none is applied.</remarks>
internal sealed class AllowMasqueradedAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var isBack = context.Plan.Undoes is not null;
        var snapshot = await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false);
        if (AllowanceObjects.HashOf(snapshot) != context.Plan.PoliciesHash)
        {
            try
            {
                await WithdrawAllowancesAction.RemoveAsync(context, cancellationToken).ConfigureAwait(false);
            }
            catch (StepFailedException e) when (isBack)
            {
                context.Report(e.Message);
            }

            return isBack
                ? "policies have changed since the plan was made: nothing is allowed on the way back, and what the plan was to keep is denied meanwhile"
                : throw new StepFailedException(
                    "Policies have changed since the plan was made, so that nobody knows what its allowances would open; none is in force.",
                    "Undo the change and run the command again; or go back with 'antrea-migrator rollback', and plan anew.");
        }

        List<JsonObject> objects = [];
        List<string> leftOut = [];
        foreach (var allowance in context.Plan.PolicyAllowances.Where(a => isBack || a.Phase == step.Phase))
        {
            if (AllowanceObjects.AddressesOf(allowance, snapshot.Nodes).IsEmpty)
            {
                leftOut.Add($"{allowance.Namespace}/{allowance.Name}: no Node that it is for has an address now");
                continue;
            }

            var obj = AllowanceObjects.Of(allowance, snapshot.Nodes);
            try
            {
                await ApplyAsync(context, obj, cancellationToken).ConfigureAwait(false);
                objects.Add(obj);
            }
            catch (Exception e) when (isBack && e is StepFailedException or KubernetesApiException)
            {
                leftOut.Add(LeaveOut(context, obj, e.Message));
            }
        }

        await SweepAsync(context, objects, cancellationToken).ConfigureAwait(false);
        Dictionary<string, string> pending = [];
        var antrea = objects.FindAll(o => o["apiVersion"]!.ToString().StartsWith("crd.antrea.io/", StringComparison.Ordinal));
        try
        {
            await context.WaitUntilAsync(
                async token => (pending = await PendingAsync(context, antrea, token).ConfigureAwait(false)).Values.FirstOrDefault(),
                "Check that antrea-controller and every agent run.",
                cancellationToken).ConfigureAwait(false);
        }
        catch (StepFailedException) when (isBack)
        {
            foreach (var obj in objects.FindAll(o => pending.ContainsKey(AllowancePath.Of(o))))
            {
                leftOut.Add(LeaveOut(context, obj, pending[AllowancePath.Of(obj)]));
                objects.Remove(obj);
            }

            await SweepAsync(context, objects, cancellationToken).ConfigureAwait(false);
        }

        return $"{objects.Count} allowances in force until the phase ends"
            + (leftOut.Count == 0 ? "" : $"; left out, so that what they are for is denied meanwhile: {string.Join("; ", leftOut)}");
    }

    /// <summary>What Antrea's agents have not realized yet, by its path.</summary>
    private static async Task<Dictionary<string, string>> PendingAsync(MigrationContext context, IEnumerable<JsonObject> objects, CancellationToken cancellationToken)
    {
        Dictionary<string, string> pending = [];
        foreach (var path in objects.Select(AllowancePath.Of))
        {
            if (await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false) is not { } there)
            {
                pending[path] = $"{path} does not exist";
            }
            else if (PolicyApplier.MissingNodes(new ClusterObject(there, "cluster")) is { } missing)
            {
                pending[path] = missing;
            }
        }

        return pending;
    }

    /// <summary>A rollback goes on without it; whoever watches learns why.</summary>
    private static string LeaveOut(MigrationContext context, JsonObject obj, string why)
    {
        var said = $"{obj.TextAt("metadata", "namespace")}/{obj.TextAt("metadata", "name")}: {why}";
        context.Report($"left out on the way back: {said}");
        return said;
    }

    /// <summary>Removes what is there of allowances beside these, be it of another run, be it for addresses that its Nodes no longer have.</summary>
    private static async Task SweepAsync(MigrationContext context, IEnumerable<JsonObject> objects, CancellationToken cancellationToken)
    {
        var left = await WithdrawAllowancesAction.LeftAsync(context, cancellationToken).ConfigureAwait(false);
        foreach (var path in left.Except(objects.Select(AllowancePath.Of), StringComparer.Ordinal))
        {
            await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>An object that lost a field would allow more than it is for: the server is asked first what it would store.</summary>
    private static async Task ApplyAsync(MigrationContext context, JsonObject obj, CancellationToken cancellationToken)
    {
        var path = AllowancePath.Of(obj);
        if (await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false) is { } there && !AllowanceObjects.IsOne(there))
        {
            throw new StepFailedException($"{path} is there already, and not the migration's.", "Rename or delete it, then run the command again.");
        }

        var stored = await context.Api.ApplyAsync(path, obj, dryRun: true, cancellationToken).ConfigureAwait(false);
        if (StoredFields.FirstLost(obj["spec"], stored["spec"], "spec") is { } lost)
        {
            throw new StepFailedException(
                $"The server would not keep {lost} of {path}, so it would allow something else; it was not written.",
                "Go back with 'antrea-migrator rollback', and plan anew with --policy-mode strict.");
        }

        await context.Api.ApplyAsync(path, obj, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>Removes every allowance, whichever run applied it, and looks until none is left.</summary>
internal sealed class WithdrawAllowancesAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken) =>
        $"{await RemoveAsync(context, cancellationToken).ConfigureAwait(false)} allowances removed, none is left";

    public static async Task<int> RemoveAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var paths = await LeftAsync(context, cancellationToken).ConfigureAwait(false);
        foreach (var path in paths)
        {
            await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false);
        }

        await context.WaitUntilAsync(
            async token => await LeftAsync(context, token).ConfigureAwait(false) is { Count: > 0 } left ? $"still there: {string.Join(", ", left)}" : null,
            "See what keeps them, by their finalizers; as long as they are there, connections that policies deny get through.",
            cancellationToken).ConfigureAwait(false);
        return paths.Count;
    }

    /// <summary>The paths of those that are there.</summary>
    public static async Task<List<string>> LeftAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        List<string> left = [];
        foreach (var collection in AllowanceObjects.Collections)
        {
            var items = await context.Api.ListAsync($"{collection}?labelSelector={Uri.EscapeDataString(AllowanceObjects.Label)}", cancellationToken).ConfigureAwait(false);
            left.AddRange((items ?? []).Select(o => AllowancePath.In(collection, o)));
        }

        return left;
    }
}

/// <summary>Where an allowance is in the API.</summary>
internal static class AllowancePath
{
    public static string Of(JsonObject obj) => In($"apis/{obj["apiVersion"]}/networkpolicies", obj);

    public static string In(string collection, JsonObject obj) =>
        $"{collection[..collection.LastIndexOf('/')]}/namespaces/{obj["metadata"]!["namespace"]}/networkpolicies/{obj["metadata"]!["name"]}";
}
