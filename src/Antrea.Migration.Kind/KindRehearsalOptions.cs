using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Kind;

/// <summary>A cluster to try a migration on.</summary>
public sealed record KindRehearsalOptions
{
    private const int LongestPrefix = 40;

    private static readonly TimeSpan PatiencePerNode = TimeSpan.FromSeconds(10);

    /// <summary>What is installed in it.</summary>
    public required KindManifests Manifests { get; init; }

    /// <summary>How Calico's addresses lie to PodCIDRs. Default: apart.</summary>
    public KindScenario Scenario { get; init; }

    /// <summary>Somebody's cluster that it is to be like; <see langword="null"/> for none. Its Nodes and ranges are that cluster's then, and
    /// <see cref="Scenario"/>, <see cref="Workers"/> and <see cref="PodSubnet"/> are not looked at.</summary>
    public KindLikeness? Like { get; init; }

    /// <summary>What the cluster's name begins with; the rest is chosen for the scenario, and so that no other cluster has it. Lower-case letters, digits and <c>-</c>, at most 40.</summary>
    public string Prefix { get; init; } = "rehearsal";

    /// <summary>How many workers, beside one control plane. Default 20; 1–250.</summary>
    public int Workers { get; init; } = 20;

    /// <summary>Where Nodes get their PodCIDRs from. Default the seed's, 10.10.0.0/16.</summary>
    public Cidr PodSubnet { get; init; } = Cidr.Parse("10.10.0.0/16");

    /// <summary>The image of all Nodes. Default <see cref="KindReleases.NodeImage"/>; <see langword="null"/> for the one kind was built with.</summary>
    public string? NodeImage { get; init; } = KindReleases.NodeImage;

    /// <summary>Changes to what kind asks kubeadm for; see <see cref="KindClusterOptions.KubeadmPatches"/>. Default none.</summary>
    public ImmutableArray<string> KubeadmPatches { get; init; } = [];

    /// <summary>Whether the cluster stays when the rehearsal is disposed.</summary>
    public bool KeepCluster { get; init; }

    /// <summary>Where the Nodes' logs go when what is installed does not become ready; <see langword="null"/> for nowhere.</summary>
    public string? FailureLogs { get; init; }

    /// <summary>Images of the Docker engine that Nodes get before anything is installed, so that they need not pull them.</summary>
    public ImmutableArray<KindImage> Images { get; init; } = [];

    /// <summary>Images that Pods will ask for beside those of the manifests and the workloads. Where the Docker engine can pull them, all of these are pulled
    /// once and copied into the Nodes; else every Node pulls them itself.</summary>
    public ImmutableArray<string> PodImages { get; init; } = [];

    /// <summary>The image of the servers and their client: <c>nginx</c> and <c>sleep</c>. Default <c>nginx:1.27-alpine</c>.</summary>
    public string WorkloadImage { get; init; } = "nginx:1.27-alpine";

    /// <summary>How long each thing may take to become ready, and ten seconds more a Node. Default three minutes.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Everything that is wrong with these options, one sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Workers is < 1 or > 250)
        {
            faults.Add($"{nameof(Workers)} is {Workers}, but must be between 1 and 250.");
        }

        if (!KindNames.IsName(Prefix) || Prefix.Length > LongestPrefix)
        {
            faults.Add($"{nameof(Prefix)} is '{Prefix}', but must be lower-case letters, digits and '-', start with a letter or digit, and have at most {LongestPrefix} characters.");
        }

        if (!Enum.IsDefined(Scenario))
        {
            faults.Add($"{nameof(Scenario)} is {(int)Scenario}, which is none of its values.");
        }

        if (Patience < TimeSpan.FromSeconds(1))
        {
            faults.Add($"{nameof(Patience)} is {Patience}, but must be a second at least.");
        }

        return faults;
    }

    /// <summary>The patience for all Nodes together.</summary>
    internal TimeSpan PatienceForAll => Patience + (PatiencePerNode * ((Like?.Workers ?? Workers) + 1));

    /// <summary>The addresses that fit, each with a name of its own.</summary>
    internal IEnumerable<KindAddressPlan> Plans() =>
        Like?.Plans(Prefix) ?? KindAddressPlan.All(Scenario, Workers, PodSubnet, Prefix);

    /// <summary>The images that Nodes would pull: nobody loads them, and a name without a digest is one that can be loaded.</summary>
    internal ImmutableArray<string> ToPull
    {
        get
        {
            var loaded = Images.SelectMany(i => (string[])[KindImage.InFull(i.Image), KindImage.InFull(i.Name)]).ToHashSet();
            return
            [
                .. Manifests.Images.Append(WorkloadImage).Concat(PodImages).DistinctBy(KindImage.InFull)
                    .Where(i => !loaded.Contains(KindImage.InFull(i)) && !i.Contains('@', StringComparison.Ordinal)),
            ];
        }
    }

    /// <summary>The cluster these options ask kind for.</summary>
    internal KindClusterOptions Cluster(KindAddressPlan plan)
    {
        var cluster = new KindClusterOptions
        {
            Name = plan.ClusterName,
            Workers = Workers,
            PodSubnet = PodSubnet,
            NodeImage = NodeImage,
            KubeadmPatches = KubeadmPatches,
            KeepCluster = KeepCluster,
        };
        return Like is null
            ? cluster
            : cluster with { Workers = Like.Workers, PodSubnet = Like.PodSubnet, ServiceSubnet = Like.ServiceSubnet, AllocatePodCidrs = false };
    }
}
