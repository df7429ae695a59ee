using System.Collections.Immutable;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Kind;

/// <summary>The programs <c>kind</c> and <c>docker</c> or <c>podman</c>: every command line of this package is made here.</summary>
/// <remarks>Immutable and safe for use by several threads.</remarks>
public sealed class KindTool
{
    private const int ErrorLines = 15;

    private readonly IToolRunner _runner;
    private readonly string _kind;
    private readonly string _engine;

    /// <summary>Uses the two programs under these names or paths.</summary>
    /// <param name="provider">What runs the Nodes.</param>
    /// <param name="kind">The kind program; default: as found on PATH.</param>
    /// <param name="engine">The provider's program; default: <c>docker</c> or <c>podman</c> as found on PATH.</param>
    public KindTool(KindProvider provider = KindProvider.Docker, string kind = "kind", string? engine = null)
        : this(new CliWrapToolRunner(), provider, kind, engine)
    {
    }

    internal KindTool(IToolRunner runner, KindProvider provider = KindProvider.Docker, string kind = "kind", string? engine = null)
    {
        if (!Enum.IsDefined(provider))
        {
            throw new ArgumentOutOfRangeException(nameof(provider), provider, "It is none of the providers.");
        }

        ArgumentException.ThrowIfNullOrWhiteSpace(kind);
        engine ??= NameOf(provider);
        ArgumentException.ThrowIfNullOrWhiteSpace(engine);
        _runner = runner;
        Provider = provider;
        _kind = kind;
        _engine = engine;
    }

    /// <summary>What runs the Nodes.</summary>
    public KindProvider Provider { get; }

    /// <summary>The provider's name, as kind writes it.</summary>
    internal string ProviderName => NameOf(Provider);

    /// <summary>The version line of kind, for example <c>kind v0.27.0 go1.24 linux/amd64</c>.</summary>
    /// <exception cref="MigrationException">kind is missing or fails.</exception>
    public async Task<string> GetKindVersionAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync(Kind("version"), null, cancellationToken).ConfigureAwait(false)).Output.Trim();

    /// <summary>The version of the engine that runs the Nodes, for example <c>20.10.24</c>.</summary>
    /// <exception cref="MigrationException">The provider's program is missing, or its engine cannot be reached.</exception>
    public async Task<string> GetEngineVersionAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync(
            Provider == KindProvider.Docker ? Engine("version", "--format", "{{.Server.Version}}") : Engine("info", "--format", "{{.Version.Version}}"),
            null,
            cancellationToken).ConfigureAwait(false)).Output.Trim();

    /// <summary>Where the engine keeps its containers, on its machine.</summary>
    internal async Task<string> GetEngineFolderAsync(CancellationToken cancellationToken) =>
        (await RunAsync(
            Engine("info", "--format", Provider == KindProvider.Docker ? "{{.DockerRootDir}}" : "{{.Store.GraphRoot}}"), null, cancellationToken)
            .ConfigureAwait(false)).Output.Trim();

    /// <summary>The names of the clusters that exist, sorted.</summary>
    /// <exception cref="MigrationException">kind is missing or fails.</exception>
    public async Task<ImmutableArray<string>> GetClustersAsync(CancellationToken cancellationToken = default) =>
        Lines(await RunAsync(Kind("get", "clusters"), null, cancellationToken).ConfigureAwait(false));

    /// <summary>The names of a cluster's Nodes, sorted; none for a cluster that does not exist.</summary>
    /// <exception cref="MigrationException">kind is missing or fails.</exception>
    public async Task<ImmutableArray<string>> GetNodesAsync(string cluster, CancellationToken cancellationToken = default) =>
        Lines(await RunAsync(Kind("get", "nodes", "--name", Checked(cluster)), null, cancellationToken)
            .ConfigureAwait(false));

    /// <summary>Creates a cluster. It does not wait for Ready: without a CNI no Node becomes Ready.</summary>
    internal Task CreateClusterAsync(
        KindClusterOptions options, string kubeconfig, Action<string>? onProgress, CancellationToken cancellationToken)
    {
        ImmutableArray<string> image = options.NodeImage is null ? [] : ["--image", options.NodeImage];
        return RunAsync(
            Kind(["create", "cluster", "--name", options.Name, "--config", "-", "--kubeconfig", kubeconfig, "--wait", "0s", .. image]) with
            {
                Input = KindConfig.Render(options),
            },
            onProgress,
            cancellationToken);
    }

    /// <summary>Whether kind failed because the name is another cluster's, of which it has touched nothing (kind 0.27).</summary>
    internal static bool SaysNameIsTaken(MigrationException exception) =>
        exception.Message.Contains("already exist for a cluster with the name", StringComparison.Ordinal);

    /// <summary>Whether the engine has an image.</summary>
    internal async Task<bool> HasImageAsync(string image, CancellationToken cancellationToken) =>
        (await StartAsync(Engine("image", "inspect", "--format", "{{.Id}}", image), null, cancellationToken).ConfigureAwait(false)).ExitCode == 0;

    /// <summary>Has the engine fetch an image.</summary>
    internal Task PullImageAsync(string image, CancellationToken cancellationToken) =>
        RunAsync(Engine("pull", "--quiet", image), null, cancellationToken);

    /// <summary>Copies images of the engine into every Node of a cluster.</summary>
    /// <remarks>kind asks Docker for images whatever runs the Nodes, so others go by way of an archive.</remarks>
    internal async Task LoadImagesAsync(string cluster, ImmutableArray<string> images, CancellationToken cancellationToken)
    {
        if (Provider == KindProvider.Docker)
        {
            await RunAsync(Kind(["load", "docker-image", "--name", Checked(cluster), "--", .. images]), null, cancellationToken).ConfigureAwait(false);
            return;
        }

        var folder = Directory.CreateTempSubdirectory($"antrea-migration-kind-images-{Checked(cluster)}-");
        try
        {
            var archive = Path.Combine(folder.FullName, "images.tar");
            await RunAsync(
                Engine(["save", "--quiet", "--format", "docker-archive", "--multi-image-archive", "--output", archive, "--", .. images]), null, cancellationToken)
                .ConfigureAwait(false);
            await RunAsync(Kind("load", "image-archive", "--name", cluster, "--", archive), null, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Collects the Nodes' logs in a folder.</summary>
    internal Task ExportLogsAsync(string cluster, string folder, CancellationToken cancellationToken) =>
        RunAsync(Kind("export", "logs", "--name", Checked(cluster), "--", folder), null, cancellationToken);

    /// <summary>Deletes a cluster; success when there is none of that name.</summary>
    internal Task DeleteClusterAsync(string name, string kubeconfig, CancellationToken cancellationToken) =>
        RunAsync(Kind("delete", "cluster", "--name", name, "--kubeconfig", kubeconfig), null, cancellationToken);

    /// <summary>Runs a command in a Node's container; the command's exit code is a result.</summary>
    internal async Task<NodeCommandResult> ExecuteAsync(
        string node, NodeCommand command, CancellationToken cancellationToken)
    {
        var tool = Engine(["exec", "-i", "--privileged", Checked(node), .. command.ToArgv()]);
        var result = await StartAsync(tool, null, cancellationToken).ConfigureAwait(false);
        return IsEnginesOwn(result)
            ? throw Failed(tool, result, $"Check that the Node's container runs: {ProviderName} ps --filter name={node}")
            : new NodeCommandResult(result.ExitCode, result.Output, result.Error);
    }

    /// <summary>Tells the engine's own failure from the command's: both come as an exit code and text.</summary>
    /// <remarks>125 is the code for own errors; a missing container or engine gives docker's 1 (CLI 20.10 and 28), one that does not run podman's 255
    /// (4.3), and one of these texts.</remarks>
    private static bool IsEnginesOwn(ToolResult result) =>
        result.ExitCode == 125
        || (result.ExitCode != 0
            && (result.Error.StartsWith("Error: No such container", StringComparison.Ordinal)
                || result.Error.StartsWith("Error response from daemon:", StringComparison.Ordinal)
                || result.Error.StartsWith("Cannot connect to the Docker daemon", StringComparison.Ordinal)
                || result.Error.StartsWith("Error: can only create exec sessions on running containers", StringComparison.Ordinal)));

    private static string NameOf(KindProvider provider) => provider == KindProvider.Docker ? "docker" : "podman";

    private ToolCommand Kind(params ImmutableArray<string> arguments) => new(_kind, arguments, Provider: ProviderName);

    private ToolCommand Engine(params ImmutableArray<string> arguments) => new(_engine, arguments);

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
