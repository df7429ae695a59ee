using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Restarts every Pod that is not where it should be, each kind of workload by its own rule.</summary>
/// <remarks>
/// <para>Deployments, StatefulSets and DaemonSets that roll get a new annotation in their template, named after the phase: setting
/// it twice changes nothing, so a run after a crash restarts nothing twice. What does not roll by itself is evicted Pod by Pod, so
/// that disruption budgets hold. Jobs are waited for.</para>
/// <para>Order: cluster DNS first, then what stands behind a Service, then the rest, each by Namespace and name; one workload at a time.
/// Servers go before clients because a Calico client keeps its address on the way to an Antrea server, and an Antrea client on the way
/// to a Calico server does not.</para>
/// </remarks>
internal sealed class WorkloadRestarter(MigrationContext context)
{
    public const string Annotation = "antrea-migration.io/restarted-for";

    private const string NextStep =
        "See why with 'kubectl describe' on the Pods named, then run the command again; it goes on at this step.";

    /// <summary>Restarts until no Pod is left elsewhere; returns how many Pods are there.</summary>
    /// <param name="goal">Where the Pods belong.</param>
    /// <param name="marker">What the template's annotation is set to; null takes it away, so that templates are what they were before the
    /// first restart, wherever their Pods are by now.</param>
    /// <param name="cancellationToken">Stops between two requests.</param>
    public async Task<int> RestartAsync(RestartGoal goal, string? marker, CancellationToken cancellationToken)
    {
        var workloads = (await StrayPodsAsync(goal, cancellationToken).ConfigureAwait(false))
            .Select(p => p.Pod).ToImmutableArray();
        var marked = marker is null ? await MarkedAsync(context, cancellationToken).ConfigureAwait(false) : [];
        foreach (var workload in await GroupAsync(workloads, marked, cancellationToken).ConfigureAwait(false))
        {
            await context.PassGateAsync(workload.ToString(), NodesOf(workload.Pods), cancellationToken).ConfigureAwait(false);
            await RestartWorkloadAsync(workload, goal, marker, cancellationToken).ConfigureAwait(false);
        }

        await context.WaitUntilAsync(
            async token => Describe(await StrayPodsAsync(goal, token).ConfigureAwait(false), goal),
            NextStep,
            cancellationToken).ConfigureAwait(false);
        return (await context.InventoryAsync(cancellationToken).ConfigureAwait(false)).Count(p => !p.Pod.HostNetwork && !p.Pod.HasEnded && p.Pod.NodeName.Length > 0 && goal.IsReached(p.Pod, p.Network));
    }

    /// <summary>Pods that are not there, and Pods that get their network now; one without a Node has no
    /// sandbox, and will get the right one.</summary>
    public async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> StrayPodsAsync(
        RestartGoal goal, CancellationToken cancellationToken) =>
        [
            .. (await context.InventoryAsync(cancellationToken).ConfigureAwait(false))
                .Where(p => !p.Pod.HasEnded && !p.Pod.HostNetwork && p.Pod.NodeName.Length > 0 && !goal.IsReached(p.Pod, p.Network)),
        ];

    public static string? Describe(ImmutableArray<(PodInfo Pod, PodNetwork Network)> strays, RestartGoal goal) =>
        strays.IsEmpty
            ? null
            : $"{strays.Length} Pods are not {goal.Wanted} yet: "
              + string.Join(", ", strays.Take(5).Select(s => $"{s.Pod} ({s.Network}, Node {s.Pod.NodeName})"))
              + (strays.Length > 5 ? ", …" : "");

    /// <summary>The workloads whose template was marked by a restart.</summary>
    public static async Task<List<(string Kind, string Namespace, string Name)>> MarkedAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        List<(string, string, string)> marked = [];
        foreach (var kind in (string[])["Deployment", "StatefulSet", "DaemonSet"])
        {
            foreach (var obj in await context.Api.ListAsync($"apis/apps/v1/{kind.ToLowerInvariant()}s", cancellationToken).ConfigureAwait(false) ?? [])
            {
                if (MarkerOf(obj) is not null)
                {
                    marked.Add((kind, obj["metadata"]!["namespace"]!.GetValue<string>(), obj["metadata"]!["name"]!.GetValue<string>()));
                }
            }
        }

        return marked;
    }

    private static string? MarkerOf(JsonObject workload) =>
        workload["spec"]?["template"]?["metadata"]?["annotations"]?[Annotation]?.GetValue<string>();

    private async Task<IEnumerable<Workload>> GroupAsync(
        ImmutableArray<PodInfo> pods, List<(string Kind, string Namespace, string Name)> marked, CancellationToken cancellationToken)
    {
        var workloads = marked.ToDictionary(m => m, m => new Workload(m.Kind, m.Namespace, m.Name, []));
        foreach (var pod in pods.Where(p => !p.Terminating))
        {
            var owner = await OwnerAsync(pod, cancellationToken).ConfigureAwait(false);
            if (!workloads.TryGetValue(owner, out var workload))
            {
                workloads[owner] = workload = new Workload(owner.Kind, owner.Namespace, owner.Name, []);
            }

            workload.Pods.Add(pod);
        }

        var services = await ServiceSelectorsAsync(cancellationToken).ConfigureAwait(false);
        return workloads.Values
            .OrderByDescending(w => w.Pods.Count > 0 && w.Pods[0].Labels.GetValueOrDefault("k8s-app") == "kube-dns")
            .ThenByDescending(w => w.Pods.Count > 0 && services.Any(s => s.Namespace == w.Namespace && s.Selects(w.Pods[0])))
            .ThenBy(w => w.Namespace, StringComparer.Ordinal)
            .ThenBy(w => w.Name, StringComparer.Ordinal);
    }

    private async Task<List<ServiceSelector>> ServiceSelectorsAsync(CancellationToken cancellationToken) =>
    [
        .. (await context.Api.ListAsync("api/v1/services", cancellationToken).ConfigureAwait(false) ?? [])
            .Where(s => s["spec"]?["selector"] is JsonObject { Count: > 0 })
            .Select(s => new ServiceSelector(
                s["metadata"]!["namespace"]!.GetValue<string>(), [.. s["spec"]!["selector"]!.AsObject().Select(l => (l.Key, $"{l.Value}"))])),
    ];

    private async Task<(string Kind, string Namespace, string Name)> OwnerAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        if (pod.Controller is not { } controller)
        {
            return ("Pod", pod.Namespace, pod.Name);
        }

        if (controller.Kind == "ReplicaSet")
        {
            var replicaSet = await context.Api.GetAsync(
                $"apis/apps/v1/namespaces/{pod.Namespace}/replicasets/{controller.Name}", cancellationToken).ConfigureAwait(false);
            var owner = (replicaSet?["metadata"]?["ownerReferences"] as JsonArray ?? [])
                .FirstOrDefault(o => o?["controller"]?.GetValue<bool>() == true);
            if (owner is not null)
            {
                return (owner["kind"]!.GetValue<string>(), pod.Namespace, owner["name"]!.GetValue<string>());
            }
        }

        return (controller.Kind, pod.Namespace, controller.Name);
    }

    private async Task RestartWorkloadAsync(
        Workload workload, RestartGoal goal, string? marker, CancellationToken cancellationToken)
    {
        switch (workload.Kind)
        {
            case "Deployment" or "StatefulSet" or "DaemonSet":
                await RollAsync(workload, goal, marker, cancellationToken).ConfigureAwait(false);
                break;
            case "Job":
                await context.WaitUntilAsync(
                    async token => Describe(await StillThereAsync(workload, goal, token).ConfigureAwait(false), goal),
                    $"Wait for Job {workload.Namespace}/{workload.Name} to end, or delete it, then run the command again.",
                    cancellationToken).ConfigureAwait(false);
                break;
            case "Pod":
                throw new StepFailedException(
                    $"Pod {workload.Namespace}/{workload.Name} has no controller; nobody would make it anew.",
                    "Delete and re-create it yourself, or give it a controller, then run the command again.");
            default:
                await EvictOneByOneAsync(workload, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private async Task RollAsync(Workload workload, RestartGoal goal, string? marker, CancellationToken cancellationToken)
    {
        var path = $"apis/apps/v1/namespaces/{workload.Namespace}/{workload.Kind.ToLowerInvariant()}s/{workload.Name}";
        var current = await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false);
        if (current is null)
        {
            return; // Deleted since; its Pods go with it.
        }

        var isSingle = workload.Kind == "Deployment" && current["spec"]?["replicas"]?.GetValue<int>() is null or 1;
        var rolls = !(goal.OneByOne && !isSingle)
            && current["spec"]?["paused"]?.GetValue<bool>() != true && current["spec"]?["updateStrategy"]?["type"]?.GetValue<string>() != "OnDelete";
        if (MarkerOf(current) != marker && (rolls || marker is null))
        {
            // Taking the last annotation away takes the map away, too: an empty one would be another template.
            var annotations = (JsonObject?)current["spec"]!["template"]!["metadata"]?["annotations"];
            await context.Api.StrategicMergePatchAsync(
                path,
                new JsonObject
                {
                    ["spec"] = new JsonObject
                    {
                        ["template"] = new JsonObject
                        {
                            ["metadata"] = new JsonObject
                            {
                                ["annotations"] = marker is null && annotations!.Count == 1 ? null : new JsonObject { [Annotation] = marker },
                            },
                        },
                    },
                },
                cancellationToken).ConfigureAwait(false);
        }

        if (!rolls)
        {
            await EvictOneByOneAsync(workload, cancellationToken).ConfigureAwait(false);
            return;
        }

        await context.WaitUntilAsync(
            async token => await context.Api.GetAsync(path, token).ConfigureAwait(false) is { } now ? Rollout.Pending(now) : null,
            NextStep,
            cancellationToken).ConfigureAwait(false);

        // A Pod that came up on the wrong network after the roll (its Node lost the file for a while) is not rolled again.
        var strays = new List<PodInfo>();
        foreach (var (pod, _) in await StrayPodsAsync(goal, cancellationToken).ConfigureAwait(false))
        {
            if (!pod.Terminating && await OwnerAsync(pod, cancellationToken).ConfigureAwait(false) == (workload.Kind, workload.Namespace, workload.Name))
            {
                strays.Add(pod);
            }
        }

        if (strays.Count > 0)
        {
            await EvictOneByOneAsync(workload with { Pods = strays }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task EvictOneByOneAsync(Workload workload, CancellationToken cancellationToken)
    {
        var done = 0;
        var ready = await ReadyPodsAsync(workload, cancellationToken).ConfigureAwait(false);
        foreach (var pod in workload.Pods)
        {
            await context.PassGateAsync($"Pod {pod} of {workload}", NodesOf([pod]), cancellationToken).ConfigureAwait(false);
            await EvictAsync(pod, cancellationToken).ConfigureAwait(false);
            await context.WaitUntilAsync(
                async token => await PendingReplacementAsync(workload, pod, ready.Count, token).ConfigureAwait(false), NextStep, cancellationToken)
                .ConfigureAwait(false);
            context.Report($"{workload}: {++done} of {workload.Pods.Count} Pods restarted");
        }
    }

    private async Task EvictAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        await context.WaitUntilAsync(
            async token =>
            {
                try
                {
                    await context.Api.EvictAsync(pod.Namespace, pod.Name, pod.Uid, token).ConfigureAwait(false);
                    return null;
                }
                catch (KubernetesApiException e) when (e.Code is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict)
                {
                    return $"Pod {pod} may not be evicted yet: {e.Message}";
                }
            },
            $"Scale up the workload of Pod {pod} or relax its PodDisruptionBudget, then run the command again.",
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<string?> PendingReplacementAsync(
        Workload workload, PodInfo evicted, int readyBefore, CancellationToken cancellationToken)
    {
        var pods = (await context.ReadPodsAsync(cancellationToken).ConfigureAwait(false)).Pods;
        if (pods.Any(p => p.Uid == evicted.Uid && p.Uid.Length > 0))
        {
            return $"Pod {evicted} is ending";
        }

        var ready = await ReadyPodsAsync(workload, cancellationToken).ConfigureAwait(false);
        return ready.Count < readyBefore ? $"{workload}: {ready.Count} of {readyBefore} Pods ready after evicting {evicted.Name}" : null;
    }

    private async Task<List<PodInfo>> ReadyPodsAsync(Workload workload, CancellationToken cancellationToken)
    {
        List<PodInfo> ready = [];
        foreach (var pod in (await context.ReadPodsAsync(cancellationToken).ConfigureAwait(false)).Pods
            .Where(p => p.Namespace == workload.Namespace && p.Ready && !p.Terminating))
        {
            if (await OwnerAsync(pod, cancellationToken).ConfigureAwait(false) == (workload.Kind, workload.Namespace, workload.Name))
            {
                ready.Add(pod);
            }
        }

        return ready;
    }

    private async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> StillThereAsync(
        Workload workload, RestartGoal goal, CancellationToken cancellationToken) =>
        [
            .. (await StrayPodsAsync(goal, cancellationToken).ConfigureAwait(false))
                .Where(s => s.Pod.Namespace == workload.Namespace && s.Pod.Controller == (workload.Kind, workload.Name)),
        ];

    private static ImmutableArray<string> NodesOf(IEnumerable<PodInfo> pods) =>
        [.. pods.Select(p => p.NodeName).Distinct().Order(StringComparer.Ordinal)];

    private sealed record Workload(string Kind, string Namespace, string Name, List<PodInfo> Pods)
    {
        public override string ToString() => $"{Kind}/{Namespace}/{Name}";
    }
    private sealed record ServiceSelector(string Namespace, ImmutableArray<(string Key, string Value)> Labels)
    {
        public bool Selects(PodInfo pod) => Labels.All(l => pod.Labels.GetValueOrDefault(l.Key) == l.Value);
    }
}
