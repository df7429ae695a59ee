using Antrea.Migration.Findings;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Looks whether Nodes' Pods can be restarted in place: that goes through the container runtime's own tool.</summary>
internal static class SandboxCheck
{
    /// <summary>A blocker for each Node where that is not so.</summary>
    public static async Task<IReadOnlyCollection<Finding>> FindAsync(MigrationContext context, IReadOnlyList<string> nodes, CancellationToken cancellationToken)
    {
        var results = await MigrationContext.LookOnNodesAsync(nodes, (node, token) => context.Nodes.RunAsync(node, NodeCommands.CheckSandboxes(), token), cancellationToken).ConfigureAwait(false);
        return
        [
            .. nodes.Zip(results).Where(r => r.Second.ExitCode != 0).Select(r => new Finding(
                "node-sandboxes-out-of-reach",
                Severity.Blocker,
                $"Node/{r.First}",
                $"Its Pods' sandboxes cannot be restarted through the container runtime: {r.Second.Error.Trim().ReplaceLineEndings(" | ")}",
                "Install crictl (cri-tools) on the Node and let /etc/crictl.yaml name the runtime's socket, or restart with --restart reschedule.")),
        ];
    }
}
