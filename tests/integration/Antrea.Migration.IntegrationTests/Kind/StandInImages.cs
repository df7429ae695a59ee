using System.Collections.Immutable;
using Antrea.Migration.Kind;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The stand-in images of eng/standins.sh and the names they go by on a Node.</summary>
internal static class StandInImages
{
    private const string Variable = "ANTREA_MIGRATION_STANDINS";

    /// <summary>The Nodes' image: that of eng/kind.sh, or the pinned one where images can be pulled.</summary>
    public static string Node { get; } = Environment.GetEnvironmentVariable("ANTREA_MIGRATION_KIND_IMAGE") ?? KindReleases.NodeImage;

    /// <summary>The image itself; workloads and the node agent run it, too.</summary>
    public static string Base { get; } = Environment.GetEnvironmentVariable(Variable) ?? "";

    /// <summary>All of them.</summary>
    public static ImmutableArray<KindImage> All { get; } =
    [
        new(Base, "docker.io/calico/cni:v3.26.1"),
        new(Base + "-calico-node", "docker.io/calico/node:v3.26.1"),
        new(Base + "-kube-controllers", "docker.io/calico/kube-controllers:v3.26.1"),
        new(Base, "docker.io/antrea/antrea-agent-ubuntu:latest"),
        new(Base, "docker.io/antrea/antrea-controller-ubuntu:latest"),
        new(Base, "ghcr.io/k8snetworkplumbingwg/multus-cni:snapshot"),
    ];

    /// <summary>Skips the test, or fails it where the tier is required, when the images were not made.</summary>
    public static void Require()
    {
        if (Base.Length == 0)
        {
            throw Requires.Missing("standins", $"{Variable} is not set; make the images with eng/standins.sh");
        }
    }
}
