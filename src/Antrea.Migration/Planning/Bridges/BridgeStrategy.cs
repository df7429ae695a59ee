using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>One way to keep Calico and Antrea Pods in touch: what it needs, what it costs, what it mends, and its steps.</summary>
/// <remarks>Between the steps the planner puts what all ways have in common. Stateless.</remarks>
internal abstract class BridgeStrategy
{
    /// <summary>Which one it is.</summary>
    public abstract BridgeKind Kind { get; }

    /// <summary>What it needs, in words.</summary>
    public abstract string Needs { get; }

    /// <summary>What it costs, in words.</summary>
    public abstract string Costs { get; }

    /// <summary>The rows of the decision table that fail, or fail at times, without it, and work with it; all between different Nodes.</summary>
    public abstract ImmutableArray<(PodNetworkKind From, PodNetworkKind To)> Mends { get; }

    /// <summary>Which kinds of Pods are there at the same time, and in which phase.</summary>
    public abstract ImmutableArray<(MigrationPhase Phase, ImmutableArray<PodNetworkKind> Kinds)> Mixtures { get; }

    /// <summary>Whether Calico must leave every pool that reaches into PodCIDRs, clash or no clash.</summary>
    public virtual bool LeavesOldPools => false;

    /// <summary>The one of that kind; <see cref="BridgeKind.Auto"/> is none, and <see cref="BridgeKind.Partition"/> needs its parts.</summary>
    public static BridgeStrategy Of(BridgeKind kind) => kind switch
    {
        BridgeKind.Multus => new MultusBridge(),
        BridgeKind.PolicyRoute => new PolicyRouteBridge(),
        BridgeKind.Pool => new PoolBridge(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such bridge."),
    };

    /// <summary>The cluster's model with the bridge in it.</summary>
    public abstract ReachabilityModel Adapt(ReachabilityModel model);

    /// <summary>What of the options or the cluster it lacks: blockers.</summary>
    public abstract IEnumerable<Finding> Check(ClusterSnapshot snapshot, MigrationOptions options);

    /// <summary>What must stand on every Node before Antrea's CNI file appears there.</summary>
    public abstract void PutInFront(StepList steps);

    /// <summary>From Calico Pods to Antrea Pods.</summary>
    public abstract void MovePods(StepList steps, Readdressing? readdressing);

    /// <summary>Right before Calico goes.</summary>
    public abstract void LetGo(StepList steps);

    /// <summary>What is left of the bridge once Calico is gone.</summary>
    public abstract void CleanUp(StepList steps);
}
