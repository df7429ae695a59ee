using Antrea.Migration.IntegrationTests.Containers;
using Antrea.Migration.Kind;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>What KinD clusters and what is done with them can leave on a machine. kind's own network stays: it is the machine's, for all clusters.</summary>
internal sealed class KindLeftovers
{
    private readonly string _name;
    private readonly HashSet<string> _before;

    private KindLeftovers(string name, HashSet<string> before) => (_name, _before) = (name, before);

    /// <summary>Remembers what is there before a test.</summary>
    /// <param name="name">What the names of the test's clusters begin with.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public static async Task<KindLeftovers> LookAsync(string name, CancellationToken cancellationToken) =>
        new(name, [.. await ListAsync(name, cancellationToken)]);

    /// <summary>The containers of clusters whose names begin so.</summary>
    public static async Task<string[]> ContainersAsync(string name, CancellationToken cancellationToken) =>
        [.. (await LinesAsync(["ps", "--all", "--format", """{{.Label "io.x-k8s.kind.cluster"}} {{.Names}}"""], cancellationToken)).Where(l => l.StartsWith(name, StringComparison.Ordinal))];

    /// <summary>Nothing is there that was not before: no cluster, container, network, volume, file or folder.</summary>
    /// <remarks>A volume is nobody's for a moment while somebody else's container is being removed, so it is looked for more than once.</remarks>
    public async Task AssertNoneAsync(CancellationToken cancellationToken)
    {
        List<string> left = [.. (await ListAsync(_name, cancellationToken)).Except(_before)];
        for (var looks = 0; left.Count > 0 && looks < 10; looks++)
        {
            await Task.Delay(500, cancellationToken);
            left = [.. left.Intersect(await ListAsync(_name, cancellationToken))];
        }

        Assert.That(left, Is.Empty);
    }

    private static async Task<List<string>> ListAsync(string name, CancellationToken cancellationToken) =>
    [
        .. (await new KindTool().GetClustersAsync(cancellationToken)).Where(c => c.StartsWith(name, StringComparison.Ordinal)).Select(c => $"cluster {c}"),
        .. (await ContainersAsync(name, cancellationToken)).Select(c => $"container {c}"),
        .. (await LinesAsync(["network", "ls", "--format", $$$"""{{.Name}}|{{.Label "{{{DockerTier.OwnerLabel}}}"}}"""], cancellationToken))
            .Where(n => n.EndsWith('|') && n != "kind|").Select(n => $"network {n}"), // Those of other tests carry the label.
        .. (await LinesAsync(["volume", "ls", "--quiet", "--filter", "dangling=true"], cancellationToken)).Select(v => $"volume {v}"),
        .. Directory.GetFileSystemEntries(Path.GetTempPath()),
    ];

    private static async Task<string[]> LinesAsync(string[] arguments, CancellationToken cancellationToken) =>
        (await DockerTier.RunAsync(arguments, cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
