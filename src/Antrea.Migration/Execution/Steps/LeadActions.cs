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
        var text = await context.RunAsync(node, NodeCommands.ReadRoutes(), cancellationToken).ConfigureAwait(false);
        var routes = RouteParser.ParseJson(text, node).Routes;
        Task<CidrTable<string>> ReadAsync() => ReadBlocksAsync(context, cancellationToken);
        var blocks = await context.Memory.BlocksAsync(ReadAsync, unfit: null, cancellationToken).ConfigureAwait(false);
        var ways = WaysOf(blocks, routes);
        if (Peers(context, blocks, node).Any(p => !ways.ContainsKey((p.Node, p.PodCidr.IsIPv6))))
        {
            // A Node may have claimed another block since.
            blocks = await context.Memory.BlocksAsync(ReadAsync, unfit: blocks, cancellationToken).ConfigureAwait(false);
            ways = WaysOf(blocks, routes);
        }

        ImmutableArray<string> wanted = [.. Peers(context, blocks, node).Select(p => Lead(node, p.Node, p.PodCidr, ways))];
        await context.RunAsync(
            node,
            NodeCommands.LeadCalico(context.Plan.PodCidrs[node], context.Plan.OutermostCalicoCidrs(), wanted),
            cancellationToken).ConfigureAwait(false);
        return $"{wanted.Length} PodCIDRs by Calico's way";
    }

    /// <summary>The other Nodes' PodCIDRs; not those of a family in which Calico has nothing, and so no Pods that could send there.</summary>
    private static IEnumerable<(string Node, Cidr PodCidr)> Peers(MigrationContext context, CidrTable<string> blocks, string node)
    {
        var families = blocks.Entries.Select(b => b.Cidr.IsIPv6).ToHashSet();
        return context.Plan.PodCidrs.Where(n => n.Key != node)
            .SelectMany(n => n.Value.Where(c => families.Contains(c.IsIPv6)), (n, podCidr) => (n.Key, podCidr));
    }

    /// <summary>Whose each block is.</summary>
    private static async Task<CidrTable<string>> ReadBlocksAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        // The whole cluster, since the blocks are in one of two API groups, and one that does not answer must not look like none.
        var ipam = (await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false)).CalicoIpam;
        return new CidrTable<string>(ipam.Blocks.Where(b => b.Node is not null).Select(b => new CidrEntry<string>(b.Cidr, b.Node!)));
    }

    /// <summary>By whose block it leads to, and its family: a route to the block itself, rather than one to an address that another Node has borrowed from it.</summary>
    private static Dictionary<(string Node, bool IsIPv6), Route> WaysOf(CidrTable<string> blocks, IEnumerable<Route> routes)
    {
        var ways = new Dictionary<(string Node, bool IsIPv6), Route>();
        foreach (var route in routes.Where(r => r is { Table: "main", Gateway: not null, Device: not null }).OrderBy(r => r.Destination.PrefixLength))
        {
            if (blocks.TryLookup(route.Destination.FirstAddress, out var block) && block.Cidr.Contains(route.Destination))
            {
                ways.TryAdd((block.Value, route.Destination.IsIPv6), route);
            }
        }

        return ways;
    }

    private static string Lead(string node, string peer, Cidr podCidr, Dictionary<(string Node, bool IsIPv6), Route> ways)
    {
        var way = ways.GetValueOrDefault((peer, podCidr.IsIPv6))
            ?? throw new StepFailedException(
                $"Node {node} has no route to a Calico block of Node {peer}, so it cannot be told how to send to {podCidr} there.",
                $"Look at calico-node on both Nodes ('ip route' on {node}); then run the command again.");
        return $"{podCidr} via {way.Gateway} dev {way.Device}{(way.OnLink ? " onlink" : "")}";
    }
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
