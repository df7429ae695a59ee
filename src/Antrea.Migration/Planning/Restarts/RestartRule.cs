using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>How a workload's Pods get their new network.</summary>
internal enum RestartManner
{
    /// <summary>Its own controller rolls it.</summary>
    Roll,

    /// <summary>Its Pods are evicted, so many at a time; its controller makes them anew.</summary>
    Evict,

    /// <summary>Its Pods stay, and get new sandboxes, so many at a time.</summary>
    InPlace,

    /// <summary>Its Pods are waited for.</summary>
    Wait,

    /// <summary>Nobody would make its Pods anew.</summary>
    Refuse,
}

/// <summary>How many Pods a migration may keep from serving.</summary>
/// <param name="MaxUnavailable">Over all workloads together; null: one workload at a time, by its own strategy.</param>
internal readonly record struct RestartLimits(int? MaxUnavailable)
{
    /// <summary>Only the Pods in question, and not whole workloads. A Deployment of one Pod rolls all the same, so that its successor is ready before it ends.</summary>
    public bool OneByOne { get; init; }

    /// <summary>Only the Pods of some Nodes, as many at once as the workload's own strategy takes or the operator lets.</summary>
    public bool OnSomeNodes { get; init; }

    /// <summary>Pods stay where they are and get new sandboxes, wherever that does not end them.</summary>
    public bool InPlace { get; init; }

    /// <summary>The workload's template was changed by an earlier run: it rolls already, and what it has begun has used its budget up.</summary>
    public bool IsRolling { get; init; }
}

/// <summary>How one workload is restarted: by the rule of its kind, its own strategy, its disruption budgets and the operator's limit.</summary>
/// <param name="Manner">How.</param>
/// <param name="AtOnce">How many of its Pods are missing at the same time because of it; 0 where successors are ready first.</param>
/// <param name="Reason">Why it is not rolled; empty where there is nothing to say.</param>
internal readonly record struct RestartRule(RestartManner Manner, int AtOnce, string Reason)
{
    /// <summary>The rule for one workload.</summary>
    /// <param name="owner">The workload.</param>
    /// <param name="workload">Its object; null where it has none, or none that is known here.</param>
    /// <param name="rank">Its place in the order: of what everybody needs no two Pods go at once.</param>
    /// <param name="budget">How many of its Pods its disruption budgets let go now; null without budgets.</param>
    /// <param name="limits">The operator's.</param>
    public static RestartRule Of(WorkloadOwner owner, JsonObject? workload, RestartRank rank, long? budget, RestartLimits limits) => owner.Kind switch
    {
        WorkloadOwner.StaticPod => new RestartRule(
            RestartManner.Refuse, 0, "it is a static Pod, which only its manifest on the Node restarts; set hostNetwork there, or move the manifest away for the migration"),
        "Job" => new RestartRule(RestartManner.Wait, 0, ""),
        _ when limits.InPlace => new RestartRule(RestartManner.InPlace, InPlaceAtOnce(owner.Kind, workload, rank, limits), ""),
        "Pod" => new RestartRule(RestartManner.Refuse, 0, "it has no controller, and nobody would make it anew; delete it, or put it under a Deployment"),
        "Deployment" or "StatefulSet" or "DaemonSet" when workload is not null => OfRolling(owner.Kind, workload, rank, budget, limits),
        _ => new RestartRule(RestartManner.Evict, Most(rank, limits) ?? 1, ""),
    };

    /// <summary>How many Pods are missing at once while the workload rolls, as Kubernetes resolves its strategy.</summary>
    /// <remarks>Source: Kubernetes <c>pkg/controller/deployment/util</c> ResolveFenceposts and <c>pkg/controller/daemon/update.go</c>.</remarks>
    public static int Missing(string kind, JsonObject workload)
    {
        var wanted = Wanted(workload);
        switch (kind)
        {
            case "Deployment" when workload.TextAt("spec", "strategy", "type") == "Recreate":
                return wanted;
            case "Deployment":
                var (surge, unavailable) = (
                    Resolve(workload.At("spec", "strategy", "rollingUpdate", "maxSurge"), wanted, roundUp: true, "25%"),
                    Resolve(workload.At("spec", "strategy", "rollingUpdate", "maxUnavailable"), wanted, roundUp: false, "25%"));
                return Math.Min(wanted, surge == 0 && unavailable == 0 ? 1 : unavailable);
            case "DaemonSet":
                var nodes = (int)(workload.NumberAt("status", "desiredNumberScheduled") ?? 1);
                return Resolve(workload.At("spec", "updateStrategy", "rollingUpdate", "maxSurge"), nodes, roundUp: true, "0") > 0
                    ? 0
                    : Math.Min(nodes, Math.Max(1, Resolve(workload.At("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), nodes, roundUp: true, "1")));
            default:
                return Math.Min(wanted, Math.Max(1, Resolve(workload.At("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), wanted, roundUp: false, "1")));
        }
    }

    /// <summary>How many Pods more than it wants a workload has while it rolls.</summary>
    /// <remarks>Source: as <see cref="Missing"/>.</remarks>
    public static int Surge(string kind, JsonObject workload) => kind switch
    {
        "Deployment" when workload.TextAt("spec", "strategy", "type") != "Recreate" =>
            Resolve(workload.At("spec", "strategy", "rollingUpdate", "maxSurge"), Wanted(workload), roundUp: true, "25%"),
        "DaemonSet" => Resolve(
            workload.At("spec", "updateStrategy", "rollingUpdate", "maxSurge"), (int)(workload.NumberAt("status", "desiredNumberScheduled") ?? 1), roundUp: true, "0"),
        _ => 0,
    };

    /// <summary>How many Pods the workload wants; 1 when it does not say.</summary>
    public static int Wanted(JsonObject workload) => (int)(workload.NumberAt("spec", "replicas") ?? 1);

    /// <summary>What a plan adds to the workload's name; empty for a rollout.</summary>
    public override string ToString() => Manner switch
    {
        RestartManner.Evict => $"evicted {(AtOnce == 1 ? "one by one" : $"{AtOnce} at a time")}{(Reason.Length > 0 ? $": {Reason}" : "")}",
        RestartManner.InPlace => $"in place, {(AtOnce == 1 ? "one by one" : $"{AtOnce} at a time")}",
        RestartManner.Wait => "waited for",
        RestartManner.Refuse => $"refused: {Reason}",
        _ => "",
    };

    /// <summary>As many as its own strategy takes, at least one. Nothing surges here, and Recreate, which keeps two versions apart, has nothing to say: the
    /// version is the same.</summary>
    private static int InPlaceAtOnce(string kind, JsonObject? workload, RestartRank rank, RestartLimits limits) =>
        limits.OneByOne ? 1
        : Math.Min(
            Most(rank, limits) ?? int.MaxValue,
            workload is null ? Most(rank, limits) ?? 1
            : workload.TextAt("spec", "strategy", "type") == "Recreate" ? 1
            : Math.Max(1, Missing(kind, workload)));

    private static RestartRule OfRolling(string kind, JsonObject workload, RestartRank rank, long? budget, RestartLimits limits)
    {
        var (missing, most) = (Missing(kind, workload), Most(rank, limits));
        var why = WhyNot(kind, workload, limits)
            ?? (limits.IsRolling ? null
                : missing > most ? $"its own strategy takes {missing} Pods at once, and {most} may be missing"
                : missing > budget ? $"its own strategy takes {missing} Pods at once, and its PodDisruptionBudget lets {budget} go now"
                : null);
        return why is null ? new RestartRule(RestartManner.Roll, missing, "")

            // Peers of a StatefulSet may need each other to form a quorum.
            : new RestartRule(RestartManner.Evict, limits.OneByOne ? 1 : Math.Min(most ?? (limits.OnSomeNodes ? Math.Max(1, missing) : 1), kind == "StatefulSet" ? Math.Max(1, missing) : int.MaxValue), why);
    }

    /// <summary>Why a changed template would not restart every Pod in question, or others as well; null when it does just that.</summary>
    private static string? WhyNot(string kind, JsonObject workload, RestartLimits limits) =>
        workload.FlagAt("spec", "paused") == true ? "its rollout is paused"
        : workload.TextAt("spec", "updateStrategy", "type") == "OnDelete" ? "its updateStrategy is OnDelete"
        : workload.NumberAt("spec", "updateStrategy", "rollingUpdate", "partition") is > 0 and var partition
            ? string.Create(CultureInfo.InvariantCulture, $"its rollout stops at partition {partition}")
        : workload.ItemsAt("metadata", "ownerReferences").Any(o => o.TextAt("apiVersion")?.StartsWith("operator.tigera.io/", StringComparison.Ordinal) == true)
            ? "the Tigera operator would write its template back"
        : kind == "Deployment" && Wanted(workload) == 1 ? null
        : limits.OneByOne ? "only Pods with clashing addresses"
        : limits.OnSomeNodes ? "only those on these Nodes"
        : null;

    private static int? Most(RestartRank rank, RestartLimits limits) => rank <= RestartRank.Webhooks ? 1 : limits.MaxUnavailable;

    /// <summary>A number, or a share in percent.</summary>
    private static int Resolve(JsonNode? value, int total, bool roundUp, string missing)
    {
        var text = value?.ToString() ?? missing;
        if (!text.EndsWith('%'))
        {
            return int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;
        }

        var share = decimal.TryParse(text[..^1], CultureInfo.InvariantCulture, out var percent) ? percent * total / 100 : 0;
        return (int)(roundUp ? Math.Ceiling(share) : Math.Floor(share));
    }
}
