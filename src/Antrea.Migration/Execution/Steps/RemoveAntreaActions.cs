using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies.Application;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Deletes the converted policies. Only when no Pod has an Antrea interface any more: the phase's assertion stands before it.</summary>
internal sealed class WithdrawPoliciesAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var removed = await new PolicyApplier(context.Api, context.Time).WithdrawAsync(cancellationToken).ConfigureAwait(false);
        return $"{removed.Length} objects withdrawn from Antrea; Calico's policies are in force as before";
    }
}

/// <summary>Removes what the Antrea manifest installed: what would fail closed first, then who acts, then what they acted on.</summary>
internal sealed class RemoveAntreaAction : StepAction
{
    private const string Agents = "apis/apps/v1/namespaces/kube-system/daemonsets/antrea-agent";

    private const string AgentPods = "api/v1/namespaces/kube-system/pods?labelSelector=app%3Dantrea%2Ccomponent%3Dantrea-agent";

    /// <summary>An agent that crashes for want of its bridge makes another each time it starts.</summary>
    private const int MostDetachments = 3;

    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(1);

    private static readonly string[] First = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService"];

    private static readonly string[] Workloads = ["Deployment", "DaemonSet"];

    /// <summary>What antrea-controller makes of its own. Source: Antrea v2.7 <c>pkg/apiserver/certificate</c>, <c>pkg/clusteridentity</c>.</summary>
    private static readonly string[] MadeByController =
    [
        "api/v1/namespaces/kube-system/configmaps/antrea-ca",
        "api/v1/namespaces/kube-system/configmaps/antrea-cluster-identity",
    ];

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await DetachAsync(context, cancellationToken).ConfigureAwait(false);
        var objects = context.Options.AntreaManifest;
        var removed = await Manifests.DeleteAsync(context, objects.Where(o => First.Contains(o.Kind)), cancellationToken).ConfigureAwait(false);
        removed += await Manifests.DeleteAsync(context, objects.Where(o => Workloads.Contains(o.Kind)), cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            token => Manifests.RemainingPodsAsync(context, objects, token),
            "See what keeps the Antrea Pods, then run the command again; every Pod is on Calico.",
            cancellationToken).ConfigureAwait(false);
        removed += await Manifests.DeleteAsync(
            context,
            objects.Where(o => !First.Contains(o.Kind) && !Workloads.Contains(o.Kind) && o.Kind != Manifests.Definition).Reverse(),
            cancellationToken).ConfigureAwait(false);
        foreach (var path in MadeByController)
        {
            removed += await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        removed += await Definitions.DeleteAsync(context, "Antrea's", IsOfManifest(context), cancellationToken).ConfigureAwait(false);
        return $"{removed} objects of Antrea's removed";
    }

    /// <summary>The bridges go while their daemons run; afterwards a Node has no tools for its own. An agent that came up meanwhile has made its bridge after the look for one.</summary>
    private static async Task DetachAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        HashSet<string>? detached = null;
        for (var looks = 0; looks < MostDetachments; looks++)
        {
            var agents = await AwaitStartingAgentsAsync(context, cancellationToken).ConfigureAwait(false);
            if (agents is null || detached?.SetEquals(agents) == true)
            {
                return;
            }

            await context.OnNodesAsync(
                context.Plan.Nodes, (node, token) => context.RunAsync(node, NodeCommands.DetachAntrea(), token), cancellationToken).ConfigureAwait(false);
            detached = agents;
        }
    }

    /// <summary>An agent that is starting would make its bridge after the look for one, and leave it. It is waited for, but not for ever: one that cannot start makes none.</summary>
    /// <returns>The containers of the agents that run; null where there are no agents.</returns>
    private static async Task<HashSet<string>?> AwaitStartingAgentsAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        var said = 0;
        for (var since = context.Time.GetTimestamp(); await context.Api.GetAsync(Agents, cancellationToken).ConfigureAwait(false) is not null;)
        {
            var without = await NodeLabels.FindAsync(context, NodeLabels.WithoutAntrea, cancellationToken).ConfigureAwait(false);
            var lost = (await context.Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [])
                .Where(n => !IsReady(n)).Select(n => n.TextAt("metadata", "name")).ToHashSet();
            var agents = await context.Api.ListAsync(AgentPods, cancellationToken).ConfigureAwait(false) ?? [];
            var ready = agents.Where(IsReady).Select(p => p.TextAt("spec", "nodeName")).ToHashSet();

            // On a Node that is lost nothing starts; the command there will name it.
            var starting = context.Plan.Nodes.Where(n => !without.Contains(n) && !ready.Contains(n) && !lost.Contains(n)).ToList();
            var patience = agents.Any(a => starting.Contains(a.TextAt("spec", "nodeName") ?? "") && IsComingUp(a)) ? context.Options.StepTimeout : StartPatience;
            if (starting.Count == 0 || context.Time.GetElapsedTime(since) >= patience)
            {
                return [.. agents.SelectMany(a => a.ItemsAt("status", "containerStatuses")).Select(c => c.TextAt("containerID")).OfType<string>()];
            }

            if (said != starting.Count)
            {
                said = starting.Count;
                context.Report($"antrea-agent is still starting on {string.Join(", ", starting.Take(3))}{(starting.Count > 3 ? ", …" : "")}");
            }

            await Task.Delay(context.Options.PollInterval, context.Time, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    private static bool IsReady(JsonObject obj) =>
        obj.ItemsAt("status", "conditions").Any(c => c.TextAt("type") == "Ready" && c.TextAt("status") == "True");

    /// <summary>Whether nothing has gone wrong with a Pod's start so far: its images are pulled, or its first containers run.</summary>
    private static bool IsComingUp(JsonObject pod) =>
        pod.ItemsAt("status", "initContainerStatuses").Concat(pod.ItemsAt("status", "containerStatuses"))
            .All(c => c.TextAt("state", "waiting", "reason") is null or "ContainerCreating" or "PodInitializing" && c.TextAt("lastState", "terminated", "reason") is null);

    public static Predicate<JsonObject> IsOfManifest(MigrationContext context)
    {
        var names = context.Options.AntreaManifest.Where(o => o.Kind == Manifests.Definition).Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        return definition => names.Contains(definition["metadata"]!["name"]!.GetValue<string>());
    }
}

/// <summary>Removes what Antrea left on one Node, in its kernel, its files and its object.</summary>
internal sealed class CleanAntreaNodeAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var before = await AuditAsync(context, node, cancellationToken).ConfigureAwait(false);
        var after = before.Length == 0
            ? before
            : CleanNodeAction.LinesOf(await context.RunAsync(node, NodeCommands.CleanAntrea(RoutedTo(context, node)), cancellationToken).ConfigureAwait(false));
        if (after.Length > 0)
        {
            throw new StepFailedException(
                $"Node {node} still holds {after.Length} things of Antrea's: {string.Join("; ", after.Take(3))}",
                "Remove them by hand or reboot the Node, then run the command again.");
        }

        await NodeObjects.RemoveAnnotationsAsync(context, node, "node.antrea.io/", cancellationToken).ConfigureAwait(false);
        return before.Length == 0 ? "was clean" : $"{before.Length} left-overs removed";
    }

    public static async Task<string[]> AuditAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        CleanNodeAction.LinesOf(await context.RunAsync(node, NodeCommands.AuditAntrea(RoutedTo(context, node)), cancellationToken).ConfigureAwait(false));

    /// <summary>The PodCIDRs to which the Node's own routes led; none where everything went by Antrea's tunnel.</summary>
    private static IEnumerable<Cidr> RoutedTo(MigrationContext context, string node) => AntreaAgentSettings.Of(context.Options.AntreaManifest).RoutesDirectly
        ? context.Plan.PodCidrs.Where(n => n.Key != node).SelectMany(n => n.Value)
        : [];
}
