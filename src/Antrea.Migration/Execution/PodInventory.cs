using System.Collections.Immutable;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution.Steps;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>A Pod that is on another network than a phase that is finished should have left it on.</summary>
/// <param name="Pod">As <c>namespace/name</c>.</param>
/// <param name="Node">Its Node.</param>
/// <param name="Network">The network it is on.</param>
public sealed record StrayPod(string Pod, string Node, PodNetwork Network);

/// <summary>Which networks the Pods of a cluster are on, and which of them are strays.</summary>
/// <param name="Counts">How many there are on each network; host-network and ended Pods are left out.</param>
/// <param name="Strays">By name; empty while no phase that restarts Pods is finished.</param>
public sealed record PodInventory(ImmutableSortedDictionary<PodNetwork, int> Counts, ImmutableArray<StrayPod> Strays)
{
    /// <summary>Holds Pods against what a record says.</summary>
    /// <remarks>A phase is finished for a Node when its restart of that Node's Pods is done. From then on they belong on the network that it restarts into, or on one
    /// that a later phase restarts into. A Pod that is being wired has no network yet and is no stray.</remarks>
    internal static PodInventory Of(MigrationRecord record, IEnumerable<(PodInfo Pod, PodNetwork Network)> pods)
    {
        ImmutableArray<(PodInfo Pod, PodNetwork Network)> all = [.. pods];
        var counts = PodNetworkInventory.Count(all.Select(p => p.Network));
        if (record.Current is not { } plan)
        {
            return new PodInventory(counts, []);
        }

        var journal = new JournalView(plan, record.Entries);
        var restarts = plan.Steps.Where(s => s.Kind == MigrationStepKind.RestartPods).ToList();
        var covered = restarts.ConvertAll(s => RestartPodsAction.MovingNodes(plan, s).ToHashSet(StringComparer.Ordinal));
        var last = restarts.FindLastIndex(journal.IsDone);
        return new PodInventory(
            counts,
            [
                .. all.Where(p => AssertPodsAction.IsOnPodNetwork(p.Pod) && p.Network != PodNetwork.None && IsStray(p.Pod.NodeName, p.Network))
                    .Select(p => new StrayPod(p.Pod.ToString(), p.Pod.NodeName, p.Network)).OrderBy(s => s.Pod, StringComparer.Ordinal),
            ]);

        bool IsStray(string node, PodNetwork network)
        {
            // A Node that joined is covered by what covers all.
            bool Covers(int at) => covered[at].Contains(node) || covered[at].Count == plan.Nodes.Length;
            var done = Enumerable.Range(0, last + 1).LastOrDefault(at => journal.IsDone(restarts[at]) && Covers(at), -1);
            return done >= 0 && !restarts.Skip(done).Where((_, at) => Covers(done + at)).Any(s => RestartPodsAction.TargetOf(s) == network);
        }
    }
}
