using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>ResourceQuotas, which let a Namespace have no more Pods than so many.</summary>
/// <remarks>Source: Kubernetes <c>pkg/quota/v1/evaluator/core/pods.go</c>: <c>pods</c> counts Pods that have not ended, <c>count/pods</c> all of them.</remarks>
internal static class QuotaRules
{
    /// <summary>Workloads whose successors must be ready before a Pod ends, where the quota has no room for a single successor.</summary>
    public static IEnumerable<Finding> NoRoomForSurge(PreflightContext context)
    {
        foreach (var quota in context.Snapshot.OfKind("", "ResourceQuota"))
        {
            var stuck = context.Workloads.Where(w => w.Owner.Namespace == quota.Namespace && Surges(context, w)).Select(w => w.ToString()).ToList();
            foreach (var (resource, most, used) in stuck.Count == 0 ? [] : LimitsOf(quota, context.Snapshot).Where(l => l.Used >= l.Most))
            {
                yield return new Finding(
                    "quota-leaves-no-room-for-restart",
                    Severity.Warning,
                    quota.ToString(),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{used} of {most} {resource} are used, and {PreflightContext.Some(stuck)} can only be restarted with a Pod more than now (maxUnavailable is 0): the migration would stop there."),
                    "Raise the quota by one Pod for the time of the migration, or give these workloads a maxUnavailable of 1.");
            }
        }
    }

    private static bool Surges(PreflightContext context, WorkloadRestart workload) =>
        context.RuleOf(workload.Pods[0]) is { Manner: RestartManner.Roll, AtOnce: 0 }
        && context.ObjectOf(workload) is { } json && RestartRule.Surge(workload.Owner.Kind, json) > 0;

    /// <summary>What counts Pods; a quota for some of them only (scopes) says itself how many it counts.</summary>
    private static IEnumerable<(string Resource, long Most, long Used)> LimitsOf(ClusterObject quota, ClusterSnapshot snapshot)
    {
        var isWhole = !quota.Json.TextsAt("spec", "scopes").Any() && quota.Json.At("spec", "scopeSelector") is null;
        var pods = snapshot.Pods.Where(p => p.Namespace == quota.Namespace).ToList();
        foreach (var (resource, count) in ((string, long)[])[("pods", pods.Count(p => !p.HasEnded)), ("count/pods", pods.Count)])
        {
            if (Amount(quota.Json.At("spec", "hard", resource)) is { } most
                && (isWhole ? count : Amount(quota.Json.At("status", "used", resource))) is { } used)
            {
                yield return (resource, most, used);
            }
        }
    }

    /// <summary>A whole number, as Pods are counted.</summary>
    private static long? Amount(JsonNode? quantity) =>
        long.TryParse(quantity?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) ? amount : null;
}
