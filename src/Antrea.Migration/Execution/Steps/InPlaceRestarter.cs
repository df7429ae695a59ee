using System.Collections.Immutable;
using System.Net;
using System.Runtime.ExceptionServices;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Restarts Pods where they are: each leaves its Services, then the container runtime ends its sandbox, and kubelet makes another with the network of
/// new Pods.</summary>
/// <remarks>
/// <para>A Pod leaves its Services by its condition Ready, written for kubelet, which would notice the end of the sandbox a second too late. Kubelet writes its own view
/// back every ten seconds as long as the Pod serves, so that the condition is looked at until the sandbox is gone. Killed in between, nothing is left to undo, and until
/// then the condition's reason tells the next run that this Pod's turn has come.</para>
/// <para>No eviction asks disruption budgets here: they are read before each Pod. Nobody counts for them what is under way, so each such Pod is taken off what they
/// allow, also when they have counted it themselves by then: too few at once, never too many.</para>
/// </remarks>
internal sealed class InPlaceRestarter(MigrationContext context)
{
    private const string Reason = "RestartingInPlace";

    private static readonly TimeSpan LeavingPatience = TimeSpan.FromSeconds(30);

    /// <summary>How long a Pod whose containers end may look ready to others.</summary>
    private static readonly TimeSpan HoldInterval = TimeSpan.FromMilliseconds(250);

    private readonly HostPortRules _hostPorts = new(context);
    private readonly SemaphoreSlim _asking = new(1);
    private readonly List<string> _underWay = [];

    /// <summary>Restarts a workload's Pods, so many at a time, and waits until each is where it belongs and ready.</summary>
    /// <param name="workload">The workload with its Pods, as they were seen.</param>
    /// <param name="order">Knows who is behind a Service.</param>
    /// <param name="atOnce">How many are missing at the same time.</param>
    /// <param name="goal">Where the Pods belong.</param>
    /// <param name="passGateAsync">Asks whether a change may be made.</param>
    /// <param name="cancellationToken">Stops between two requests.</param>
    public async Task RestartAsync(
        WorkloadRestart workload, RestartOrder order, int atOnce, RestartGoal goal, Func<string, ImmutableArray<string>, CancellationToken, Task> passGateAsync,
        CancellationToken cancellationToken)
    {
        var done = 0;
        MigrationStoppedException? stopped = null;
        await Parallel.ForEachAsync(
            workload.Pods,
            new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken },
            async (pod, token) =>
            {
                // Who says stop does not mean the Pods that are under way.
                try
                {
                    if (stopped is not null)
                    {
                        return;
                    }

                    await passGateAsync($"Pod {pod} of {workload}", [pod.NodeName], token).ConfigureAwait(false);
                }
                catch (MigrationStoppedException e)
                {
                    stopped = e;
                    return;
                }

                await RestartAsync(pod, order.IsServer(pod), goal, token).ConfigureAwait(false);
                context.Report($"{workload}: {Interlocked.Increment(ref done)} of {workload.Pods.Count} Pods restarted in place");
            }).ConfigureAwait(false);
        if (stopped is not null)
        {
            ExceptionDispatchInfo.Throw(stopped);
        }
    }

    /// <summary>Why a disruption budget does not let a Pod go now; null when it does. As the API server decides on evictions.</summary>
    /// <param name="budget">The budget, which is about the Pod.</param>
    /// <param name="isReady">Whether the Pod is ready; one that is not may go where enough others are healthy.</param>
    /// <param name="underWay">How many Pods are gone for the migration.</param>
    /// <remarks>Source: Kubernetes <c>pkg/registry/core/pod/storage/eviction.go</c>.</remarks>
    public static string? WhyNot(JsonObject budget, bool isReady, int underWay)
    {
        var name = budget.TextAt("metadata", "name");
        if (budget.NumberAt("status", "observedGeneration") < budget.NumberAt("metadata", "generation"))
        {
            return $"PodDisruptionBudget {name} has changed and is being worked out";
        }

        var (healthy, desired) = (budget.NumberAt("status", "currentHealthy") ?? 0, budget.NumberAt("status", "desiredHealthy") ?? 0);
        if (!isReady && (budget.TextAt("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" || (desired > 0 && healthy >= desired)))
        {
            return null;
        }

        var allowed = budget.NumberAt("status", "disruptionsAllowed") ?? 0;
        return allowed > underWay
            ? null
            : $"PodDisruptionBudget {name} lets {allowed} Pods go ({healthy} healthy, {desired} wanted){(underWay > 0 ? $", and {underWay} are restarting" : "")}";
    }

    private async Task RestartAsync(PodInfo pod, bool isServer, RestartGoal goal, CancellationToken cancellationToken)
    {
        var (budgets, serves) = await AwaitBudgetsAsync(pod, cancellationToken).ConfigureAwait(false);
        try
        {
            if (await LeaveServicesAsync(pod, isServer, cancellationToken).ConfigureAwait(false))
            {
                await EndSandboxAsync(pod, cancellationToken).ConfigureAwait(false);
            }

            await _hostPorts.ReleaseEndedAsync(pod, cancellationToken).ConfigureAwait(false);

            await context.WaitUntilAsync(
                token => PendingAsync(pod, serves, goal, token),
                "See why with 'kubectl describe' on the Pod, then run the command again; it goes on at this step.",
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_underWay)
            {
                budgets.ForEach(b => _underWay.Remove(b));
            }
        }
    }

    /// <summary>Waits until all budgets of the Pod let it go, and takes it off what they allow. Tells too whether the Pod serves now, or did until a run of this
    /// migration marked it.</summary>
    private async Task<(List<string> Taken, bool Serves)> AwaitBudgetsAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        List<string> taken = [];
        var serves = false;
        await context.WaitUntilAsync(
            async token =>
            {
                await _asking.WaitAsync(token).ConfigureAwait(false);
                try
                {
                    var budgets = await BudgetsOfAsync(pod, token).ConfigureAwait(false);
                    var ready = (await context.Api.GetAsync(PathOf(pod), token).ConfigureAwait(false))
                        .ItemsAt("status", "conditions").FirstOrDefault(c => c.TextAt("type") == "Ready");
                    var isReady = ready.TextAt("status") == "True";

                    // One that an earlier run has taken out of its Services was let go then.
                    var isGranted = !isReady && ready.TextAt("reason") == Reason;
                    serves = isReady || isGranted;
                    lock (_underWay)
                    {
                        var why = isGranted ? null : budgets.Select(b => WhyNot(b, isReady, _underWay.Count(u => u == KeyOf(b)))).FirstOrDefault(w => w is not null);
                        if (why is null)
                        {
                            taken.AddRange(budgets.Select(KeyOf));
                            _underWay.AddRange(taken);
                        }

                        return why is null ? null : $"Pod {pod} may not be restarted yet: {why}";
                    }
                }
                finally
                {
                    _asking.Release();
                }
            },
            $"Scale up the workload of Pod {pod} or relax its PodDisruptionBudget, then run the command again.",
            cancellationToken).ConfigureAwait(false);
        return (taken, serves);
    }

    private async Task<List<JsonObject>> BudgetsOfAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        // A server before 1.21 does not know the first.
        var budgets = await context.Api.ListAsync($"apis/policy/v1/namespaces/{pod.Namespace}/poddisruptionbudgets", cancellationToken).ConfigureAwait(false)
            ?? await context.Api.ListAsync($"apis/policy/v1beta1/namespaces/{pod.Namespace}/poddisruptionbudgets", cancellationToken).ConfigureAwait(false)
            ?? [];
        return [.. budgets.Where(b => RestartOrder.SelectorOf(new ClusterObject(b, "cluster"))?.Matches(pod.Labels) == true)];
    }

    private static string KeyOf(JsonObject budget) => $"{budget.TextAt("metadata", "namespace")}/{budget.TextAt("metadata", "name")}";

    /// <summary>Takes the Pod out of its Services, and lets it serve until everybody knows. False when the sandbox that was to be ended is gone already.</summary>
    private async Task<bool> LeaveServicesAsync(PodInfo pod, bool isServer, CancellationToken cancellationToken)
    {
        var begun = context.Time.GetTimestamp();
        long? left = null;
        var isThere = true;
        await context.WaitUntilAsync(
            async token =>
            {
                var now = await FindAsync(pod, token).ConfigureAwait(false);
                isThere = now is not null && HasSandboxOf(now, pod);
                if (!isThere)
                {
                    return null;
                }

                if (now!.Ready)
                {
                    left = null;
                    await MarkUnreadyAsync(pod, token).ConfigureAwait(false);
                }

                if (!isServer)
                {
                    return null;
                }

                if (await IsLedToAsync(pod, token).ConfigureAwait(false))
                {
                    left = null;

                    // A Service may want Pods that are not ready.
                    if (context.Time.GetElapsedTime(begun) <= LeavingPatience)
                    {
                        return $"Services still lead to Pod {pod}";
                    }

                    context.Report($"Services still lead to Pod {pod} after {LeavingPatience.TotalSeconds:0} s; its sandbox is ended all the same");
                    return null;
                }

                left ??= context.Time.GetTimestamp();
                return context.Time.GetElapsedTime(left.Value) >= context.Options.DrainTime ? null : $"Pod {pod} has left its Services, and serves until everybody knows";
            },
            "Run the command again; it goes on at this step.",
            cancellationToken).ConfigureAwait(false);
        return isThere;
    }

    private async Task EndSandboxAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        var json = await context.Api.GetAsync(PathOf(pod), cancellationToken).ConfigureAwait(false);
        var grace = TimeSpan.FromSeconds(json.NumberAt("spec", "terminationGracePeriodSeconds") ?? 30);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var held = HoldUnreadyAsync(pod, ended.Token);
        try
        {
            await context.RunAsync(pod.NodeName, NodeCommands.RestartSandbox(pod.Uid, pod.PodIPs[0], grace), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await held.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>While containers take their time to end.</summary>
    private async Task HoldUnreadyAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await FindAsync(pod, cancellationToken).ConfigureAwait(false) is { Ready: true } now && HasSandboxOf(now, pod))
            {
                await MarkUnreadyAsync(pod, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(HoldInterval, context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string?> PendingAsync(PodInfo pod, bool serves, RestartGoal goal, CancellationToken cancellationToken)
    {
        if (await FindAsync(pod, cancellationToken).ConfigureAwait(false) is not { HasEnded: false, Terminating: false } now)
        {
            return null; // Somebody else took it away; what came instead is looked at in the end.
        }

        if (now.PodIPs.IsEmpty || (serves && !now.Ready))
        {
            return $"Pod {pod} is starting again on Node {pod.NodeName}";
        }

        var network = await context.NetworkOfAsync(now, cancellationToken).ConfigureAwait(false);
        if (goal.IsReached(now, network))
        {
            return null;
        }

        if (HasSandboxOf(now, pod))
        {
            return $"Pod {pod} is not {goal.Wanted} yet ({network}, Node {pod.NodeName})";
        }

        context.Report($"Pod {pod} has come up as {network} on Node {pod.NodeName}, and is looked at again after the others");
        return null;
    }

    private async Task<PodInfo?> FindAsync(PodInfo pod, CancellationToken cancellationToken) =>
        await context.Api.GetAsync(PathOf(pod), cancellationToken).ConfigureAwait(false) is { } json
        && ClusterSnapshotBuilder.BuildLenient([new ClusterObject(json, "cluster")], []).Pods is [var now] && now.Uid == pod.Uid
            ? now
            : null;

    /// <summary>Whether the Pod still has the sandbox that it was seen with; kubelet may have made another meanwhile.</summary>
    private static bool HasSandboxOf(PodInfo now, PodInfo seen) =>
        !now.HasEnded && !now.Terminating && !seen.PodIPs.IsEmpty && !now.PodIPs.IsEmpty && now.PodIPs[0].Equals(seen.PodIPs[0]);

    private async Task<bool> IsLedToAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        var slices = await context.Api.ListAsync($"apis/discovery.k8s.io/v1/namespaces/{pod.Namespace}/endpointslices", cancellationToken).ConfigureAwait(false)
            ?? await context.Api.ListAsync($"apis/discovery.k8s.io/v1beta1/namespaces/{pod.Namespace}/endpointslices", cancellationToken).ConfigureAwait(false)
            ?? [];
        return slices.SelectMany(s => s.ItemsAt("endpoints")).Any(e => e.TextAt("targetRef", "uid") == pod.Uid && e.FlagAt("conditions", "ready") != false);
    }

    private async Task MarkUnreadyAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        try
        {
            await context.Api.StrategicMergePatchAsync(
                PathOf(pod) + "/status",
                new JsonObject
                {
                    ["status"] = new JsonObject
                    {
                        ["conditions"] = new JsonArray(new JsonObject
                        {
                            ["type"] = "Ready",
                            ["status"] = "False",
                            ["reason"] = Reason,
                            ["message"] = "antrea-migrator restarts the Pod's sandbox",
                        }),
                    },
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.Code == HttpStatusCode.NotFound)
        {
            // Gone meanwhile, which the next look shows.
        }
    }

    private static string PathOf(PodInfo pod) => $"api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}";
}
