using Antrea.Migration.Execution;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The stand-in images of eng/standins.sh and the names they go by on a Node.</summary>
internal static class StandInImages
{
    private const string Variable = "ANTREA_MIGRATION_STANDINS";

    /// <summary>The image itself; workloads and the node agent run it, too.</summary>
    public static string Base { get; } = Environment.GetEnvironmentVariable(Variable) ?? "";

    private static readonly (string Image, string Name)[] Names =
    [
        (Base, "docker.io/calico/cni:v3.26.1"),
        (Base + "-calico-node", "docker.io/calico/node:v3.26.1"),
        (Base + "-kube-controllers", "docker.io/calico/kube-controllers:v3.26.1"),
        (Base, "docker.io/antrea/antrea-agent-ubuntu:latest"),
        (Base, "docker.io/antrea/antrea-controller-ubuntu:latest"),
        (Base, "ghcr.io/k8snetworkplumbingwg/multus-cni:snapshot"),
    ];

    /// <summary>What to load into the Nodes.</summary>
    public static IEnumerable<string> ToLoad => Names.Select(n => n.Image).Distinct();

    /// <summary>Gives a Node's images the names that the manifests use; the machine's engine never has them under those.</summary>
    public static NodeCommand Rename() => new(
        "tag-images",
        """while [ $# -gt 1 ]; do ctr -n k8s.io images tag --force "$1" "$2" >/dev/null || exit 1; shift 2; done""",
        [.. Names.SelectMany(n => (string[])["docker.io/" + n.Image, n.Name])]);

    /// <summary>Skips the test, or fails it where the tier is required, when the images were not made.</summary>
    public static void Require()
    {
        if (Base.Length == 0)
        {
            throw Requires.Missing("standins", $"{Variable} is not set; make the images with eng/standins.sh");
        }
    }
}
