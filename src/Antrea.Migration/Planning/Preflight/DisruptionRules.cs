using System.Globalization;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>PodDisruptionBudgets, which eviction asks before a Pod goes.</summary>
/// <remarks>Source: Kubernetes <c>pkg/registry/core/pod/storage/eviction.go</c>.</remarks>
internal static class DisruptionRules
{
    public static IEnumerable<Finding> BudgetsThatAllowNone(PreflightContext context)
    {
        foreach (var budget in context.Snapshot.OfKind("policy", "PodDisruptionBudget"))
        {
            var pods = Selected(context, budget).ToList();
            if (pods.Count == 0 || budget.Json.NumberAt("status", "disruptionsAllowed") is not { } allowed || allowed > 0)
            {
                continue;
            }

            var never = NeverAllows(budget, pods.Count);
            var healthy = budget.Json.NumberAt("status", "currentHealthy");
            var desired = budget.Json.NumberAt("status", "desiredHealthy");
            yield return new Finding(
                never ? "disruption-budget-never-allows" : "disruption-budget-allows-none-now",
                never ? Severity.Blocker : Severity.Warning,
                budget.ToString(),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"No disruption is allowed ({healthy?.ToString(CultureInfo.InvariantCulture) ?? "?"} healthy, {desired?.ToString(CultureInfo.InvariantCulture) ?? "?"} wanted) for {PreflightContext.Some(pods.Select(p => p.ToString()))}{(never ? ", whatever happens" : "")}."),
                never
                    ? "Allow at least one disruption, or add a replica, for the time of the migration."
                    : "Wait until its Pods are healthy again; evictions wait meanwhile.");
        }
    }

    /// <summary>Eviction answers 500 when two budgets match a Pod.</summary>
    public static IEnumerable<Finding> PodsWithTwoBudgets(PreflightContext context)
    {
        var matches = context.Snapshot.OfKind("policy", "PodDisruptionBudget")
            .SelectMany(b => Selected(context, b).Select(p => (Pod: p, Budget: b.Name)))
            .GroupBy(m => m.Pod);
        foreach (var match in matches.Where(m => m.Skip(1).Any()))
        {
            yield return new Finding(
                "pod-matched-by-two-disruption-budgets",
                Severity.Blocker,
                PreflightContext.Subject(match.Key),
                $"The PodDisruptionBudgets {string.Join(", ", match.Select(m => m.Budget).Order(StringComparer.Ordinal))} all match this Pod; the API server refuses to evict it.",
                "Narrow the selectors so that one budget matches.");
        }
    }

    private static IEnumerable<PodInfo> Selected(PreflightContext context, ClusterObject budget) =>
        LabelSelector.FromAccepted(budget.Json.At("spec", "selector")) is { } selector
            ? context.PodsOnPodNetwork.Where(p => p.Namespace == budget.Namespace && selector.Matches(p.Labels))
            : [];

    private static bool NeverAllows(ClusterObject budget, int pods)
    {
        if (budget.Json.At("spec", "maxUnavailable") is { } most)
        {
            return most.NumberAt() == 0 || most.TextAt() is "0" or "0%";
        }

        var least = budget.Json.At("spec", "minAvailable");
        var expected = budget.Json.NumberAt("status", "expectedPods") ?? pods;
        return least.TextAt() == "100%" || (least.NumberAt() is { } number && number >= expected);
    }
}
