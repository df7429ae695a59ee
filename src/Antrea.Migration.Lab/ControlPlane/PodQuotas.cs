using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>ResourceQuotas on how many Pods a Namespace may have: <c>pods</c>, which counts those that have not ended, and <c>count/pods</c>, which counts all.</summary>
/// <remarks>Other resources, quotas with scopes and <c>status.used</c> are not looked at. Source: Kubernetes <c>pkg/quota/v1/evaluator/core/pods.go</c> and
/// <c>staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go</c>.</remarks>
internal static class PodQuotas
{
    private static readonly ResourceType Quota = new("", "v1", "ResourceQuota", "resourcequotas", true);

    /// <summary>Lets a new Pod through, or not.</summary>
    /// <param name="store">The Pods and quotas there are; no write may come in between.</param>
    /// <param name="pod">The Pod.</param>
    /// <exception cref="StoreConflictException">Forbidden: a quota is used up.</exception>
    public static void Check(ObjectStore store, JsonObject pod)
    {
        foreach (var quota in store.PeekAll(Quota, pod.NamespaceOf()).Where(q => !q.Texts("spec", "scopes").Any() && q.At("spec", "scopeSelector") is null))
        {
            foreach (var (resource, counts) in ((string, Func<JsonObject, bool>)[])[("pods", p => p.Text("status", "phase") is not ("Succeeded" or "Failed")), ("count/pods", _ => true)])
            {
                if (Amount(quota.At("spec", "hard", resource)) is { } most && store.PeekAll(ResourceType.Pod, pod.NamespaceOf()).Count(counts) is var used && used + 1 > most)
                {
                    throw new StoreConflictException(
                        "Forbidden",
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"pods \"{pod.NameOf()}\" is forbidden: exceeded quota: {quota.NameOf()}, requested: {resource}=1, used: {resource}={used}, limited: {resource}={most}"));
                }
            }
        }
    }

    private static long? Amount(JsonNode? quantity) =>
        quantity.Number() ?? (long.TryParse(quantity.Text(), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) ? amount : null);
}
