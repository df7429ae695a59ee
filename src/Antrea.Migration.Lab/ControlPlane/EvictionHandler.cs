using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Evicts Pods as far as PodDisruptionBudgets allow.</summary>
/// <remarks>Rules of <c>pkg/registry/core/pod/storage/eviction.go</c>: Pods that are not running are deleted without asking; a
/// budget whose status is older than its spec means "try again" (429 with Retry-After), one that allows nothing 429, and
/// two budgets on one Pod are an error (500).</remarks>
internal static class EvictionHandler
{
    private const string Refusal = "Cannot evict pod as it would violate the pod's disruption budget.";
    private const int StaleRetrySeconds = 10;

    /// <summary>POST to <c>pods/eviction</c>, of <c>policy/v1</c> or <c>policy/v1beta1</c>.</summary>
    public static async Task EvictAsync(ApiCall call)
    {
        var eviction = await call.ReadObjectAsync().ConfigureAwait(false);
        if (eviction.Text("apiVersion") is not (null or "" or "policy/v1" or "policy/v1beta1")
            || eviction.Text("kind") is not (null or "" or "Eviction"))
        {
            throw ApiException.BadRequest($"expected an Eviction of policy/v1 or policy/v1beta1, got {eviction.Text("apiVersion")} {eviction.Text("kind")}");
        }

        if (eviction.Text("metadata", "name") is { Length: > 0 } name && name != call.Name)
        {
            throw ApiException.BadRequest("name in URL does not match name in Eviction object");
        }

        var options = eviction.Object("deleteOptions") ?? [];
        var dryRun = call.DryRun || options.Texts("dryRun").Contains("All");
        var pod = call.Current();
        if (NeedsBudget(pod))
        {
            TakeFromBudget(call.Store, pod, dryRun);
        }

        DeleteHandler.Delete(call, call.Namespace, call.Name, options, dryRun);
        await call.AnswerAsync(SubresourceHandler.Success(), HttpStatusCode.Created).ConfigureAwait(false);
    }

    private static bool NeedsBudget(JsonObject pod) =>
        !pod.IsTerminating() && pod.Text("status", "phase") is not ("Pending" or "Succeeded" or "Failed");

    private static void TakeFromBudget(ObjectStore store, JsonObject pod, bool dryRun)
    {
        var budgets = store.PeekAll(ResourceType.PodDisruptionBudget, pod.NamespaceOf())
            .Where(b => LabelSelector.FromSpec(b.Object("spec", "selector")).Matches(pod))
            .ToList();
        if (budgets.Count > 1)
        {
            throw new ApiException(
                HttpStatusCode.InternalServerError,
                "InternalError",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        if (budgets is not [var budget] || (!pod.ConditionIsTrue("Ready") && MayGoUnready(budget)))
        {
            return;
        }

        store.Mutate(ResourceType.PodDisruptionBudget, budget.NamespaceOf(), budget.NameOf(), now =>
        {
            var status = now.Ensure("status");
            var (allowed, generation) = (status.Number("disruptionsAllowed") ?? 0, now.Number("metadata", "generation") ?? 1);
            if ((status.Number("observedGeneration") ?? 0) < generation)
            {
                throw TooMany(now, $"The disruption budget {now.NameOf()} is still being processed by the server.", StaleRetrySeconds);
            }

            if (allowed <= 0)
            {
                throw TooMany(
                    now,
                    $"The disruption budget {now.NameOf()} needs {status.Number("desiredHealthy") ?? 0} healthy pods and has "
                    + $"{status.Number("currentHealthy") ?? 0} currently",
                    0);
            }

            status["disruptionsAllowed"] = allowed - 1;
            status.Ensure("disruptedPods")[pod.NameOf()] = store.Now;
            return !dryRun;
        });
    }

    /// <summary>A Pod that is not ready does not count as healthy, so the budget may not need it.</summary>
    private static bool MayGoUnready(JsonObject budget)
    {
        var desired = budget.Number("status", "desiredHealthy") ?? 0;
        return budget.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow"
            || (desired > 0 && (budget.Number("status", "currentHealthy") ?? 0) >= desired);
    }

    private static ApiException TooMany(JsonObject budget, string cause, int retryAfterSeconds) =>
        new(HttpStatusCode.TooManyRequests, "TooManyRequests", Refusal)
        {
            RetryAfterSeconds = retryAfterSeconds,
            Details = new JsonObject
            {
                ["name"] = budget.NameOf(),
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = cause }),
            },
        };
}
