using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Runs a Pod of the migration's own on every Node and looks which network it gets, before a Pod that matters is restarted. Where that is both networks, the Pod's
/// kernel is asked for its routes as well: by the wrong one replies would go astray.</summary>
/// <remarks>A DaemonSet, so that one left by a crash is restarted like any workload. What an earlier attempt left may be from a network before, so it goes first.</remarks>
internal sealed class TryCanariesAction : StepAction
{
    private const string Name = "antrea-migration-canary";
    private const string Container = "canary";
    private const string Path = $"apis/apps/v1/namespaces/{NodeAgentManifest.Namespace}/daemonsets/{Name}";
    private const string PodsPath = $"api/v1/namespaces/{NodeAgentManifest.Namespace}/pods?labelSelector=app%3D{Name}";

    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        const string next = "See why with 'kubectl -n " + NodeAgentManifest.Namespace + " describe pods' and on the Node named; no other Pod was restarted. Then run the command again.";
        var goal = RestartGoal.On(RestartPodsAction.TargetOf(step));
        var moving = RestartPodsAction.MovingNodes(context.Plan, step);
        await RemoveAsync(context, cancellationToken).ConfigureAwait(false);
        await context.Api.ApplyAsync(Path, Render(context.Options.NodeAgentImage), cancellationToken).ConfigureAwait(false);
        await Manifests.WaitForDaemonSetAsync(context, NodeAgentManifest.Namespace, Name, next, cancellationToken).ConfigureAwait(false);
        var canaries = (await context.InventoryAsync(cancellationToken).ConfigureAwait(false))
            .Where(p => p.Pod.Namespace == NodeAgentManifest.Namespace && p.Pod.Controller == ("DaemonSet", Name) && !p.Pod.HasEnded && !p.Pod.Terminating && moving.Contains(p.Pod.NodeName)).ToList();
        var wrong = canaries.Where(c => !goal.IsReached(c.Pod, c.Network)).ToList();
        if (wrong.Count > 0)
        {
            throw new StepFailedException(
                $"{wrong.Count} of {canaries.Count} Nodes give a new Pod another network than {goal.Wanted[3..]}: {string.Join(", ", wrong.Take(5).Select(w => $"{w.Pod.NodeName} ({w.Network})"))}", next);
        }

        var routes = RestartPodsAction.TargetOf(step) == PodNetwork.Multus
            ? await CheckRoutesAsync(context, [.. canaries.Select(c => c.Pod)], cancellationToken).ConfigureAwait(false)
            : "";
        await RemoveAsync(context, cancellationToken).ConfigureAwait(false);
        return $"a new Pod is {goal.Wanted} on each of {canaries.Count} Nodes{routes}";
    }

    /// <summary>Asks each canary's kernel, and fails where replies would leave by another interface than they were asked through.</summary>
    private static async Task<string> CheckRoutesAsync(MigrationContext context, List<PodInfo> canaries, CancellationToken cancellationToken)
    {
        var wanted = new ReplyRoutes(context.Plan.PodCidrs.Values.SelectMany(c => c), context.Plan.ServiceCidrs, context.Plan.CalicoCidrs);
        var podOf = canaries.ToDictionary(c => c.NodeName, StringComparer.Ordinal);
        var seen = await MigrationContext.LookOnNodesAsync(
            [.. podOf.Keys.Order(StringComparer.Ordinal)],
            async (node, token) =>
            {
                var pod = podOf[node];
                var text = await context.RunInPodAsync(pod.Namespace, pod.Name, Container, PodRoutes.Read(), token).ConfigureAwait(false);
                var (routes, tellsIPv6) = PodRoutes.Parse(text, pod.ToString());
                var families = pod.PodIPs.Select(a => a.AddressFamily).Distinct().ToList();
                var isHalf = !tellsIPv6 && families.Remove(AddressFamily.InterNetworkV6);
                return (Node: node, Pod: pod, Faults: wanted.FaultsOf(routes, families).ToList(), IsHalf: isHalf);
            },
            cancellationToken).ConfigureAwait(false);
        if (seen.Where(s => s.Faults.Count > 0).ToList() is [var first, ..] astray)
        {
            throw new StepFailedException(
                $"{astray.Count} of {canaries.Count} Nodes give a new Pod routes that lead replies astray: "
                + string.Join("; ", astray.Take(3).Select(s => $"Node {s.Node}: {s.Faults[0]}{(s.Faults.Count > 1 ? $", and {s.Faults.Count - 1} more" : "")}")),
                $"Look with 'kubectl -n {first.Pod.Namespace} exec {first.Pod.Name} -- ip route'. Antrea before v2.4 puts its default route beside Calico's, whatever {MultusConfig.FileName} says: "
                + $"see that antrea-agent on the Nodes named is the manifest's and that {MultusConfig.FileName} there is the migration's. No other Pod was restarted; run the command again.");
        }

        return seen.Any(s => s.IsHalf)
            ? ", and its IPv4 replies leave by the interface they were asked through; IPv6's routes were not seen, for the node agent's image has no ip"
            : ", and its replies leave by the interface they were asked through";
    }

    private static async Task RemoveAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        if (await context.Api.GetAsync(Path, cancellationToken).ConfigureAwait(false) is not null)
        {
            await context.Api.DeleteAsync(Path, cancellationToken).ConfigureAwait(false);
        }

        await context.WaitUntilAsync(
            async token => await context.Api.ListAsync(PodsPath, token).ConfigureAwait(false) is { Count: > 0 } pods ? $"{pods.Count} canary Pods are still ending" : null,
            $"See what keeps them with 'kubectl -n {NodeAgentManifest.Namespace} get pods', then run the command again.",
            cancellationToken).ConfigureAwait(false);
    }

    private static JsonObject Render(string image) => new()
    {
        ["apiVersion"] = "apps/v1",
        ["kind"] = "DaemonSet",
        ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = NodeAgentManifest.Namespace },
        ["spec"] = new JsonObject
        {
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Name } },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = Name } },
                ["spec"] = new JsonObject
                {
                    ["terminationGracePeriodSeconds"] = 1,
                    ["automountServiceAccountToken"] = false,
                    ["tolerations"] = new JsonArray(new JsonObject { ["operator"] = "Exists" }),
                    ["containers"] = new JsonArray(new JsonObject
                    {
                        ["name"] = Container,
                        ["image"] = image,
                        ["imagePullPolicy"] = "IfNotPresent",
                        ["command"] = new JsonArray("sleep", "2147483647"),
                    }),
                },
            },
        },
    };
}
