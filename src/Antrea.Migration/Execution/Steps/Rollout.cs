using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Whether a workload's Pods are all of its newest template and available.</summary>
/// <remarks>The same rules as <c>kubectl rollout status</c> (Kubernetes v1.20 <c>staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go</c>).</remarks>
internal static class Rollout
{
    private const string Exceeded = "exceeded quota: ";
    private const string WhatPodsSay = "See why with 'kubectl describe' on the Pods named, then run the command again; it goes on at this step.";

    /// <summary>What is still missing, or null when the rollout is complete.</summary>
    public static string? Pending(JsonObject workload) =>
        Missing(workload) is { } missing ? $"{missing}{(RefusalOf(workload) is { } refusal ? $"; {refusal}" : "")}" : null;

    /// <summary>Why the API server makes no Pod of a workload: condition ReplicaFailure of a Deployment or ReplicaSet. Null where it does, or nobody says.</summary>
    /// <remarks>Without the Pod's name, which is another at each attempt and would look like progress. Sources: Kubernetes
    /// <c>pkg/controller/replicaset/replica_set_utils.go</c> and <c>staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota</c>.</remarks>
    public static string? RefusalOf(JsonObject? workload) =>
        workload.ItemsAt("status", "conditions").FirstOrDefault(c => c.TextAt("type") == "ReplicaFailure" && c.TextAt("status") == "True") is { } failure
            ? $"the API server makes none: {WithoutName(failure.TextAt("message") ?? failure.TextAt("reason") ?? "no reason given")}"
            : null;

    /// <summary>What a person can do when a workload's Pods do not come.</summary>
    public static string NextOf(JsonObject? workload) =>
        RefusalOf(workload) is not { } refusal ? WhatPodsSay
        : refusal.IndexOf(Exceeded, StringComparison.Ordinal) is var at and >= 0
            ? $"Raise ResourceQuota {workload.TextAt("metadata", "namespace")}/{refusal[(at + Exceeded.Length)..].Split(',')[0]}, or make room in it, then run the command again; it goes on at this step."
            : "Let the API server accept the workload's Pods, then run the command again; it goes on at this step.";

    private static string WithoutName(string message) =>
        message.StartsWith("pods \"", StringComparison.Ordinal) && message.IndexOf("\" is ", StringComparison.Ordinal) is var end and > 0 ? message[(end + 5)..] : message;

    private static string? Missing(JsonObject workload)
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
