using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Planning;

/// <summary>Estimates how long a part takes to move: longer with its Nodes, with the others that are cordoned meanwhile, and with its Pods.</summary>
/// <remarks>How often a Node and the API server are asked is counted in the lab, to which a test holds the numbers here. How long an answer and a Pod take is assumed, and rather too
/// long: it depends on the cluster. Nodes are taken to go <see cref="ExecutionOptions.DefaultNodesAtOnce"/> at once. Left out are running Jobs, which are waited for, hold points, hooks,
/// and what an error budget makes wait.</remarks>
internal sealed class PartitionTime(RestartOrder order, MigrationOptions options)
{
    /// <summary>What a part takes whatever its size: agents start side by side, policies, canaries.</summary>
    public static readonly TimeSpan OfAPart = TimeSpan.FromMinutes(2);

    /// <summary>One Pod's or one batch's restart, until it is ready again: what images that are on the Node and usual readiness checks take.</summary>
    public static readonly TimeSpan OfABatch = TimeSpan.FromSeconds(20);

    /// <summary>Until calico-node's Pod has left its Node.</summary>
    public static readonly TimeSpan OfLeaving = TimeSpan.FromSeconds(5);

    /// <summary>A command on a Node, by <c>exec</c> through a busy API server.</summary>
    public static readonly TimeSpan OfACommand = TimeSpan.FromSeconds(1);

    /// <summary>A request to a busy API server.</summary>
    public static readonly TimeSpan OfARequest = TimeSpan.FromMilliseconds(30);

    /// <summary>Commands on each Node that moves, counted in the lab.</summary>
    public const int CommandsOfANode = 4;

    /// <summary>Those that come on top in the first part, whose Nodes are cleaned up at once.</summary>
    public const int CommandsOfCleaning = 3;

    /// <summary>Requests to the API server for each Node that moves, cleaning included, counted in the lab.</summary>
    public const int RequestsOfANode = 24;

    /// <summary>Requests for each Node that is cordoned meanwhile and then uncordoned, counted in the lab.</summary>
    public const int RequestsOfAnother = 10;

    /// <summary>Requests for each Pod that restarts, counted in the lab.</summary>
    public const int RequestsOfAPod = 2;

    /// <summary>The time of one part.</summary>
    /// <param name="isFirst">Whether it is the first one.</param>
    /// <param name="nodes">How many Nodes it has.</param>
    /// <param name="others">How many Nodes the other part has.</param>
    /// <param name="pods">Its Pods on the Pod network.</param>
    public TimeSpan Of(bool isFirst, int nodes, int others, IReadOnlyCollection<PodInfo> pods)
    {
        var requests = ((long)nodes * RequestsOfANode) + ((long)others * RequestsOfAnother) + ((long)pods.Count * RequestsOfAPod);
        return OfAPart + OfNodes(isFirst, nodes, ExecutionOptions.DefaultNodesAtOnce) + (requests * OfARequest) + (OfABatch * Batches(order.Of(pods)));
    }

    /// <summary>What of it is waited for on Nodes, so many of them side by side.</summary>
    public static TimeSpan OfNodes(bool isFirst, int nodes, int atOnce) =>
        DivideUp(nodes, atOnce) * (OfLeaving + ((CommandsOfANode + (isFirst ? CommandsOfCleaning : 0)) * OfACommand));

    /// <summary>How often Pods are waited for, one time after the other: workload by workload without a limit, side by side with one.</summary>
    private int Batches(IEnumerable<WorkloadRestart> workloads)
    {
        var limits = new RestartLimits(options.MaxUnavailable) { OnSomeNodes = true, InPlace = options.Restart == RestartMode.InPlace };
        var batches = 0;
        foreach (var rank in workloads.Where(w => w.Rank != RestartRank.Jobs).GroupBy(w => w.Rank))
        {
            var each = rank.Select(w => (w.Pods.Count, InTurn: DivideUp(w.Pods.Count, Math.Max(1, order.RuleOf(w, limits).AtOnce)))).ToList();
            batches += options.MaxUnavailable is { } most && rank.Key > RestartRank.Webhooks
                ? Math.Max(each.Max(w => w.InTurn), DivideUp(each.Sum(w => w.Count), most))
                : each.Sum(w => w.InTurn);
        }

        return batches;
    }

    private static int DivideUp(int value, int by) => (value + by - 1) / by;
}
