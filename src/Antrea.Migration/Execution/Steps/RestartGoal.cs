using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution.Steps;

/// <summary>What a restart of Pods is for: whoever is there already is left alone.</summary>
/// <param name="Wanted">What the Pods will be on or have, as in "3 Pods are not on Antrea yet".</param>
/// <param name="IsReached">Whether a Pod, on its network, is there.</param>
internal sealed record RestartGoal(string Wanted, Func<PodInfo, PodNetwork, bool> IsReached)
{
    /// <summary>Whether only the Pods in question are restarted, and not whole workloads. A workload of one Pod rolls all the same, so that its
    /// successor is ready before it ends.</summary>
    public bool OneByOne { get; init; }

    /// <summary>Whether only the Pods of some Nodes are in question, and not whole workloads.</summary>
    public bool OnSomeNodes { get; init; }

    /// <summary>On one network.</summary>
    public static RestartGoal On(PodNetwork target) => new($"on {target}", (_, network) => network == target);
}
