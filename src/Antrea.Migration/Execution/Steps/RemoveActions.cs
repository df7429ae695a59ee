using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Removes Calico, once the backup is known to hold what goes: what an operator runs by that operator, the rest as its manifest brought it; API server first, controllers, agents, objects, definitions.</summary>
internal sealed class RemoveCalicoAction : StepAction
{
    private const string CalicoGroup = ".projectcalico.org";

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        // Before the first deletion, and for the objects once more before they go with their definitions: until then controllers have written some.
        var backup = new CalicoBackup(context);
        await backup.EnsureAsync(IsCalicos, [.. CalicoObjects.Workloads, .. CalicoObjects.Settings], cancellationToken).ConfigureAwait(false);
        var removed = await TigeraOperator.RemoveAsync(context, cancellationToken).ConfigureAwait(false);
        removed += await CalicoObjects.RemoveWebhooksAsync(context, cancellationToken).ConfigureAwait(false);
        removed += await CalicoObjects.RemoveAsync(context, CalicoObjects.Workloads, cancellationToken).ConfigureAwait(false);
        const string next = "See what keeps the Pods, or who brings them back, then run the command again; Calico's objects are still there.";
        await context.WaitUntilAsync(token => RemainingPodsAsync(context, token), next, cancellationToken).ConfigureAwait(false);

        // At once on all Nodes: each of them is closed to new Pods since its calico-node has ended, and its turn to be cleaned up may be long in coming.
        foreach (var node in await context.Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [])
        {
            await NodeObjects.EndCalicosOutageAsync(context, node["metadata"]!["name"]!.GetValue<string>(), node, cancellationToken).ConfigureAwait(false);
        }

        var shared = await CalicoObjects.RemoveSharedDefinitionAsync(context, cancellationToken).ConfigureAwait(false);
        removed += shared.Removed;
        removed += await CalicoObjects.RemoveAsync(context, CalicoObjects.Settings, cancellationToken).ConfigureAwait(false);
        removed += await TigeraOperator.RemoveNamespacesAsync(context, cancellationToken).ConfigureAwait(false);
        await backup.EnsureAsync(IsCalicos, [], cancellationToken).ConfigureAwait(false);
        removed += await Definitions.DeleteAsync(context, "Calico's", IsCalicos, cancellationToken).ConfigureAwait(false);
        return $"{removed} objects of Calico's removed; {backup}{(shared.Stays is null ? "" : $"; {shared.Stays}")}";
    }

    public static bool IsCalicos(JsonObject definition) =>
        definition["spec"]?["group"]?.ToString() is { } group && (TigeraOperator.IsDefinition(definition) || group == CalicoGroup[1..] || group.EndsWith(CalicoGroup, StringComparison.Ordinal));

    private static async Task<string?> RemainingPodsAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var pods = await context.Api.ListAsync("api/v1/pods", cancellationToken).ConfigureAwait(false) ?? [];
        var left = pods.Where(p => p["metadata"]!["labels"]?["k8s-app"]?.ToString() is "calico-node" or "calico-kube-controllers" or "calico-typha" or "calico-webhooks")
            .Select(p => $"{p["metadata"]!["namespace"]}/{p["metadata"]!["name"]}").ToList();
        return left.Count == 0 ? null : $"{left.Count} Pods of Calico's are still there: {string.Join(", ", left.Take(3))}";
    }
}

/// <summary>Removes what Calico left on one Node, in its kernel, its files and its object.</summary>
internal sealed class CleanNodeAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var network = (await context.ReadCniConfigsAsync(node, cancellationToken).ConfigureAwait(false)).CalicoNetwork;
        var before = await AuditAsync(context, node, network, cancellationToken).ConfigureAwait(false);
        var after = before.Length == 0
            ? before
            : LinesOf(await context.RunAsync(node, NodeCommands.CleanCalico(context.Plan.OutermostCalicoCidrs(), network), cancellationToken).ConfigureAwait(false));
        if (after.Length > 0)
        {
            throw new StepFailedException(
                $"Node {node} still holds {after.Length} things of Calico's: {string.Join("; ", after.Take(3))}",
                "Remove them by hand or reboot the Node, then run the command again.");
        }

        await CleanNodeObjectAsync(context, node, cancellationToken).ConfigureAwait(false);
        return before.Length == 0 ? "was clean" : $"{before.Length} left-overs removed";
    }

    /// <summary>What is left. The network's name is to be read before the file that says it is removed; afterwards there is nothing of another name than the usual one.</summary>
    public static async Task<string[]> AuditAsync(MigrationContext context, string node, string network, CancellationToken cancellationToken) =>
        LinesOf(await context.RunAsync(node, NodeCommands.AuditCalico(context.Plan.OutermostCalicoCidrs(), network), cancellationToken).ConfigureAwait(false));

    /// <summary>What an audit has found, one thing each.</summary>
    public static string[] LinesOf(string audit) => audit.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task CleanNodeObjectAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        await NodeObjects.EndCalicosOutageAsync(
            context, node, await NodeObjects.RemoveAnnotationsAsync(context, node, "projectcalico.org/", cancellationToken).ConfigureAwait(false), cancellationToken)
            .ConfigureAwait(false);
}

/// <summary>Removes the Multus release and, from each Node, its binary and cache.</summary>
internal sealed class RemoveMultusAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await Manifests.DeleteAsync(context, context.Options.MultusManifest.Reverse(), cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            token => Manifests.RemainingPodsAsync(context, context.Options.MultusManifest, token),
            "See what keeps the Multus Pods, then run the command again.",
            cancellationToken).ConfigureAwait(false);
        await context.OnNodesAsync(
            context.Plan.Nodes, (node, token) => context.RunAsync(node, NodeCommands.RemoveMultus(), token), cancellationToken).ConfigureAwait(false);

        return $"Multus removed from {context.Plan.Nodes.Length} Nodes";
    }
}

/// <summary>Removes the migration's own DaemonSet. The Namespace stays: it holds the journal.</summary>
internal sealed class RemoveNodeAgentAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await context.Api.DeleteAsync(NodeAgentManifest.DaemonSetPath, cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            async token => await context.Api.ListAsync(NodeAgentManifest.PodsPath, token).ConfigureAwait(false) is { Count: > 0 } pods
                ? $"{pods.Count} Pods of the node agent are still ending"
                : null,
            $"See what keeps them with 'kubectl -n {NodeAgentManifest.Namespace} get pods'; the migration itself is done.",
            cancellationToken).ConfigureAwait(false);
        return "node agent removed";
    }
}

/// <summary>Looks once more at everything that must be gone.</summary>
internal sealed class VerifyAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        List<string> left = [];
        var onNodes = await MigrationContext.LookOnNodesAsync(
            context.Plan.Nodes,
            async (node, token) =>
            {
                var configs = await context.ReadCniConfigsAsync(node, token).ConfigureAwait(false);
                var audit = await CleanNodeAction.AuditAsync(context, node, configs.CalicoNetwork, token).ConfigureAwait(false);
                var files = configs.Texts.Keys.Where(f => f is MultusConfig.FileName or HeldConfig.FileName);
                return audit.Concat(files.Select(f => $"file: {f}")).Select(l => $"Node {node}: {l}").ToList();
            },
            cancellationToken).ConfigureAwait(false);
        left.AddRange(onNodes.SelectMany(l => l));
        if (context.Plan.Bridge == BridgeKind.Multus
            && await Manifests.RemainingPodsAsync(context, context.Options.MultusManifest, cancellationToken).ConfigureAwait(false) is { } multus)
        {
            left.Add(multus);
        }

        left.AddRange(await CalicoObjects.LeftAsync(context, cancellationToken).ConfigureAwait(false));
        left.AddRange(await NodeLabels.LeftAsync(context, cancellationToken).ConfigureAwait(false));
        left.AddRange(await WithdrawAllowancesAction.LeftAsync(context, cancellationToken).ConfigureAwait(false));
        left.AddRange((await SuspendCronJobsAction.MarkedAsync(context, cancellationToken).ConfigureAwait(false))
            .Select(j => $"CronJob {j["metadata"]!["namespace"]}/{j["metadata"]!["name"]} is suspended"));
        left.AddRange((await Definitions.ListAsync(context, RemoveCalicoAction.IsCalicos, cancellationToken).ConfigureAwait(false)).Select(d => $"CustomResourceDefinition {d["metadata"]!["name"]}"));
        var inventory = await context.WiredInventoryAsync(
            "See why with 'kubectl describe' on the Pods named, then run the command again; it looks once more.", cancellationToken).ConfigureAwait(false);
        left.AddRange(inventory.Where(p => AssertPodsAction.IsOnPodNetwork(p.Pod) && p.Network != PodNetwork.Antrea)
            .Select(p => $"Pod {p.Pod} is on {p.Network}"));
        return left.Count == 0
            ? $"{inventory.Count(p => p.Network == PodNetwork.Antrea)} Pods on Antrea; no route, rule, file, definition or Pod of Calico's or Multus' left"
            : throw new StepFailedException(
                $"{left.Count} left-overs: {string.Join("; ", left.Take(5))}",
                "Remove them by hand, then run the command again; it looks once more.");
    }
}
