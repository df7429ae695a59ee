using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>Which CronJobs a migration suspends while it restarts Pods.</summary>
internal static class CronJobs
{
    /// <summary>Whether its Pods get addresses and it is not suspended already.</summary>
    public static bool IsConcerned(JsonObject cronJob) =>
        cronJob.FlagAt("spec", "suspend") != true && cronJob.FlagAt("spec", "jobTemplate", "spec", "template", "spec", "hostNetwork") != true;

    /// <summary>Whether the cluster has any.</summary>
    public static bool AreConcerned(ClusterSnapshot snapshot) => snapshot.OfKind("batch", "CronJob").Any(c => IsConcerned(c.Json));
}
