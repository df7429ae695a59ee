using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Kind;

/// <summary>What is installed in a cluster that a migration is tried on: the projects' own manifests.</summary>
/// <param name="Calico"><c>calico.yaml</c>.</param>
/// <param name="Antrea"><c>antrea.yml</c>.</param>
/// <param name="Multus">The thin <c>multus-daemonset.yml</c>.</param>
public sealed record KindManifests(
    ImmutableArray<ClusterObject> Calico, ImmutableArray<ClusterObject> Antrea, ImmutableArray<ClusterObject> Multus)
{
    private const string CalicoFile = "calico.yaml";
    private const string AntreaFile = "antrea.yml";
    private const string MultusFile = "multus-daemonset.yml";

    private static readonly string[] PodTemplateOwners = ["DaemonSet", "Deployment"];

    /// <summary>Reads <c>calico.yaml</c>, <c>antrea.yml</c> and <c>multus-daemonset.yml</c> of a folder, for machines without the internet.</summary>
    /// <exception cref="MigrationException">One of them is missing.</exception>
    /// <exception cref="InputException">One of them is not what kubectl takes.</exception>
    public static KindManifests Read(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return new KindManifests(ReadOne(CalicoFile), ReadOne(AntreaFile), ReadOne(MultusFile));

        ImmutableArray<ClusterObject> ReadOne(string file)
        {
            var path = Path.Combine(folder, file);
            return File.Exists(path)
                ? ObjectReader.Read(File.ReadAllText(path), path)
                : throw new MigrationException($"There is no {path}.", $"A folder of manifests holds {CalicoFile}, {AntreaFile} and {MultusFile}.");
        }
    }

    /// <summary>Downloads the manifests of three releases from the projects' repositories; Multus' image is that of its release.</summary>
    /// <param name="http">The client.</param>
    /// <param name="releases">Which.</param>
    /// <param name="cancellationToken">Ends the downloads.</param>
    /// <exception cref="MigrationException">One of them cannot be had.</exception>
    public static async Task<KindManifests> DownloadAsync(HttpClient http, KindReleases releases, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(releases);
        return new KindManifests(
            await DownloadOneAsync(releases.CalicoManifest).ConfigureAwait(false),
            await DownloadOneAsync(releases.AntreaManifest).ConfigureAwait(false),
            Replaced(
                await DownloadOneAsync(releases.MultusManifest).ConfigureAwait(false),
                new Dictionary<string, string> { [KindReleases.FloatingMultus] = releases.MultusImage }));

        async Task<ImmutableArray<ClusterObject>> DownloadOneAsync(Uri address)
        {
            try
            {
                return ObjectReader.Read(await http.GetStringAsync(address, cancellationToken).ConfigureAwait(false), address.OriginalString);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new MigrationException(
                    $"{address} cannot be downloaded: {e.Message}",
                    $"Put {CalicoFile}, {AntreaFile} and {MultusFile} into a folder and name that.",
                    e);
            }
        }
    }

    /// <summary>The same with other images, for a registry of one's own.</summary>
    /// <param name="images">What each image is replaced with, by its name as the manifests have it.</param>
    /// <exception cref="MigrationException">No manifest names one of them.</exception>
    public KindManifests WithImages(IReadOnlyDictionary<string, string> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Keys.FirstOrDefault(i => !Images.Contains(i)) is { } unknown)
        {
            throw new MigrationException($"No manifest names the image {unknown}.", $"They name {string.Join(", ", Images)}.");
        }

        return new KindManifests(Replaced(Calico, images), Replaced(Antrea, images), Replaced(Multus, images));
    }

    /// <summary>The images that they name, sorted.</summary>
    internal ImmutableArray<string> Images =>
    [
        .. Calico.Concat(Antrea).Concat(Multus).SelectMany(o => Containers(o.Json)).Select(c => c["image"]?.GetValue<string>()).OfType<string>()
            .Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>Calico's objects with one pool of this range, whatever Calico would choose.</summary>
    /// <exception cref="MigrationException">There is no calico-node among them, as in an operator's manifest.</exception>
    internal ImmutableArray<ClusterObject> CalicoWith(KindAddressPlan plan)
    {
        if (!Calico.Any(IsCalicoNode))
        {
            throw new MigrationException(
                "Calico's manifest has no DaemonSet calico-node.", "Take calico.yaml of the release; clusters of the operator's are not made here.");
        }

        return [.. Calico.Select(o => IsCalicoNode(o) ? WithPool(o, plan) : o)];
    }

    private static bool IsCalicoNode(ClusterObject o) => o is { Kind: "DaemonSet", Name: "calico-node" };

    private static ClusterObject WithPool(ClusterObject calicoNode, KindAddressPlan plan)
    {
        var copy = (JsonObject)calicoNode.Json.DeepClone();
        foreach (var container in Containers(copy).Where(c => c["name"]?.GetValue<string>() == "calico-node"))
        {
            var others = (container["env"] as JsonArray ?? []).OfType<JsonObject>()
                .Where(e => e["name"]?.GetValue<string>() is not ("CALICO_IPV4POOL_CIDR" or "CALICO_IPV4POOL_BLOCK_SIZE"));
            container["env"] = new JsonArray(
            [
                .. others.Select(e => e.DeepClone()),
                new JsonObject { ["name"] = "CALICO_IPV4POOL_CIDR", ["value"] = plan.Pool.ToString() },
                new JsonObject { ["name"] = "CALICO_IPV4POOL_BLOCK_SIZE", ["value"] = plan.BlockSize.ToString(CultureInfo.InvariantCulture) },
            ]);
        }

        return new ClusterObject(copy, calicoNode.Source);
    }

    private static ImmutableArray<ClusterObject> Replaced(ImmutableArray<ClusterObject> objects, IReadOnlyDictionary<string, string> images) =>
    [
        .. objects.Select(o => PodTemplateOwners.Contains(o.Kind) ? ReplacedIn(o, images) : o),
    ];

    private static ClusterObject ReplacedIn(ClusterObject workload, IReadOnlyDictionary<string, string> images)
    {
        var copy = (JsonObject)workload.Json.DeepClone();
        foreach (var container in Containers(copy))
        {
            if (container["image"]?.GetValue<string>() is { } image && images.TryGetValue(image, out var other))
            {
                container["image"] = other;
            }
        }

        return new ClusterObject(copy, workload.Source);
    }

    private static IEnumerable<JsonObject> Containers(JsonObject workload)
    {
        var spec = workload["spec"]?["template"]?["spec"];
        return ((IEnumerable<string>)["initContainers", "containers"])
            .SelectMany(field => spec?[field] as JsonArray ?? [])
            .OfType<JsonObject>();
    }
}
