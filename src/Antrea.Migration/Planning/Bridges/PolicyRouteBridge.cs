using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Calico Pods reach PodCIDRs by Calico's own tunnel, so that both directions of a connection pass the same two Nodes.</summary>
/// <remarks>Left to the main table, the request goes by Antrea's tunnel past the server's Node, whose kernel then calls the answer invalid. With the
/// request on Calico's path that Node sees both.</remarks>
internal sealed class PolicyRouteBridge : SingleRestartBridge
{
    public override BridgeKind Kind => BridgeKind.PolicyRoute;

    public override string Needs => "a Calico block or tunnel address on every Node, and 'ip rule' there";

    public override string Costs => "one restart a Pod, two rules and one table on each Node while it lasts; Calico clients keep their addresses, Antrea clients of Calico servers do not";

    public override ReachabilityModel Adapt(ReachabilityModel model) => model with { LeadsCalicoByItsTunnel = true };

    /// <summary>A Node that no Calico route leads to; null when there is none.</summary>
    public static string? NodeOutOfReach(ClusterSnapshot snapshot)
    {
        var owners = snapshot.CalicoIpam.Blocks.Select(b => b.Node).ToHashSet(StringComparer.Ordinal);
        return snapshot.Nodes.Select(n => n.Name).FirstOrDefault(n => !owners.Contains(n));
    }

    public override IEnumerable<Finding> Check(ClusterSnapshot snapshot, MigrationOptions options)
    {
        if (NodeOutOfReach(snapshot) is { } node)
        {
            yield return new Finding(
                "node-without-calico-block",
                Severity.Blocker,
                $"Node/{node}",
                "Calico has no block on the Node, so the other Nodes have no route of Calico's to it that could be followed",
                "Use another bridge, or let a Pod on Calico's network run there");
        }
    }

    public override void PutInFront(StepList steps)
    {
        base.PutInFront(steps);
        steps.ForEachNode(
            MigrationPhase.Bridge, MigrationStepKind.LeadCalico, "Lead what Calico Pods send to PodCIDRs by Calico's tunnel: a rule and a table of its own", Reversibility.Reversible);
    }

    public override void LetGo(StepList steps) => steps.ForEachNode(
        MigrationPhase.RemoveCalico, MigrationStepKind.StopLeadingCalico, "Remove the rule and the table", Reversibility.Reversible);
}
