using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Gives calico-node the setting back that <see cref="PinCalicoAutodetectionAction"/> changed, as that one noted it.</summary>
internal sealed class UnpinCalicoAutodetectionAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        if (await TigeraOperator.FindInstallationAsync(context, cancellationToken).ConfigureAwait(false) is { } installation)
        {
            return await PinCalicoAutodetectionAction.UnpinInstallationAsync(context, installation, cancellationToken).ConfigureAwait(false)
                ? "the Installation says what it said before"
                : "nothing was pinned any more";
        }

        var path = PinCalicoAutodetectionAction.PathIn("kube-system");
        var daemonSet = await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false);
        var annotations = daemonSet?["metadata"]?["annotations"] as JsonObject;
        var before = annotations?[PinCalicoAutodetectionAction.Annotation]?.GetValue<string>();
        if (before is not null)
        {
            var entry = before.Length > 0
                ? JsonNode.Parse(before)
                : new JsonObject { ["name"] = PinCalicoAutodetectionAction.Variable, ["$patch"] = "delete" };
            var patch = PinCalicoAutodetectionAction.EnvironmentPatch(entry!);
            patch["metadata"] = new JsonObject
            {
                ["annotations"] = annotations!.Count == 1 ? null : new JsonObject { [PinCalicoAutodetectionAction.Annotation] = null },
            };
            await context.Api.StrategicMergePatchAsync(path, patch, cancellationToken).ConfigureAwait(false);
        }

        await Manifests.WaitForDaemonSetAsync(
            context, "kube-system", "calico-node", "See why calico-node does not become ready.", cancellationToken).ConfigureAwait(false);
        return before is null ? "nothing was pinned" : $"{PinCalicoAutodetectionAction.Variable} is as it was before";
    }
}

/// <summary>Looks once more at everything that must be gone, and at every Pod.</summary>
internal sealed class VerifyRollbackAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        List<string> left = [];
        var onNodes = await MigrationContext.LookOnNodesAsync(
            context.Plan.Nodes,
            async (node, token) =>
            {
                var audit = await CleanAntreaNodeAction.AuditAsync(context, node, token).ConfigureAwait(false);
                var first = (await context.ReadCniConfigsAsync(node, token).ConfigureAwait(false)).First();
                return audit.Concat(first == "10-calico.conflist" ? [] : [$"the runtime loads {first ?? "nothing"}"]).Select(l => $"Node {node}: {l}").ToList();
            },
            cancellationToken).ConfigureAwait(false);
        left.AddRange(onNodes.SelectMany(l => l));
        foreach (var manifest in (Clusters.ClusterObject[][])[[.. context.Options.MultusManifest], [.. context.Options.AntreaManifest]])
        {
            if (await Manifests.RemainingPodsAsync(context, manifest, cancellationToken).ConfigureAwait(false) is { } pods)
            {
                left.Add(pods);
            }
        }

        left.AddRange((await Definitions.ListAsync(context, RemoveAntreaAction.IsOfManifest(context), cancellationToken).ConfigureAwait(false))
            .Select(d => $"CustomResourceDefinition {d["metadata"]!["name"]}"));
        left.AddRange((await WorkloadRestarter.MarkedAsync(context, cancellationToken).ConfigureAwait(false))
            .Select(w => $"{w.Kind} {w.Namespace}/{w.Name}: annotation {WorkloadRestarter.Annotation}"));
        left.AddRange(await NodeLabels.LeftAsync(context, cancellationToken).ConfigureAwait(false));
        left.AddRange(await WithdrawAllowancesAction.LeftAsync(context, cancellationToken).ConfigureAwait(false));
        left.AddRange((await SuspendCronJobsAction.MarkedAsync(context, cancellationToken).ConfigureAwait(false))
            .Select(j => $"CronJob {j["metadata"]!["namespace"]}/{j["metadata"]!["name"]} is suspended"));
        var inventory = await context.WiredInventoryAsync(
            "See why with 'kubectl describe' on the Pods named, then run the command again; it looks once more.", cancellationToken).ConfigureAwait(false);
        left.AddRange(inventory.Where(p => AssertPodsAction.IsOnPodNetwork(p.Pod) && p.Network != PodNetwork.Calico).Select(p => $"Pod {p.Pod} is on {p.Network}"));
        return left.Count == 0
            ? $"{inventory.Count(p => p.Network == PodNetwork.Calico)} Pods on Calico; no route, rule, file, definition or Pod of Antrea's or Multus' left"
            : throw new StepFailedException(
                $"{left.Count} left-overs: {string.Join("; ", left.Take(5))}",
                "Remove them by hand, then run the command again; it looks once more.");
    }
}

/// <summary>Deletes the Namespace with the journal, so that the cluster is what it was and a new migration begins afresh.</summary>
internal sealed class ForgetMigrationAction : StepAction
{
    public override bool EndsJournal => true;

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await context.Api.DeleteAsync(NodeAgentManifest.NamespacePath, cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            async token => await context.Api.GetAsync(NodeAgentManifest.NamespacePath, token).ConfigureAwait(false) is not null
                ? $"Namespace {NodeAgentManifest.Namespace} is being deleted"
                : null,
            $"See what keeps it with 'kubectl get namespace {NodeAgentManifest.Namespace} -o yaml'; the cluster itself is what it was before.",
            cancellationToken).ConfigureAwait(false);
        return $"Namespace {NodeAgentManifest.Namespace} is gone";
    }
}
