namespace Antrea.Migration.Kind;

/// <summary>Which releases a cluster is made with.</summary>
/// <remarks>The defaults are the seed's Calico and the newest Antrea and Multus that the migration's rules were written for. In KinD they ran with stand-ins for
/// their images.</remarks>
public sealed record KindReleases
{
    /// <summary>The Node image of rehearsals: the last of a Kubernetes release that Calico v3.26 was tested with.</summary>
    /// <remarks>Source: the release notes of kind v0.25.0, which ask for the digest to be named.</remarks>
    public const string NodeImage = "kindest/node:v1.27.16@sha256:2d21a61643eafc439905e18705b8186f3296384750a835ad7a005dceb9546d20";

    /// <summary>Calico's, as its tag. Default the seed's.</summary>
    public string Calico { get; init; } = "v3.26.1";

    /// <summary>Antrea's, as its tag.</summary>
    public string Antrea { get; init; } = "v2.7.0";

    /// <summary>Multus', as its tag.</summary>
    public string Multus { get; init; } = "v4.2.4";

    /// <summary>What Multus' manifest of a release names in place of the release.</summary>
    internal const string FloatingMultus = "ghcr.io/k8snetworkplumbingwg/multus-cni:snapshot";

    internal string MultusImage => $"ghcr.io/k8snetworkplumbingwg/multus-cni:{Multus}";

    internal Uri CalicoManifest => new($"https://raw.githubusercontent.com/projectcalico/calico/{Calico}/manifests/calico.yaml");

    internal Uri AntreaManifest => new($"https://github.com/antrea-io/antrea/releases/download/{Antrea}/antrea.yml");

    internal Uri MultusManifest => new($"https://raw.githubusercontent.com/k8snetworkplumbingwg/multus-cni/{Multus}/deployments/multus-daemonset.yml");
}
