using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Makes one Node send what Calico Pods have for PodCIDRs the way it sends to the Calico Pods there.</summary>
/// <remarks>The way is taken from the Node's own routes to the other Nodes' blocks, so it is right for IPIP, VXLAN and no tunnel alike.</remarks>
internal sealed class LeadCalicoAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var snapshot = await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false);
        var text = await context.RunAsync(node, NodeCommands.ReadRoutes(), cancellationToken).ConfigureAwait(false);
        var routes = RouteParser.ParseJson(text, node).Routes.Where(r => r is { Table: "main", Gateway: not null, Device: not null }).ToList();
        ImmutableArray<string> wanted =
        [
            .. context.Plan.PodCidrs.Where(n => n.Key != node)
                .SelectMany(peer => peer.Value.Select(podCidr => Lead(node, peer.Key, podCidr, snapshot, routes))),
        ];
        await context.RunAsync(
            node,
            NodeCommands.LeadCalico(context.Plan.PodCidrs[node], Outermost(context.Plan.CalicoCidrs), wanted),
            cancellationToken).ConfigureAwait(false);
        return $"{wanted.Length} PodCIDRs by Calico's way";
    }

    private static string Lead(string node, string peer, Cidr podCidr, ClusterSnapshot snapshot, List<Route> routes)
    {
        var ranges = snapshot.CalicoIpam.Blocks.Where(b => b.Node == peer && b.Cidr.IsIPv6 == podCidr.IsIPv6).Select(b => b.Cidr).ToList();
        var way = routes.FirstOrDefault(r => ranges.Exists(c => c.Contains(r.Destination)))
            ?? throw new StepFailedException(
                $"Node {node} has no route to a Calico block of Node {peer}, so it cannot be told how to send to {podCidr} there.",
                $"Look at calico-node on both Nodes ('ip route' on {node}); then run the command again.");
        return $"{podCidr} via {way.Gateway} dev {way.Device}{(way.OnLink ? " onlink" : "")}";
    }

    private static IEnumerable<Cidr> Outermost(ImmutableArray<Cidr> cidrs) => cidrs.Where(c => !cidrs.Any(o => o != c && o.Contains(c)));
}

/// <summary>Takes rules and table away again.</summary>
internal sealed class StopLeadingCalicoAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await context.RunAsync(step.Node!, NodeCommands.StopLeadingCalico(), cancellationToken).ConfigureAwait(false);
        return "rules and table removed";
    }
}
