using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Whether a workload's Pods are all of its newest template and available.</summary>
/// <remarks>The same rules as <c>kubectl rollout status</c> (Kubernetes v1.20 <c>staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go</c>).</remarks>
internal static class Rollout
{
    /// <summary>What is still missing, or null when the rollout is complete.</summary>
    public static string? Pending(JsonObject workload)
    {
        var kind = workload["kind"]!.GetValue<string>();
        var name = $"{kind}/{workload["metadata"]!["namespace"]}/{workload["metadata"]!["name"]}";
        var generation = Number(workload["metadata"], "generation");
        if (Number(workload["status"], "observedGeneration") < generation)
        {
            return $"{name}: its controller has not seen the change yet";
        }

        var (updated, available, total, wanted) = kind switch
        {
            "DaemonSet" => (
                Number(workload["status"], "updatedNumberScheduled"),
                Number(workload["status"], "numberAvailable"),
                Number(workload["status"], "desiredNumberScheduled"),
                Number(workload["status"], "desiredNumberScheduled")),
            "StatefulSet" => (
                Text(workload["status"], "currentRevision") == Text(workload["status"], "updateRevision")
                    ? Wanted(workload)
                    : Number(workload["status"], "updatedReplicas"),
                Number(workload["status"], "readyReplicas"),
                Number(workload["status"], "replicas"),
                Wanted(workload)),
            _ => (
                Number(workload["status"], "updatedReplicas"),
                Number(workload["status"], "availableReplicas"),
                Number(workload["status"], "replicas"),
                Wanted(workload)),
        };
        if (updated < wanted)
        {
            return $"{name}: {updated} of {wanted} Pods restarted";
        }

        if (total > wanted)
        {
            return $"{name}: {total - wanted} old Pods still ending";
        }

        return available < wanted ? $"{name}: {available} of {wanted} Pods available" : null;
    }

    private static long Wanted(JsonObject workload) =>
        workload["spec"]?["replicas"] is JsonValue value && value.TryGetValue<long>(out var replicas) ? replicas : 1;

    private static long Number(JsonNode? parent, string field) =>
        parent?[field] is JsonValue value && value.TryGetValue<long>(out var number) ? number : 0;

    private static string Text(JsonNode? parent, string field) => parent?[field]?.ToString() ?? "";
}
