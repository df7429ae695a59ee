using System.Collections.Immutable;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Kind;

/// <summary>A KinD cluster that lives as long as this object: <see cref="CreateAsync"/> creates it, disposal deletes
/// it.</summary>
/// <remarks>It has a kubeconfig of its own in the temporary folder; the user's is never touched. No CNI is installed, so that no
/// Node is Ready yet.</remarks>
public sealed class KindCluster : IAsyncDisposable
{
    private const int CalmLooks = 3;

    private readonly KindTool _tool;
    private readonly KindNameClaim _claim;
    private readonly bool _keep;
    private readonly string _folder;
    private bool _disposed;

    private KindCluster(KindClusterOptions options, string folder, KindTool tool, KindNameClaim claim, ImmutableArray<string> nodes)
    {
        Name = options.Name;
        _keep = options.KeepCluster;
        _folder = folder;
        _tool = tool;
        _claim = claim;
        NodeNames = nodes;
        Nodes = new KindNodeAccess(tool);
    }

    /// <summary>How long deletion may take, also after a cancellation: a program that ends should give it this long. Five minutes.</summary>
    public static TimeSpan DeleteTimeout { get; } = TimeSpan.FromMinutes(5);

    /// <summary>The cluster's name.</summary>
    public string Name { get; }

    /// <summary>The path of the cluster's own kubeconfig.</summary>
    public string KubeconfigPath => KubeconfigIn(_folder);

    /// <summary>The names of its Nodes, sorted.</summary>
    public ImmutableArray<string> NodeNames { get; }

    /// <summary>Runs commands on its Nodes.</summary>
    public INodeAccess Nodes { get; }

    /// <summary>Creates a cluster and waits until its API server runs; some minutes for 20 workers.</summary>
    /// <param name="options">What it looks like.</param>
    /// <param name="tool">The programs to use; <see langword="null"/> for those on PATH.</param>
    /// <param name="progress">Gets what kind says, line by line.</param>
    /// <param name="cancellationToken">Stops kind, and deletes what there is by then.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every fault.</exception>
    /// <exception cref="MigrationException">A cluster of that name exists or is being made (it stays), or kind failed; the message
    /// has the command, the exit code and kind's last lines, and nothing is left behind.</exception>
    public static async Task<KindCluster> CreateAsync(
        KindClusterOptions options,
        KindTool? tool = null,
        IProgress<string>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        KindConfig.ThrowIfInvalid(options);
        var claim = KindNameClaim.Try(options.Name) ?? throw new MigrationException(
            $"Another process of this machine has a KinD cluster named '{options.Name}', or is making it.", "Wait until it has ended, or choose another name.");
        return await CreateClaimedAsync(options, tool ?? new KindTool(), claim, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same under a name that is claimed already; the claim becomes the cluster's, and ends when there is none.</summary>
    internal static async Task<KindCluster> CreateClaimedAsync(
        KindClusterOptions options, KindTool tool, KindNameClaim claim, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        try
        {
            var existing = await tool.GetClustersAsync(cancellationToken).ConfigureAwait(false);
            return existing.Contains(options.Name)
                ? throw new MigrationException(
                    $"A KinD cluster named '{options.Name}' exists already.",
                    $"Delete it (kind delete cluster --name {options.Name}), or choose another name.")
                : await CreateUnderAsync(claim, options, tool, progress, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    private static async Task<KindCluster> CreateUnderAsync(
        KindNameClaim claim, KindClusterOptions options, KindTool tool, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory($"antrea-migration-kind-{options.Name}-").FullName;
        try
        {
            Action<string>? onProgress = progress is null ? null : progress.Report;
            await tool.CreateClusterAsync(options, KubeconfigIn(folder), onProgress, cancellationToken).ConfigureAwait(false);
            var nodes = await tool.GetNodesAsync(options.Name, cancellationToken).ConfigureAwait(false);
            return new KindCluster(options, folder, tool, claim, nodes);
        }
        catch (MigrationException exception) when (KindTool.SaysNameIsTaken(exception))
        {
            Directory.Delete(folder, recursive: true);
            throw; // What there is under that name is somebody else's.
        }
        catch (Exception exception)
        {
            await CleanUpAfterAsync(exception, options.Name, folder, tool, cancellationToken.IsCancellationRequested).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Copies images of the engine into every Node, so that the cluster need not pull them.</summary>
    /// <param name="images">Their names, each with a tag other than <c>latest</c> unless the Pods say <c>imagePullPolicy</c>.</param>
    /// <param name="cancellationToken">Stops kind; some Nodes may have the images by then.</param>
    /// <exception cref="MigrationException">The engine lacks one of them, or kind failed.</exception>
    public Task LoadImagesAsync(IEnumerable<string> images, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _tool.LoadImagesAsync(Name, [.. images], cancellationToken);
    }

    /// <summary>Collects the Nodes' logs, for a failure to be looked into after the cluster is gone.</summary>
    /// <param name="folder">Where to; made when missing.</param>
    /// <param name="cancellationToken">Stops kind; a part may be there by then.</param>
    /// <exception cref="MigrationException">kind failed.</exception>
    public Task ExportLogsAsync(string folder, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _tool.ExportLogsAsync(Name, folder, cancellationToken);
    }

    /// <summary>Deletes the cluster and its kubeconfig, unless it is to be kept.</summary>
    /// <exception cref="MigrationException">kind could not delete it.</exception>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        using (_claim)
        {
            if (!_keep)
            {
                await DeleteAsync(Name, _folder, _tool).ConfigureAwait(false);
            }
        }
    }

    private static string KubeconfigIn(string folder) => Path.Combine(folder, "kubeconfig");

    /// <summary>Deletes a half-made cluster; what keeps that from working is added to <paramref name="cause"/>.</summary>
    private static async Task CleanUpAfterAsync(Exception cause, string name, string folder, KindTool tool, bool isInterrupted)
    {
        try
        {
            await DeleteAsync(name, folder, tool, isInterrupted ? CalmLooks : 0).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is MigrationException or IOException)
        {
            throw new MigrationException(
                $"{cause.Message}\nAnd what was made of the cluster '{name}' could not be deleted: {exception.Message}",
                $"Delete it by hand: kind delete cluster --name {name}",
                cause);
        }
    }

    /// <param name="name">The cluster's.</param>
    /// <param name="folder">Its kubeconfig's.</param>
    /// <param name="tool">kind.</param>
    /// <param name="looks">How often, second after second, no Node may be found afterwards: the engine still finishes the containers that a stopped
    /// kind had asked it for.</param>
    private static async Task DeleteAsync(string name, string folder, KindTool tool, int looks = 0)
    {
        using var limit = new CancellationTokenSource(DeleteTimeout);
        try
        {
            await tool.DeleteClusterAsync(name, KubeconfigIn(folder), limit.Token).ConfigureAwait(false);
            for (var calm = 0; calm < looks; calm++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), limit.Token).ConfigureAwait(false);
                if ((await tool.GetNodesAsync(name, limit.Token).ConfigureAwait(false)).Length > 0)
                {
                    await tool.DeleteClusterAsync(name, KubeconfigIn(folder), limit.Token).ConfigureAwait(false);
                    calm = -1;
                }
            }
        }
        catch (OperationCanceledException exception)
        {
            throw new MigrationException(
                $"The KinD cluster '{name}' was not deleted within {DeleteTimeout.TotalMinutes:0} minutes.", $"Delete it by hand: kind delete cluster --name {name}", exception);
        }

        Directory.Delete(folder, recursive: true);
    }
}
