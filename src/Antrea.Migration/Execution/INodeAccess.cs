namespace Antrea.Migration.Execution;

/// <summary>Runs a small command in a Node's own mount and network namespaces.</summary>
/// <remarks>The seam between the migration and the machines: a privileged DaemonSet with <c>exec</c> on real clusters,
/// <c>docker exec</c> under KinD. Called for several Nodes at the same time: 8, or as many as
/// <see cref="ExecutionOptions.NodesAtOnce"/> says.</remarks>
public interface INodeAccess
{
    /// <summary>Runs <paramref name="command"/> on <paramref name="node"/> and waits for its end.</summary>
    /// <param name="node">The Node's name.</param>
    /// <param name="command">What to run; see <see cref="NodeCommands"/> for those the migration uses.</param>
    /// <param name="cancellationToken">Ends the wait; the command itself may still finish.</param>
    /// <returns>The exit code and both outputs. A non-zero exit code is a result, not an exception.</returns>
    /// <exception cref="MigrationException">The Node could not be reached at all.</exception>
    Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default);
}
