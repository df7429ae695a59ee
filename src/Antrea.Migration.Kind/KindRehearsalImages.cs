using Antrea.Migration.Execution;

namespace Antrea.Migration.Kind;

/// <summary>Puts images into the Nodes of a rehearsal, so that not every Node has to pull them.</summary>
internal sealed class KindRehearsalImages(KindRehearsalOptions options, KindTool tool, KindCluster cluster, IProgress<string>? progress)
{
    /// <summary>Refuses images of the engine's that it does not have, before there is a cluster.</summary>
    /// <exception cref="MigrationException">The engine lacks one of them.</exception>
    public static async Task RequireAsync(KindRehearsalOptions options, KindTool tool, CancellationToken cancellationToken)
    {
        foreach (var image in options.Images.Select(i => i.Image).Distinct())
        {
            if (!await tool.HasImageAsync(image, cancellationToken).ConfigureAwait(false))
            {
                throw new MigrationException($"The engine has no image {image}, which the Nodes are to get.", $"{tool.ProviderName} pull {image}, or leave it out.");
            }
        }
    }

    /// <summary>Loads those of the engine's under the names that they are to have, and what the engine can pull of the others.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (!options.Images.IsEmpty)
        {
            await cluster.LoadImagesAsync(options.Images.Select(i => i.Image).Distinct(), cancellationToken).ConfigureAwait(false);
            await Parallel.ForEachAsync(cluster.NodeNames, cancellationToken, NameAsync).ConfigureAwait(false);
            progress?.Report($"{options.Images.Length} images loaded");
        }

        await PullOnceAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask NameAsync(string node, CancellationToken cancellationToken)
    {
        var command = new NodeCommand(
            "tag-images",
            """while [ $# -gt 1 ]; do [ "$1" = "$2" ] || ctr -n k8s.io images tag --force "$1" "$2" >/dev/null || exit 1; shift 2; done""",
            [.. options.Images.SelectMany(i => (string[])[KindImage.InFull(i.Image), KindImage.InFull(i.Name)])]);
        var result = await cluster.Nodes.RunAsync(node, command, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode != 0)
        {
            throw new MigrationException($"The images cannot be named on {node}: {result.Output}{result.Error}".TrimEnd(), $"Look for them: {tool.ProviderName} exec NODE ctr -n k8s.io images list");
        }
    }

    /// <summary>What the engine can have is pulled by it; the rest is left to the Nodes.</summary>
    private async Task PullOnceAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.PatienceForAll);
        var pulled = await Task.WhenAll(options.ToPull.Select(image => PullAsync(image, limit.Token))).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        string[] images = [.. pulled.OfType<string>()];
        if (images.Length == 0)
        {
            return;
        }

        try
        {
            await cluster.LoadImagesAsync(images, cancellationToken).ConfigureAwait(false);
            progress?.Report($"{images.Length} images pulled once, for all Nodes");
        }
        catch (MigrationException e)
        {
            progress?.Report($"every Node pulls its images itself: {e.Message}");
        }
    }

    /// <summary>The image, or <see langword="null"/> when the engine cannot have it.</summary>
    private async Task<string?> PullAsync(string image, CancellationToken cancellationToken)
    {
        try
        {
            if (!await tool.HasImageAsync(image, cancellationToken).ConfigureAwait(false))
            {
                await tool.PullImageAsync(image, cancellationToken).ConfigureAwait(false);
            }

            return image;
        }
        catch (Exception e) when (e is MigrationException or OperationCanceledException)
        {
            progress?.Report($"every Node pulls {image} itself: {e.Message}");
            return null;
        }
    }
}
