using System.Globalization;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>PodDisruptionBudgets, which eviction asks before a Pod goes, and the migration before it restarts one in place.</summary>
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

            // Rollouts never ask it; what would take more Pods than it allows is evicted. What stays in place asks, too.
            var asked = pods.Where(context.AsksBudgets).ToList();
            if (asked.Count == 0)
            {
                yield return new Finding(
                    "disruption-budget-not-asked",
                    Severity.Info,
                    budget.ToString(),
                    $"No disruption is allowed for {PreflightContext.Some(pods.Select(p => p.ToString()))}, and none is caused: their workloads roll with the successors ready first.",
                    "Nothing to do.");
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
                    $"No disruption is allowed ({healthy?.ToString(CultureInfo.InvariantCulture) ?? "?"} healthy, {desired?.ToString(CultureInfo.InvariantCulture) ?? "?"} wanted) for {PreflightContext.Some(asked.Select(p => p.ToString()))}, which must be {(asked.Exists(context.IsEvicted) ? "evicted" : "restarted in place")}{(never ? ", whatever happens" : "")}."),
                never
                    ? "Allow at least one disruption for the time of the migration, or let the workload roll with maxUnavailable 0."
                    : "Wait until its Pods are healthy again; restarts wait meanwhile.");
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
                context.IsEvicted(match.Key) ? Severity.Blocker : Severity.Warning,
                PreflightContext.Subject(match.Key),
                $"The PodDisruptionBudgets {string.Join(", ", match.Select(m => m.Budget).Order(StringComparer.Ordinal))} all match this Pod; the API server refuses to evict it.",
                "Narrow the selectors so that one budget matches.");
        }
    }

    private static IEnumerable<PodInfo> Selected(PreflightContext context, ClusterObject budget) =>
        RestartOrder.SelectorOf(budget) is { } selector
            ? context.PodsByNamespace[budget.Namespace].Where(p => selector.Matches(p.Labels))
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
