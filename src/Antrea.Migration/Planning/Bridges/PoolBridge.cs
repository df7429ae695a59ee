using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Calico's only pool lies outside of the PodCIDRs, so that it masquerades what its Pods send to Antrea Pods.</summary>
/// <remarks>A disabled pool that covers the destination still exempts it from masquerading: the old pools must be gone, not only disabled.
/// Source: Calico v3.26 <c>felix/rules/nat.go</c>.</remarks>
internal sealed class PoolBridge : SingleRestartBridge
{
    public override BridgeKind Kind => BridgeKind.Pool;

    public override bool LeavesOldPools => true;

    public override string Needs => "natOutgoing, and every Calico Pod in a pool outside of the PodCIDRs, which takes a restart of its own where it is not so";

    public override string Costs => "one restart a Pod more after that; Antrea servers see the gateway of the client's Node instead of a Calico client";

    public override ReachabilityModel Adapt(ReachabilityModel model) => model;

    /// <summary>Whether no pool reaches into a PodCIDR and all masquerade: then nothing has to be moved.</summary>
    public static bool IsThere(ClusterSnapshot snapshot) =>
        snapshot.CalicoIpam.Pools.Length > 0
        && snapshot.CalicoIpam.Pools.All(p => p.NatOutgoing && !snapshot.Nodes.Any(n => n.PodCidrs.Any(c => c.Overlaps(p.Cidr))));

    public override IEnumerable<Finding> Check(ClusterSnapshot snapshot, MigrationOptions options) => snapshot.CalicoIpam.Pools
        .Where(p => !p.NatOutgoing)
        .Select(p => new Finding(
            "pool-without-nat-outgoing",
            Severity.Blocker,
            $"IPPool/{p.Name}",
            "The pool does not masquerade what leaves it (natOutgoing is off), so Calico Pods could not reach Antrea Pods",
            "Use another bridge, or turn natOutgoing on"));
}
