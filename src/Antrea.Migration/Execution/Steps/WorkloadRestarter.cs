using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Restarts every Pod that is not where it should be, each kind of workload by its own rule.</summary>
/// <remarks>
/// <para>What rolls gets a new annotation in its template, named after the phase: setting it twice changes nothing, so a run after a crash
/// restarts nothing twice. What does not roll, or would take more Pods at once than it may, is evicted, so that disruption budgets hold. Jobs
/// are waited for. Where Pods are to stay, they get new sandboxes instead. <see cref="RestartRule"/> decides, <see cref="RestartOrder"/> orders.</para>
/// <para>One workload at a time; with a limit on missing Pods as many side by side as it lets, rank by rank.</para>
/// </remarks>
internal sealed class WorkloadRestarter(MigrationContext context)
{
    public const string Annotation = "antrea-migration.io/restarted-for";

    private static readonly TimeSpan BegunPatience = TimeSpan.FromMinutes(1);

    private const string NextStep =
        "See why with 'kubectl describe' on the Pods named, then run the command again; it goes on at this step.";

    private readonly ConcurrentDictionary<(string Namespace, string ReplicaSet), WorkloadOwner> _replicaSets = [];
    private readonly SemaphoreSlim _gate = new(1);
    private readonly InPlaceRestarter _inPlace = new(context);

    /// <summary>Restarts until no Pod is left elsewhere; returns how many Pods are there.</summary>
    /// <param name="goal">Where the Pods belong.</param>
    /// <param name="marker">What the template's annotation is set to; null takes it away, so that templates are what they were before the
    /// first restart, wherever their Pods are by now.</param>
    /// <param name="cancellationToken">Stops between two requests.</param>
    public async Task<int> RestartAsync(RestartGoal goal, string? marker, CancellationToken cancellationToken)
    {
        var order = new RestartOrder(await context.Reader.ReadAsync(cancellationToken).ConfigureAwait(false));
        var strays = (await StrayPodsAsync(goal, cancellationToken).ConfigureAwait(false)).Select(p => p.Pod).Where(p => !p.Terminating).ToList();
        var marked = marker is null ? await MarkedAsync(context, cancellationToken).ConfigureAwait(false) : [];
        var workloads = order.Of(strays, marked).ToList();
        RequireController(order, workloads, goal);
        await RequireSandboxesAsync(strays, cancellationToken).ConfigureAwait(false);
        foreach (var rank in workloads.GroupBy(w => w.Rank))
        {
            await RestartRankAsync(rank.Key, rank, order, goal, marker, cancellationToken).ConfigureAwait(false);
            await EvictStragglersAsync([.. rank], order, goal, cancellationToken).ConfigureAwait(false);
        }

        await AwaitNoStrayAsync(goal, cancellationToken).ConfigureAwait(false);
        return (await context.InventoryAsync(cancellationToken).ConfigureAwait(false)).Count(p => !p.Pod.HostNetwork && !p.Pod.HasEnded && p.Pod.NodeName.Length > 0 && goal.IsReached(p.Pod, p.Network));
    }

    /// <summary>Pods that are not there, and Pods that get their network now; one without a Node has no
    /// sandbox, and will get the right one.</summary>
    public async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> StrayPodsAsync(
        RestartGoal goal, CancellationToken cancellationToken) =>
        StraysAmong(await context.InventoryAsync(cancellationToken).ConfigureAwait(false), goal);

    /// <summary>While some are waited for, only their Nodes are looked at; the last look is at the whole cluster.</summary>
    private Task AwaitNoStrayAsync(RestartGoal goal, CancellationToken cancellationToken)
    {
        HashSet<string> on = [];
        return context.WaitUntilAsync(
            async token =>
            {
                var strays = on.Count == 0
                    ? []
                    : StraysAmong(await context.InventoryAsync("api/v1/pods", p => on.Contains(p.NodeName), token).ConfigureAwait(false), goal);
                if (strays.IsEmpty)
                {
                    strays = await StrayPodsAsync(goal, token).ConfigureAwait(false);
                }

                on = [.. strays.Select(s => s.Pod.NodeName)];
                return Describe(strays, goal);
            },
            NextStep,
            cancellationToken);
    }

    public static string? Describe(ImmutableArray<(PodInfo Pod, PodNetwork Network)> strays, RestartGoal goal) =>
        strays.IsEmpty
            ? null
            : $"{strays.Length} Pods are not {goal.Wanted} yet: "
              + string.Join(", ", strays.Take(5).Select(s => $"{s.Pod} ({s.Network}, Node {s.Pod.NodeName})"))
              + (strays.Length > 5 ? ", …" : "");

    /// <summary>The workloads whose template was marked by a restart.</summary>
    public static async Task<List<WorkloadOwner>> MarkedAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        List<WorkloadOwner> marked = [];
        foreach (var kind in (string[])["Deployment", "StatefulSet", "DaemonSet"])
        {
            foreach (var obj in await context.Api.ListAsync($"apis/apps/v1/{kind.ToLowerInvariant()}s", cancellationToken).ConfigureAwait(false) ?? [])
            {
                if (MarkerOf(obj) is not null)
                {
                    marked.Add(new WorkloadOwner(kind, obj["metadata"]!["namespace"]!.GetValue<string>(), obj["metadata"]!["name"]!.GetValue<string>()));
                }
            }
        }

        return marked;
    }

    private static string? MarkerOf(JsonObject? workload) =>
        workload?["spec"]?["template"]?["metadata"]?["annotations"]?[Annotation]?.GetValue<string>();

    private RestartLimits LimitsFor(RestartGoal goal) =>
        new(context.Options.MaxUnavailable) { OneByOne = goal.OneByOne, OnSomeNodes = goal.OnSomeNodes, InPlace = context.Plan.Restart == RestartMode.InPlace };

    /// <summary>Before the first restart: the others would be half-way when the step stops at these.</summary>
    private void RequireController(RestartOrder order, IEnumerable<WorkloadRestart> workloads, RestartGoal goal)
    {
        foreach (var workload in workloads)
        {
            if (order.RuleOf(workload, LimitsFor(goal)) is { Manner: RestartManner.Refuse } rule)
            {
                throw new StepFailedException(
                    $"Pod {workload.Owner.Namespace}/{workload.Owner.Name} cannot be restarted: {rule.Reason}.",
                    "Do so, then run the command again; no Pod was restarted in this run.");
            }
        }
    }

    /// <summary>The way there has looked before its first change; the way back may be the first that restarts in place.</summary>
    private async Task RequireSandboxesAsync(IEnumerable<PodInfo> strays, CancellationToken cancellationToken)
    {
        if (context.Plan is { Restart: RestartMode.InPlace, Undoes: not null }
            && await SandboxCheck.FindAsync(context, [.. strays.Select(p => p.NodeName).Distinct()], cancellationToken).ConfigureAwait(false) is { Count: > 0 } found)
        {
            var first = found.MinBy(f => f.Subject, StringComparer.Ordinal)!;
            throw new StepFailedException(
                $"{first.Subject}{(found.Count > 1 ? $" and {found.Count - 1} more" : "")}: {first.Evidence}.",
                "Install crictl (cri-tools) there and let /etc/crictl.yaml name the runtime's socket, then run the command again; no Pod was restarted in this run.");
        }
    }

    private async Task RestartRankAsync(
        RestartRank rank, IEnumerable<WorkloadRestart> workloads, RestartOrder order, RestartGoal goal, string? marker, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var most = context.Options.MaxUnavailable ?? 1;
        var running = new Dictionary<Task, int>();
        try
        {
            foreach (var workload in workloads)
            {
                var weight = context.Options.MaxUnavailable is null || workload.Rank <= RestartRank.Webhooks
                    ? most
                    : Math.Clamp(order.RuleOf(workload, LimitsFor(goal)).AtOnce, 1, most);
                while (running.Count > 0 && running.Values.Sum() + weight > most)
                {
                    await EndOneAsync(running).ConfigureAwait(false);
                }

                await PassGateAsync(workload.ToString(), NodesOf(workload.Pods), stop.Token).ConfigureAwait(false);
                running.Add(RestartWorkloadAsync(workload, order, goal, marker, stop.Token), weight);
            }

            while (running.Count > 0)
            {
                await EndOneAsync(running).ConfigureAwait(false);
            }
        }
        catch (MigrationStoppedException) when (rank != RestartRank.Jobs)
        {
            // Who says stop does not mean what is under way, and each of these meets the closed gate before its next Pod. A Job is only waited for.
            while (running.Count > 0)
            {
                try
                {
                    await EndOneAsync(running).ConfigureAwait(false);
                }
                catch (MigrationStoppedException)
                {
                    // The same stop.
                }
            }

            throw;
        }
        finally
        {
            // When one fails, the others stop to wait for what they have begun, and nobody acts unseen.
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task EndOneAsync(Dictionary<Task, int> running)
    {
        var ended = await Task.WhenAny(running.Keys).ConfigureAwait(false);
        running.Remove(ended);
        await ended.ConfigureAwait(false);
    }

    /// <summary>Gates are asked one after the other.</summary>
    private async Task PassGateAsync(string subject, ImmutableArray<string> nodes, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await context.PassGateAsync(subject, nodes, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task RestartWorkloadAsync(
        WorkloadRestart workload, RestartOrder order, RestartGoal goal, string? marker, CancellationToken cancellationToken)
    {
        var rule = order.RuleOf(workload, LimitsFor(goal));

        // A mark that is to go from a template takes a rollout along, whatever else is wanted.
        if (rule.Manner == RestartManner.InPlace && (marker is not null || MarkerOf(order.ObjectOf(workload.Owner)?.Json) is null))
        {
            await AwaitBegunAsync(workload, order, cancellationToken).ConfigureAwait(false);
            await _inPlace.RestartAsync(workload, order, rule.AtOnce, goal, PassGateAsync, cancellationToken).ConfigureAwait(false);
        }
        else if (order.ObjectOf(workload.Owner) is not null)
        {
            await RestartRollingAsync(workload, order, goal, marker, cancellationToken).ConfigureAwait(false);
        }
        else if (workload.Owner.Kind == "Job")
        {
            await context.WaitUntilAsync(
                async token => Describe(await StraysOfAsync(workload.Owner, order, goal, token).ConfigureAwait(false), goal),
                $"Wait for Job {workload.Owner.Namespace}/{workload.Owner.Name} to end, or delete it, then run the command again.",
                cancellationToken,
                context.Options.JobTimeout).ConfigureAwait(false);
        }
        else
        {
            await EvictAsync(workload, order, rule.AtOnce, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Pods that an earlier run has restarted in place are ready before others of the workload go. One that takes too long for that is unready for
    /// reasons of its own.</summary>
    private async Task AwaitBegunAsync(WorkloadRestart workload, RestartOrder order, CancellationToken cancellationToken)
    {
        var since = context.Time.GetTimestamp();
        var path = PodsPathOf(workload.Owner, order);
        var others = workload.Pods.Select(p => p.Uid).ToHashSet(StringComparer.Ordinal);
        await context.WaitUntilAsync(
            async token =>
            {
                foreach (var pod in await context.ReadPodsAsync(path, token).ConfigureAwait(false))
                {
                    if (pod is { Ready: false, Terminating: false, HasEnded: false } && !others.Contains(pod.Uid) && context.Time.GetElapsedTime(since) < BegunPatience
                        && await OwnerAsync(pod, token).ConfigureAwait(false) == workload.Owner)
                    {
                        return $"Pod {pod} of {workload} is not ready yet";
                    }
                }

                return null;
            },
            NextStep,
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A Pod that came up on the wrong network after the roll (its Node lost the file for a while) is not rolled again. Looked for once a rank,
    /// for each look is at the whole cluster.</summary>
    private async Task EvictStragglersAsync(
        List<WorkloadRestart> rank, RestartOrder order, RestartGoal goal, CancellationToken cancellationToken)
    {
        var rolled = rank.Select(w => w.Owner).Where(o => order.ObjectOf(o) is not null).ToHashSet();
        if (rolled.Count == 0)
        {
            return;
        }

        var stragglers = new Dictionary<WorkloadOwner, List<PodInfo>>();
        foreach (var (pod, network) in await StrayPodsAsync(goal, cancellationToken).ConfigureAwait(false))
        {
            // Those of later ranks are known from before; a rollout's own ReplicaSets are not.
            var owner = order.OwnerOf(pod);
            if (!pod.Terminating && network != PodNetwork.None && (rolled.Contains(owner) || owner.Kind == "ReplicaSet")
                && rolled.Contains(owner = await OwnerAsync(pod, cancellationToken).ConfigureAwait(false)))
            {
                (stragglers.TryGetValue(owner, out var pods) ? pods : stragglers[owner] = []).Add(pod);
            }
        }

        foreach (var (owner, pods) in stragglers)
        {
            var workload = new WorkloadRestart(owner, pods, rank[0].Rank);
            await (order.RuleOf(workload, LimitsFor(goal)).Manner == RestartManner.InPlace
                ? _inPlace.RestartAsync(workload, order, 1, goal, PassGateAsync, cancellationToken)
                : EvictAsync(workload, order, 1, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task RestartRollingAsync(WorkloadRestart workload, RestartOrder order, RestartGoal goal, string? marker, CancellationToken cancellationToken)
    {
        var (kind, ns, name) = (workload.Owner.Kind, workload.Owner.Namespace, workload.Owner.Name);
        var path = $"apis/apps/v1/namespaces/{ns}/{kind.ToLowerInvariant()}s/{name}";
        var current = await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false);
        if (current is null)
        {
            return; // Deleted since; its Pods go with it.
        }

        var rule = RestartRule.Of(
            workload.Owner, current, workload.Rank, order.BudgetOf(workload.Pods), LimitsFor(goal) with { InPlace = false, IsRolling = MarkerOf(current) == marker });
        if (MarkerOf(current) != marker && (rule.Manner == RestartManner.Roll || marker is null))
        {
            await context.Api.StrategicMergePatchAsync(path, MarkerPatch(current, marker), cancellationToken).ConfigureAwait(false);
        }

        if (rule.Manner != RestartManner.Roll)
        {
            context.Report($"{workload}: {rule}");
            await EvictAsync(workload, order, rule.AtOnce, cancellationToken).ConfigureAwait(false);
            return;
        }

        await context.WaitUntilAsync(
            async token => await context.Api.GetAsync(path, token).ConfigureAwait(false) is { } now ? Rollout.Pending(now) : null,
            NextStep,
            cancellationToken).ConfigureAwait(false);
    }

    private static JsonObject MarkerPatch(JsonObject current, string? marker)
    {
        // Taking the last annotation away takes the map away, too: an empty one would be another template.
        var annotations = (JsonObject?)current["spec"]!["template"]!["metadata"]?["annotations"];
        return new JsonObject
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
        };
    }

    private async Task EvictAsync(WorkloadRestart workload, RestartOrder order, int atOnce, CancellationToken cancellationToken)
    {
        var done = 0;
        var path = PodsPathOf(workload.Owner, order);
        var ready = await CountReadyAsync(workload.Owner, await context.ReadPodsAsync(path, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        foreach (var batch in workload.Pods.Chunk(atOnce))
        {
            await PassGateAsync(
                batch is [var only] ? $"Pod {only} of {workload}" : $"{batch.Length} Pods of {workload}, from {batch[0].Name} on", NodesOf(batch), cancellationToken)
                .ConfigureAwait(false);
            foreach (var pod in batch)
            {
                await EvictAsync(pod, cancellationToken).ConfigureAwait(false);
            }

            await context.WaitUntilAsync(
                token => PendingReplacementsAsync(workload, path, batch, ready, token), NextStep, cancellationToken).ConfigureAwait(false);
            done += batch.Length;
            context.Report($"{workload}: {done} of {workload.Pods.Count} Pods restarted");
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
                catch (KubernetesApiException e) when (e.Code == HttpStatusCode.InternalServerError && e.Message.Contains("PodDisruptionBudget", StringComparison.Ordinal))
                {
                    throw new StepFailedException(
                        $"Pod {pod} can never be evicted: {e.Message}", "Narrow the PodDisruptionBudgets' selectors so that one matches it, then run the command again.");
                }
            },
            $"Scale up the workload of Pod {pod} or relax its PodDisruptionBudget, then run the command again.",
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<string?> PendingReplacementsAsync(
        WorkloadRestart workload, string path, PodInfo[] evicted, int readyBefore, CancellationToken cancellationToken)
    {
        var pods = await context.ReadPodsAsync(path, cancellationToken).ConfigureAwait(false);
        if (evicted.FirstOrDefault(e => e.Uid.Length > 0 && pods.Any(p => p.Uid == e.Uid)) is { } ending)
        {
            return $"Pod {ending} is ending";
        }

        var ready = await CountReadyAsync(workload.Owner, pods, cancellationToken).ConfigureAwait(false);
        return ready < readyBefore ? $"{workload}: {ready} of {readyBefore} Pods ready after evicting {string.Join(", ", evicted.Select(e => e.Name))}" : null;
    }

    private async Task<int> CountReadyAsync(WorkloadOwner owner, ImmutableArray<PodInfo> pods, CancellationToken cancellationToken)
    {
        var ready = 0;
        foreach (var pod in pods.Where(p => p.Ready && !p.Terminating))
        {
            ready += await OwnerAsync(pod, cancellationToken).ConfigureAwait(false) == owner ? 1 : 0;
        }

        return ready;
    }

    /// <summary>Where a workload's Pods are listed, with as few others as can be: its selector's, or its Namespace's where none is known.</summary>
    private static string PodsPathOf(WorkloadOwner owner, RestartOrder order) =>
        $"api/v1/namespaces/{owner.Namespace}/pods"
        + (LabelSelector.FromAccepted(order.ObjectOf(owner)?.Json.At("spec", "selector")) is { Requirements.IsEmpty: false } selector
            ? $"?labelSelector={Uri.EscapeDataString(selector.ToQuery())}"
            : "");

    /// <summary>Those of a workload without ReplicaSets.</summary>
    private async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> StraysOfAsync(
        WorkloadOwner owner, RestartOrder order, RestartGoal goal, CancellationToken cancellationToken) =>
        StraysAmong(
            await context.InventoryAsync(
                PodsPathOf(owner, order), p => p.Controller is { } c && c.Kind == owner.Kind && c.Name == owner.Name, cancellationToken).ConfigureAwait(false),
            goal);

    private static ImmutableArray<(PodInfo Pod, PodNetwork Network)> StraysAmong(
        IEnumerable<(PodInfo Pod, PodNetwork Network)> inventory, RestartGoal goal) =>
        [.. inventory.Where(p => !p.Pod.HasEnded && !p.Pod.HostNetwork && p.Pod.NodeName.Length > 0 && !goal.IsReached(p.Pod, p.Network))];

    /// <summary>The workload of a Pod; ReplicaSets, which rollouts make anew, are asked for once.</summary>
    private async Task<WorkloadOwner> OwnerAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        if (pod.Controller is not { Kind: "ReplicaSet" } controller)
        {
            return new WorkloadOwner(pod.Controller?.Kind ?? "Pod", pod.Namespace, pod.Controller?.Name ?? pod.Name);
        }

        if (!_replicaSets.TryGetValue((pod.Namespace, controller.Name), out var found))
        {
            var replicaSet = await context.Api.GetAsync(
                $"apis/apps/v1/namespaces/{pod.Namespace}/replicasets/{controller.Name}", cancellationToken).ConfigureAwait(false);
            var owner = replicaSet.ItemsAt("metadata", "ownerReferences").FirstOrDefault(o => o.FlagAt("controller") == true);
            _replicaSets[(pod.Namespace, controller.Name)] = found = owner.TextAt("kind") is { } kind && owner.TextAt("name") is { } name
                ? new WorkloadOwner(kind, pod.Namespace, name)
                : new WorkloadOwner("ReplicaSet", pod.Namespace, controller.Name);
        }

        return found;
    }

    private static ImmutableArray<string> NodesOf(IEnumerable<PodInfo> pods) =>
        [.. pods.Select(p => p.NodeName).Distinct().Order(StringComparer.Ordinal)];
}
