using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>Extensions of the API server that hang on Pods, which a migration restarts and Calico's removal deletes.</summary>
internal static class ApiRules
{
    public static IEnumerable<Finding> CalicoApiService(PreflightContext context)
    {
        foreach (var service in context.Snapshot.OfKind("apiregistration.k8s.io", "APIService")
            .Where(s => s.Json.TextAt("spec", "group") == "projectcalico.org" && s.Json.At("spec", "service") is JsonObject))
        {
            var available = NodeInfoReader.Condition(service.Json, "Available");
            yield return available.TextAt("status") == "False"
                ? new Finding(
                    "calico-api-service-unavailable",
                    Severity.Blocker,
                    service.ToString(),
                    $"The APIService is not available ({available.TextAt("reason") ?? "no reason given"}): discovery is incomplete and Namespaces cannot be deleted.",
                    "Bring calico-apiserver back, or delete the APIService if it is not used any more.")
                : new Finding(
                    "calico-api-service-present",
                    Severity.Info,
                    service.ToString(),
                    "Calico's API server is installed; left behind without its Pods, the APIService would break discovery for the whole cluster.",
                    "Nothing to do; the APIService is deleted before what serves it.");
        }
    }

    /// <summary>While the only Pod behind a webhook restarts, everything it is asked about is refused.</summary>
    public static IEnumerable<Finding> Webhooks(PreflightContext context)
    {
        foreach (var kind in new[] { "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration" })
        {
            foreach (var configuration in context.Snapshot.OfKind("admissionregistration.k8s.io", kind))
            {
                foreach (var webhook in configuration.Json.ItemsAt("webhooks"))
                {
                    var backends = Backends(context, webhook);
                    if (webhook.TextAt("failurePolicy") is null or "Fail" && backends.Count > 0)
                    {
                        yield return new Finding(
                            "webhook-fails-closed",
                            Severity.Warning,
                            $"{configuration}#{webhook.TextAt("name")}",
                            $"The webhook refuses what it cannot be asked about, and is served by {PreflightContext.Some(backends.Select(p => p.ToString()))} on the Pod network"
                            + $"{(backends.Count == 1 ? ", a single Pod" : "")}{(ConcernsPods(webhook) ? "; it is asked about Pods, so it can stop the restarts" : "")}.",
                            "Give it two replicas, or failurePolicy Ignore for the migration; its Pods are restarted one at a time.");
                    }
                }
            }
        }
    }

    private static List<PodInfo> Backends(PreflightContext context, JsonNode? webhook)
    {
        var service = webhook.At("clientConfig", "service");
        var key = (service.TextAt("namespace") ?? "", service.TextAt("name") ?? "");
        return context.Services.TryGetValue(key, out var found) && LabelSelector.FromService(found.Json.At("spec", "selector")) is { } selector
            ? [.. context.PodsOnPodNetwork.Where(p => p.Namespace == key.Item1 && selector.Matches(p.Labels))]
            : [];
    }

    private static bool ConcernsPods(JsonNode? webhook) =>
        webhook.ItemsAt("rules").Any(r => r.TextsAt("resources").Any(x => x is "*" or "*/*" or "pods" or "pods/*" or "pods/eviction"));
}
