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

    /// <summary>A Node with PodCIDRs of a family in which Calico has blocks, but none there, so that no route of Calico's leads to it; null when there
    /// is none.</summary>
    public static (string Node, bool IsIPv6)? NodeOutOfReach(ClusterSnapshot snapshot)
    {
        var owners = snapshot.CalicoIpam.Blocks.Select(b => (b.Node, b.Cidr.IsIPv6)).ToHashSet();
        foreach (var isIPv6 in snapshot.CalicoIpam.Blocks.Select(b => b.Cidr.IsIPv6).DefaultIfEmpty().Distinct().Order())
        {
            var concerned = snapshot.Nodes.Where(n => n.PodCidrs.IsEmpty || n.PodCidrs.Any(c => c.IsIPv6 == isIPv6));
            if (concerned.FirstOrDefault(n => !owners.Contains((n.Name, isIPv6))) is { } node)
            {
                return (node.Name, isIPv6);
            }
        }

        return null;
    }

    public override IEnumerable<Finding> Check(ClusterSnapshot snapshot, MigrationOptions options)
    {
        if (NodeOutOfReach(snapshot) is var (node, isIPv6))
        {
            yield return new Finding(
                "node-without-calico-block",
                Severity.Blocker,
                $"Node/{node}",
                $"Calico has no {(isIPv6 ? "IPv6 " : "")}block on the Node, so the other Nodes have no route of Calico's to it that could be followed",
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
