using Antrea.Migration.Execution;

namespace Antrea.Migration.Kind;

/// <summary>Reaches the Nodes of a KinD cluster by <c>docker exec</c> or <c>podman exec</c>, as the seed does.</summary>
public sealed class KindNodeAccess : INodeAccess
{
    private readonly KindTool _tool;

    /// <summary>Creates the access.</summary>
    /// <param name="tool">The programs to use.</param>
    public KindNodeAccess(KindTool tool)
    {
        ArgumentNullException.ThrowIfNull(tool);
        _tool = tool;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException"><paramref name="node"/> is not a name that kind makes.</exception>
    public Task<NodeCommandResult> RunAsync(
        string node, NodeCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        return _tool.ExecuteAsync(node, command, cancellationToken);
    }
}
