using System.Collections.Immutable;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Bridges that need no Multus: a Calico Pod becomes an Antrea Pod by one restart, with plain Calico Pods beside it.</summary>
internal abstract class SingleRestartBridge : BridgeStrategy
{
    public override ImmutableArray<(PodNetworkKind From, PodNetworkKind To)> Mends => [(PodNetworkKind.Calico, PodNetworkKind.Antrea)];

    public override ImmutableArray<(MigrationPhase Phase, ImmutableArray<PodNetworkKind> Kinds)> Mixtures =>
        [(MigrationPhase.AntreaPods, [PodNetworkKind.Calico, PodNetworkKind.Antrea])];

    public override void PutInFront(StepList steps) =>
        steps.ForEachNode(MigrationPhase.Bridge, MigrationStepKind.HoldCalico, "Put a copy of Calico's CNI file first", Reversibility.Reversible);

    public override void MovePods(StepList steps, Readdressing? readdressing)
    {
        steps.Add(MigrationPhase.AntreaPods, MigrationStepKind.AssertPods, "Check that no Calico address lies in a PodCIDR", Reversibility.ReadOnly);
        steps.Add(MigrationPhase.AntreaPods, MigrationStepKind.Hold, "HOLD: Pods leave Calico's network next", Reversibility.ReadOnly);
        steps.Renew(
            MigrationPhase.AntreaPods,
            () => steps.ForEachNode(MigrationPhase.AntreaPods, MigrationStepKind.ReleaseHold, "Remove the copy: Antrea's file is first", Reversibility.Reversible),
            "Restart Pods, servers before clients: they become Antrea Pods");
    }

    public override void LetGo(StepList steps)
    {
    }

    public override void CleanUp(StepList steps)
    {
    }
}
