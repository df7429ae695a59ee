using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Ranges of other Nodes that no route of this Node leads to. Nothing is called missing without the cluster's objects.</summary>
internal static class MissingRoutes
{
    public static void Find(NodeRoutes node, List<Route> main, KnownRanges known, RouteConflictList conflicts)
    {
        if (!known.HasCluster || node.Table(RouteFormat.MainTable) is not { } table)
        {
            return;
        }

        // A Node without any route of a network's has not got that network (yet, or any more); that is not a gap.
        if (main.Exists(known.IsCalicoClusterRoute))
        {
            foreach (var block in known.Blocks.Entries.Where(b => b.Value is not null && b.Value != node.Node && known.NodeNames.Contains(b.Value)))
            {
                if (IsUncovered(table, block.Cidr.FirstAddress))
                {
                    conflicts.Add(
                        node.Node,
                        "missing-calico-route",
                        Severity.Warning,
                        null,
                        $"no route leads to Calico's {block.Cidr} of {OverlapTexts.Of(block.Value)}",
                        $"the host and the Calico Pods cannot reach Calico Pods in {block.Cidr}, unless the default gateway knows the way",
                        "See whether calico-node runs on both Nodes and they are BGP peers ('calicoctl node status')");
                }
            }
        }

        if (!main.Exists(KnownRanges.IsByGateway))
        {
            return;
        }

        foreach (var podCidr in known.PodCidrs.Entries.Where(p => p.Cidr.AddressCount > 1 && IsUncovered(table, p.Cidr.AddressAt(1))))
        {
            var isOwn = podCidr.Value == node.Node;
            conflicts.Add(
                node.Node,
                "missing-pod-cidr-route",
                Severity.Warning,
                null,
                isOwn
                    ? $"antrea-gw0 of {node.Node} has no route to the Node's own PodCIDR {podCidr.Cidr}"
                    : $"no route leads to {podCidr.Cidr}, the PodCIDR of {OverlapTexts.Of(podCidr.Value)}",
                isOwn
                    ? "kubelet cannot reach this Node's Antrea Pods, so they never become Ready"
                    : $"the host and the Calico Pods cannot reach Antrea Pods of {OverlapTexts.Of(podCidr.Value)}, unless the default gateway knows the way "
                    + "(as it must in noEncap mode between subnets)",
                "See whether antrea-agent runs here and is connected ('kubectl get antreaagentinfos'); it writes its routes again every 60 s");
        }
    }

    private static bool IsUncovered(RouteTable table, System.Net.IPAddress address) => table.Lookup(address) is null or { Destination.PrefixLength: 0 };
}
