using System.Collections.Concurrent;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Looks whether Nodes' Pods can be restarted in place: that goes through the container runtime's own tool.</summary>
internal static class SandboxCheck
{
    private const int NodesAtOnce = 8;

    /// <summary>A blocker for each Node where that is not so.</summary>
    public static async Task<IReadOnlyCollection<Finding>> FindAsync(MigrationContext context, IEnumerable<string> nodes, CancellationToken cancellationToken)
    {
        var found = new ConcurrentBag<Finding>();
        await Parallel.ForEachAsync(
            nodes,
            new ParallelOptions { MaxDegreeOfParallelism = NodesAtOnce, CancellationToken = cancellationToken },
            async (node, token) =>
            {
                var result = await context.Nodes.RunAsync(node, NodeCommands.CheckSandboxes(), token).ConfigureAwait(false);
                if (result.ExitCode != 0)
                {
                    found.Add(new Finding(
                        "node-sandboxes-out-of-reach",
                        Severity.Blocker,
                        $"Node/{node}",
                        $"Its Pods' sandboxes cannot be restarted through the container runtime: {result.Error.Trim().ReplaceLineEndings(" | ")}",
                        "Install crictl (cri-tools) on the Node and let /etc/crictl.yaml name the runtime's socket, or restart with --restart reschedule."));
                }
            }).ConfigureAwait(false);
        return found;
    }
}
