using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>Pods that cannot simply be restarted. Pods on their Node's network are never looked at.</summary>
internal static class WorkloadRules
{
    // What Calico's CNI plugin takes from a Pod. Source: Calico v3.26 cni-plugin/pkg/k8s/k8s.go.
    private static readonly string[] AddressAnnotations =
    [
        "cni.projectcalico.org/ipAddrs", "cni.projectcalico.org/ipAddrsNoIpam", "cni.projectcalico.org/ipv4pools",
        "cni.projectcalico.org/ipv6pools", "cni.projectcalico.org/floatingIPs",
    ];

    public static IEnumerable<Finding> BarePods(PreflightContext context) =>
        context.PodsOnPodNetwork.Where(p => p.Controller is null && !p.IsMirror && context.RuleOf(p).Manner == RestartManner.Refuse).Select(p => new Finding(
            "bare-pod",
            Severity.Blocker,
            PreflightContext.Subject(p),
            "The Pod has no controller: once deleted it does not come back.",
            "Delete it, or put it under a Deployment; the migration stops at Pods that nobody would make anew."));

    public static IEnumerable<Finding> StaticPods(PreflightContext context) =>
        context.PodsOnPodNetwork.Where(p => p.IsMirror).Select(p => new Finding(
            "static-pod-on-pod-network",
            Severity.Blocker,
            PreflightContext.Subject(p),
            $"A static Pod of Node {p.NodeName} with a Calico address: deleting it does not restart it, and it cannot reach Antrea Pods later.",
            "Set hostNetwork in its manifest on the Node, or move the manifest away for the migration."));

    public static IEnumerable<Finding> NeverRestarted(PreflightContext context) =>
        context.PodsOnPodNetwork.Where(p => p.RestartPolicy == "Never" && p.Controller?.Kind != "Job").Select(p => new Finding(
            "pod-never-restarts",
            Severity.Warning,
            PreflightContext.Subject(p),
            "restartPolicy is Never: what the Pod is doing is lost when it is deleted.",
            "Wait until it has ended, or make sure that its work can be lost."));

    /// <summary>The container runtime stops containers itself, and knows nothing of hooks.</summary>
    public static IEnumerable<Finding> PreStopHooks(PreflightContext context) =>
        context.Workloads.Where(w => context.RuleOf(w.Pods[0]).Manner == RestartManner.InPlace
                && context.PodObjects.TryGetValue((w.Pods[0].Namespace, w.Pods[0].Name), out var pod)
                && pod.Json.ItemsAt("spec", "containers").Concat(pod.Json.ItemsAt("spec", "initContainers")).Any(c => c.At("lifecycle", "preStop") is not null))
            .Select(w => new Finding(
                "pre-stop-hook-not-run",
                Severity.Warning,
                w.ToString(),
                "Its Pods have preStop hooks, which a restart in place does not run: their containers get the stop signal, and the grace period from then on.",
                "Make sure that the stop signal is enough, or plan with --restart reschedule."));

    public static IEnumerable<Finding> RunningJobs(PreflightContext context) =>
        context.PodsOnPodNetwork.Where(p => p.Controller?.Kind == "Job")
            .GroupBy(p => (p.Namespace, p.Controller!.Value.Name))
            .Select(job => new Finding(
                "job-running",
                Severity.Warning,
                $"Job/{job.Key.Namespace}/{job.Key.Name}",
                $"The Job is still at work with {PreflightContext.Some(job.Select(p => p.Name))}; a killed Pod may count as failed.",
                "It is waited for; suspend the CronJob behind it so that no new one starts."));

    public static IEnumerable<Finding> NotReady(PreflightContext context) =>
        context.PodsOnPodNetwork.Where(p => !p.Ready && !p.Terminating && p.Controller?.Kind != "Job").Select(p => new Finding(
            "pod-not-ready",
            Severity.Warning,
            PreflightContext.Subject(p),
            $"The Pod is {(p.Phase.Length == 0 ? "in no known phase" : p.Phase)} and not ready; after the migration nobody can tell whose fault that is.",
            "Repair or remove it before the migration."));

    /// <summary>Restarting by rollout does not work for these, or takes more Pods at once than it may; their Pods are evicted instead.</summary>
    public static IEnumerable<Finding> DoNotRoll(PreflightContext context) =>
        context.Workloads.Where(w => context.ObjectOf(w) is not null && context.RuleOf(w.Pods[0]) is { Manner: RestartManner.Evict, Reason.Length: > 0 })
            .Select(w => new Finding(
                "workload-does-not-roll",
                Severity.Warning,
                w.ToString(),
                $"It is not restarted by a rollout, but {context.RuleOf(w.Pods[0])}.",
                "Nothing. Resume its rollout, or give it a strategy with maxUnavailable 0, to keep its own pace."));

    /// <summary>No successor is ready before the last Pod that serves ends.</summary>
    public static IEnumerable<Finding> ServesWithGap(PreflightContext context)
    {
        foreach (var workload in context.Workloads.Where(w => w.Owner.Kind is "Deployment" or "StatefulSet" && context.IsServer(w.Pods[0])))
        {
            if (context.ObjectOf(workload) is { } json && context.RuleOf(workload.Pods[0]) is var rule && rule.AtOnce >= RestartRule.Wanted(json))
            {
                yield return new Finding(
                    "workload-restarts-with-gap",
                    Severity.Warning,
                    workload.ToString(),
                    $"All {RestartRule.Wanted(json)} of its Pods are missing at the same time when it restarts, and a Service leads to them: requests are lost in each such moment.",
                    rule.Manner == RestartManner.InPlace ? "Give it one replica more for the time of the migration, or plan with --restart reschedule."
                        : workload.Owner.Kind == "Deployment" ? "Give it maxSurge 1 and maxUnavailable 0, or one replica more, for the time of the migration."
                        : "Give it one replica more for the time of the migration, or tell its clients.");
            }
        }
    }

    /// <summary>A rolling rule that takes every Pod together: nobody asks these by a Service, but what they do for their Nodes or queues stops.</summary>
    public static IEnumerable<Finding> GoesAllAtOnce(PreflightContext context) =>
        from workload in context.Workloads
        where !(workload.Owner.Kind is "Deployment" or "StatefulSet" && context.IsServer(workload.Pods[0]))
        let json = context.ObjectOf(workload)
        where json is not null && context.RuleOf(workload.Pods[0]) is { Manner: RestartManner.Roll or RestartManner.InPlace } rule && rule.AtOnce >= PodsOf(workload, json)
        select new Finding(
            "workload-restarts-all-at-once",
            Severity.Warning,
            workload.ToString(),
            $"Its update strategy lets all of its {PodsOf(workload, json)} Pods go at the same time, and so does its restart.",
            "Give it a smaller maxUnavailable for the time of the migration, or plan with --max-unavailable, which evicts its Pods in batches instead.");

    /// <summary>How many Pods the workload wants; of a single one all are always missing at once, which is no finding, so at least two.</summary>
    private static int PodsOf(WorkloadRestart workload, JsonObject json) =>
        Math.Max(2, workload.Owner.Kind == "DaemonSet" ? (int)(json.NumberAt("status", "desiredNumberScheduled") ?? workload.Pods.Count) : RestartRule.Wanted(json));

    /// <summary>Pods with volumes of their Node: a drained Node leaves them Pending.</summary>
    public static IEnumerable<Finding> BoundToNode(PreflightContext context)
    {
        var local = context.Snapshot.OfKind("", "PersistentVolume")
            .Where(v => v.Json.At("spec", "local") is not null || v.Json.At("spec", "hostPath") is not null)
            .Select(v => (v.Json.TextAt("spec", "claimRef", "namespace"), v.Json.TextAt("spec", "claimRef", "name")))
            .ToHashSet();
        var bound = context.PodsOnPodNetwork
            .Where(p => context.PodObjects.TryGetValue((p.Namespace, p.Name), out var obj)
                && obj.Json.ItemsAt("spec", "volumes").Any(v => IsLocal(v, p.Namespace, local)))
            .GroupBy(p => p.Controller is { } c ? $"{c.Kind}/{p.Namespace}/{c.Name}" : PreflightContext.Subject(p));
        foreach (var group in bound)
        {
            yield return new Finding(
                "pod-bound-to-node",
                Severity.Info,
                group.Key,
                $"Volumes of the Node (hostPath or a local PersistentVolume) hold {PreflightContext.Some(group.Select(p => $"{p.Name} on {p.NodeName}"))}.",
                "Nothing to do for a restart in place; a drained Node leaves these Pods Pending.");
        }
    }

    /// <summary>Two Pods with one hostPort do not fit on a Node, so that nobody answers there between the old and the new.</summary>
    public static IEnumerable<Finding> HostPorts(PreflightContext context) =>
        context.Workloads.Where(w => w.Pods.Exists(p => !p.HostPorts.IsEmpty)).Select(w => new Finding(
            "host-port-has-gap",
            Severity.Warning,
            w.ToString(),
            $"Its Pods are reached by ports of their Nodes ({string.Join(", ", w.Pods.SelectMany(p => p.HostPorts).Distinct().Order())}): on each Node nobody answers there from the end of the old Pod until the new one is ready.",
            "Let clients go to other Nodes meanwhile, as a load balancer's health check does, or tell them. Rules that would still lead to the old Pod are removed as soon as it is gone."));

    public static IEnumerable<Finding> PinnedAddresses(PreflightContext context) =>
        context.PodsOnPodNetwork
            .Select(p => (Pod: p, Names: AddressAnnotations.Where(p.Annotations.ContainsKey).ToList()))
            .Where(p => p.Names.Count > 0)
            .Select(p => new Finding(
                "pod-asks-for-calico-address",
                Severity.Warning,
                PreflightContext.Subject(p.Pod),
                $"The annotations {string.Join(", ", p.Names)} choose the Pod's address or pool; Antrea does not know them.",
                "Find out who relies on the address; with Antrea the Pod gets one of its Node's podCIDR."));

    private static bool IsLocal(JsonNode? volume, string ns, HashSet<(string?, string?)> local) =>
        volume.At("hostPath") is not null
        || (volume.TextAt("persistentVolumeClaim", "claimName") is { } claim && local.Contains((ns, claim)));
}
