using System.Collections.Immutable;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Kind;

/// <summary>The programs <c>kind</c> and <c>docker</c>: every command line of this package is made here.</summary>
/// <remarks>Immutable and safe for use by several threads.</remarks>
public sealed class KindTool
{
    private const int ErrorLines = 15;

    private readonly IToolRunner _runner;
    private readonly string _kind;
    private readonly string _docker;

    /// <summary>Uses the two programs under these names or paths.</summary>
    /// <param name="kind">The kind program; default: as found on PATH.</param>
    /// <param name="docker">The docker program; default: as found on PATH.</param>
    public KindTool(string kind = "kind", string docker = "docker")
        : this(new CliWrapToolRunner(), kind, docker)
    {
    }

    internal KindTool(IToolRunner runner, string kind = "kind", string docker = "docker")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(kind);
        ArgumentException.ThrowIfNullOrWhiteSpace(docker);
        _runner = runner;
        _kind = kind;
        _docker = docker;
    }

    /// <summary>The version line of kind, for example <c>kind v0.27.0 go1.24 linux/amd64</c>.</summary>
    /// <exception cref="MigrationException">kind is missing or fails.</exception>
    public async Task<string> GetKindVersionAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync(new ToolCommand(_kind, ["version"]), null, cancellationToken).ConfigureAwait(false)).Output.Trim();

    /// <summary>The version of the Docker engine, for example <c>20.10.24</c>.</summary>
    /// <exception cref="MigrationException">docker is missing, or its engine cannot be reached.</exception>
    public async Task<string> GetDockerVersionAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync(
            new ToolCommand(_docker, ["version", "--format", "{{.Server.Version}}"]), null, cancellationToken)
            .ConfigureAwait(false)).Output.Trim();

    /// <summary>Where the Docker engine keeps its containers, on its machine.</summary>
    internal async Task<string> GetDockerFolderAsync(CancellationToken cancellationToken) =>
        (await RunAsync(new ToolCommand(_docker, ["info", "--format", "{{.DockerRootDir}}"]), null, cancellationToken).ConfigureAwait(false)).Output.Trim();

    /// <summary>The names of the clusters that exist, sorted.</summary>
    /// <exception cref="MigrationException">kind is missing or fails.</exception>
    public async Task<ImmutableArray<string>> GetClustersAsync(CancellationToken cancellationToken = default) =>
        Lines(await RunAsync(new ToolCommand(_kind, ["get", "clusters"]), null, cancellationToken).ConfigureAwait(false));

    /// <summary>The names of a cluster's Nodes, sorted; none for a cluster that does not exist.</summary>
    /// <exception cref="MigrationException">kind is missing or fails.</exception>
    public async Task<ImmutableArray<string>> GetNodesAsync(string cluster, CancellationToken cancellationToken = default) =>
        Lines(await RunAsync(new ToolCommand(_kind, ["get", "nodes", "--name", Checked(cluster)]), null, cancellationToken)
            .ConfigureAwait(false));

    /// <summary>Creates a cluster. It does not wait for Ready: without a CNI no Node becomes Ready.</summary>
    internal Task CreateClusterAsync(
        KindClusterOptions options, string kubeconfig, Action<string>? onProgress, CancellationToken cancellationToken)
    {
        ImmutableArray<string> image = options.NodeImage is null ? [] : ["--image", options.NodeImage];
        return RunAsync(
            new ToolCommand(
                _kind,
                [
                    "create", "cluster", "--name", options.Name, "--config", "-", "--kubeconfig", kubeconfig,
                    "--wait", "0s", .. image,
                ],
                KindConfig.Render(options)),
            onProgress,
            cancellationToken);
    }

    /// <summary>Whether kind failed because the name is another cluster's, of which it has touched nothing (kind 0.27).</summary>
    internal static bool SaysNameIsTaken(MigrationException exception) =>
        exception.Message.Contains("already exist for a cluster with the name", StringComparison.Ordinal);

    /// <summary>Whether the Docker engine has an image.</summary>
    internal async Task<bool> HasImageAsync(string image, CancellationToken cancellationToken) =>
        (await StartAsync(new ToolCommand(_docker, ["image", "inspect", "--format", "{{.Id}}", image]), null, cancellationToken).ConfigureAwait(false)).ExitCode == 0;

    /// <summary>Has the Docker engine fetch an image.</summary>
    internal Task PullImageAsync(string image, CancellationToken cancellationToken) =>
        RunAsync(new ToolCommand(_docker, ["pull", "--quiet", image]), null, cancellationToken);

    /// <summary>Copies images of the Docker engine into every Node of a cluster.</summary>
    internal Task LoadImagesAsync(string cluster, ImmutableArray<string> images, CancellationToken cancellationToken) =>
        RunAsync(
            new ToolCommand(_kind, ["load", "docker-image", "--name", Checked(cluster), "--", .. images]), null, cancellationToken);

    /// <summary>Collects the Nodes' logs in a folder.</summary>
    internal Task ExportLogsAsync(string cluster, string folder, CancellationToken cancellationToken) =>
        RunAsync(new ToolCommand(_kind, ["export", "logs", "--name", Checked(cluster), "--", folder]), null, cancellationToken);

    /// <summary>Deletes a cluster; success when there is none of that name.</summary>
    internal Task DeleteClusterAsync(string name, string kubeconfig, CancellationToken cancellationToken) =>
        RunAsync(
            new ToolCommand(_kind, ["delete", "cluster", "--name", name, "--kubeconfig", kubeconfig]), null, cancellationToken);

    /// <summary>Runs a command in a Node's container; the command's exit code is a result.</summary>
    internal async Task<NodeCommandResult> ExecuteAsync(
        string node, NodeCommand command, CancellationToken cancellationToken)
    {
        var tool = new ToolCommand(_docker, ["exec", "-i", "--privileged", Checked(node), .. command.ToArgv()]);
        var result = await StartAsync(tool, null, cancellationToken).ConfigureAwait(false);
        return IsDockersOwn(result)
            ? throw Failed(tool, result, $"Check that the Node's container runs: docker ps --filter name={node}")
            : new NodeCommandResult(result.ExitCode, result.Output, result.Error);
    }

    /// <summary>Tells docker's own failure from the command's: both come as an exit code and text.</summary>
    /// <remarks>125 is docker's code for its own errors; a missing container or engine gives 1 and one of these texts (docker CLI
    /// 20.10 and 28).</remarks>
    private static bool IsDockersOwn(ToolResult result) =>
        result.ExitCode == 125
        || (result.ExitCode != 0
            && (result.Error.StartsWith("Error: No such container", StringComparison.Ordinal)
                || result.Error.StartsWith("Error response from daemon:", StringComparison.Ordinal)
                || result.Error.StartsWith("Cannot connect to the Docker daemon", StringComparison.Ordinal)));

    private static string Checked(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return KindNames.IsName(name)
            ? name
            : throw new ArgumentException($"'{name}' is not a name that kind makes.", nameof(name));
    }

    private static ImmutableArray<string> Lines(ToolResult result) =>
    [
        .. result.Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Order(StringComparer.Ordinal),
    ];

    private static MigrationException Failed(ToolCommand command, ToolResult result, string next)
    {
        var lines = result.Error.TrimEnd().Split('\n');
        var tail = string.Join('\n', lines.TakeLast(ErrorLines));
        var skipped = lines.Length > ErrorLines ? $"(the last {ErrorLines} of {lines.Length} lines)\n" : "";
        return new MigrationException($"'{command}' ended with exit code {result.ExitCode}:\n{skipped}{tail}", next);
    }

    private async Task<ToolResult> RunAsync(ToolCommand command, Action<string>? onErrorLine, CancellationToken cancellationToken)
    {
        var result = await StartAsync(command, onErrorLine, cancellationToken).ConfigureAwait(false);
        return result.ExitCode == 0
            ? result
            : throw Failed(command, result, "Read the lines above; the command can be repeated by hand with -v 3.");
    }

    private async Task<ToolResult> StartAsync(
        ToolCommand command, Action<string>? onErrorLine, CancellationToken cancellationToken)
    {
        try
        {
            return await _runner.RunAsync(command, onErrorLine, cancellationToken).ConfigureAwait(false);
        }
        catch (ToolMissingException exception)
        {
            throw new MigrationException(
                exception.Message,
                $"Install {command.Program}, or give its path.",
                exception);
        }
    }
}
