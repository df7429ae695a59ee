using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Planning;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Restarts the Pods whose addresses clash; they come back with addresses of the new pools.</summary>
internal sealed class MovePodsAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var readdressing = CalicoIpamObjects.Readdressing(context);
        var wanted = context.Plan.Undoes is null ? "an address outside of the PodCIDRs" : $"an address outside of {string.Join(", ", readdressing.Ranges)}";
        var ranges = new CidrSet(readdressing.Ranges);
        var goal = new RestartGoal(
            step.Node is null ? wanted : $"{wanted} (Node {step.Node})",
            (pod, network) => network != PodNetwork.Calico || (step.Node is not null && pod.NodeName != step.Node)
                || !ReaddressingSteps.HasClash(pod, ranges))
        {
            // On the way back the marks come off anyway, which rolls whole workloads.
            OneByOne = context.Plan.Undoes is null,
        };
        await new WorkloadRestarter(context).RestartAsync(goal, RestartPodsAction.MarkerOf(context.Plan, step), cancellationToken).ConfigureAwait(false);
        return step.Node is null ? $"every Pod has {wanted}" : $"every Pod of Node {step.Node} has {wanted}";
    }
}

/// <summary>Releases the clashing blocks, and looks whether their routes are gone from every Node.</summary>
internal sealed class ReleaseBlocksAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var ranges = CalicoIpamObjects.Readdressing(context).Ranges;
        var released = await CalicoIpamObjects.ReleaseAsync(
            context,
            ranges,
            "Restart the Pods named; what belongs to no Pod is released with 'calicoctl ipam check' and 'calicoctl ipam release'. Then run the command again.",
            cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            token => RoutesLeftAsync(context, ranges, token),
            "See why calico-node on the Node named keeps the route; remove it with 'ip route del' if its block is gone. Then run the command again.",
            cancellationToken).ConfigureAwait(false);
        if (context.Plan.Undoes is null)
        {
            RequireNoOverlap(AddressAnalyzer.Analyze(await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false)));
        }

        return string.Create(
            CultureInfo.InvariantCulture, $"{released} blocks and affinities released; no route to them on any of {context.Plan.Nodes.Length} Nodes");
    }

    private static void RequireNoOverlap(AddressAnalysis analysis)
    {
        if (!analysis.Overlaps.IsEmpty)
        {
            var overlap = analysis.Overlaps[0];
            throw new StepFailedException(
                $"Calico's {overlap.Block} (Node {overlap.Owner ?? "unknown"}) lies in {overlap.PodCidr}, the PodCIDR of Node {overlap.Node}; it was not there when the plan was made.",
                "Make the plan again.");
        }
    }

    private static async Task<string?> RoutesLeftAsync(MigrationContext context, ImmutableArray<Cidr> ranges, CancellationToken cancellationToken)
    {
        var left = await MigrationContext.LookOnNodesAsync(
            context.Plan.Nodes,
            async (node, token) =>
            {
                var text = await context.RunAsync(node, NodeCommands.ReadRoutes(), token).ConfigureAwait(false);
                return RouteParser.ParseJson(text, node).Routes.FirstOrDefault(r => r.Table == "main" && ranges.Any(range => range.Contains(r.Destination))) is { } route
                    ? $"Node {node} still has the route {route}"
                    : null;
            },
            cancellationToken).ConfigureAwait(false);
        return left.FirstOrDefault(l => l is not null);
    }
}
