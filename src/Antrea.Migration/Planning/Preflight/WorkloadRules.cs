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
        context.PodsOnPodNetwork.Where(p => p.Controller is null && !p.IsMirror).Select(p => new Finding(
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

    /// <summary>Restarting by rollout does not work for these; their Pods are deleted one by one instead.</summary>
    public static IEnumerable<Finding> DoNotRoll(PreflightContext context)
    {
        foreach (var workload in context.Snapshot.Objects.Where(o => o.Group == "apps" && !IsHostNetwork(o)))
        {
            var reason = workload.Kind switch
            {
                "Deployment" when workload.Json.FlagAt("spec", "paused") == true => "The Deployment is paused",
                "DaemonSet" or "StatefulSet" when workload.Json.TextAt("spec", "updateStrategy", "type") == "OnDelete" => "The updateStrategy is OnDelete",
                _ => null,
            };
            if (reason is not null)
            {
                yield return new Finding(
                    "workload-does-not-roll",
                    Severity.Warning,
                    workload.ToString(),
                    $"{reason}: a rollout restart does nothing.",
                    "Nothing; the Pods are evicted one by one. Resume the rollout or use RollingUpdate to keep its own pace.");
            }
        }
    }

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

    private static bool IsHostNetwork(ClusterObject workload) =>
        workload.Json.FlagAt("spec", "template", "spec", "hostNetwork") == true;

    private static bool IsLocal(JsonNode? volume, string ns, HashSet<(string?, string?)> local) =>
        volume.At("hostPath") is not null
        || (volume.TextAt("persistentVolumeClaim", "claimName") is { } claim && local.Contains((ns, claim)));
}
