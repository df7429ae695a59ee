using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Every Pod becomes a Multus Pod before the first Antrea-only server exists.</summary>
/// <remarks><c>00-multus.conf</c> goes last: while it is loaded, deleting a Multus Pod frees both of its addresses.</remarks>
internal sealed class MultusBridge : BridgeStrategy
{
    public override BridgeKind Kind => BridgeKind.Multus;

    public override string Needs => "Antrea v2.4 or newer and the thin Multus on every Node";

    public override string Costs => "two restarts a Pod; bridged Pods answer by the address they were asked for";

    public override ImmutableArray<(PodNetworkKind From, PodNetworkKind To)> Mends =>
        [(PodNetworkKind.Calico, PodNetworkKind.Multus), (PodNetworkKind.Multus, PodNetworkKind.Antrea), (PodNetworkKind.Antrea, PodNetworkKind.Multus)];

    public override ImmutableArray<(MigrationPhase Phase, ImmutableArray<PodNetworkKind> Kinds)> Mixtures =>
    [
        (MigrationPhase.MultusPods, [PodNetworkKind.Calico, PodNetworkKind.Multus]),
        (MigrationPhase.AntreaPods, [PodNetworkKind.Multus, PodNetworkKind.Antrea]),
    ];

    public override ReachabilityModel Adapt(ReachabilityModel model) => model with { MultusRoutes = MultusRoutes.ByPodCidr, LabelsNodeAddresses = true };

    public override IEnumerable<Finding> Check(ClusterSnapshot snapshot, MigrationOptions options)
    {
        if (ServiceOutOfSight(snapshot) is var (service, clusterIP))
        {
            var known = snapshot.ServiceCidrs.IsEmpty ? "none" : string.Join(", ", snapshot.ServiceCidrs);
            yield return new Finding(
                "cluster-ip-outside-service-cidrs",
                Severity.Warning,
                service.ToString(),
                $"ClusterIP {clusterIP} lies in no known Service CIDR ({known}), so Multus Pods would have no route to it by net1: kube-proxy would lead them to "
                + "Antrea Pods of other Nodes under their Calico addresses, and the answers are lost unless it masquerades them",
                "Let the cluster name the ranges of all families (ServiceCIDR objects, kube-apiserver's --service-cluster-ip-range, kubeadm-config), or use another bridge");
        }

        const string remedy = "Name the thin release's multus-daemonset.yml with --multus-manifest";
        if (options.MultusManifest.IsEmpty)
        {
            yield return new Finding(
                "multus-manifest-missing", Severity.Blocker, "Options", "No Multus manifest was named, so the bridge could not be installed", remedy);
            yield break;
        }

        string? fault = null;
        try
        {
            MultusManifest.WithoutGenerator(options.MultusManifest);
        }
        catch (FormatException e)
        {
            fault = e.Message;
        }

        if (fault is not null)
        {
            yield return new Finding("multus-manifest-unusable", Severity.Blocker, "Options", fault, remedy);
        }
    }

    /// <summary>A ClusterIP in no known range, of a family in which Multus Pods will have addresses of both networks; null when there is none.</summary>
    private static (ClusterObject Service, IPAddress ClusterIP)? ServiceOutOfSight(ClusterSnapshot snapshot)
    {
        var families = snapshot.Nodes.SelectMany(n => n.PodCidrs).Select(c => c.IsIPv6).Intersect(snapshot.CalicoIpam.Blocks.Select(b => b.Cidr.IsIPv6)).ToHashSet();
        return snapshot.OfKind("", "Service")
            .SelectMany(s => ReachabilityService.ClusterIPsOf(s), (service, clusterIP) => ((ClusterObject, IPAddress)?)(service, clusterIP))
            .FirstOrDefault(one => families.Contains(one!.Value.Item2.AddressFamily == AddressFamily.InterNetworkV6)
                && !snapshot.ServiceCidrs.Any(c => c.Contains(one.Value.Item2)));
    }

    public override void PutInFront(StepList steps)
    {
        steps.Add(MigrationPhase.Bridge, MigrationStepKind.InstallMultus, "Install the Multus binary, its configuration generator off", Reversibility.Reversible);
        steps.ForEachNode(MigrationPhase.Bridge, MigrationStepKind.DelegateToCalico, "Put 00-multus.conf first, delegating to Calico only", Reversibility.Reversible);
    }

    public override void MovePods(StepList steps, Readdressing? readdressing)
    {
        steps.Renew(
            MigrationPhase.MultusPods,
            () => steps.ForEachNode(MigrationPhase.MultusPods, MigrationStepKind.DelegateToBoth, "Delegate to Calico and Antrea, replies kept symmetric", Reversibility.Reversible),
            "Restart Pods: they become Multus Pods");
        if (readdressing is { DeletesOldPools: true, EmptiesOldPools: false })
        {
            ReaddressingSteps.DeleteOldPools(steps, MigrationPhase.MultusPods, readdressing);
        }

        steps.Add(MigrationPhase.AntreaPods, MigrationStepKind.AssertPods, "Check that no Calico-only Pod is left", Reversibility.ReadOnly);
        steps.Add(MigrationPhase.AntreaPods, MigrationStepKind.ConvertPolicies, "Convert again what policies have changed, wait until realized", Reversibility.Reversible);
        steps.Add(MigrationPhase.AntreaPods, MigrationStepKind.Hold, "HOLD: Pods leave Calico's network next", Reversibility.ReadOnly);
        steps.Renew(
            MigrationPhase.AntreaPods,
            () => steps.ForEachNode(MigrationPhase.AntreaPods, MigrationStepKind.DelegateToAntrea, "Delegate to Antrea only", Reversibility.Reversible),
            "Restart Pods: they become Antrea Pods");
    }

    public override void LetGo(StepList steps) =>
        steps.ForEachNode(MigrationPhase.RemoveCalico, MigrationStepKind.RemoveMultusConfig, "Remove 00-multus.conf: Antrea's file is first", Reversibility.Reversible);

    public override void CleanUp(StepList steps) =>
        steps.Add(MigrationPhase.RemoveCalico, MigrationStepKind.RemoveMultus, "Remove Multus", Reversibility.Final);
}
