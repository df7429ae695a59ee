using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Clusters;

/// <summary>How kube-proxy is set, as its ConfigMap says, else its DaemonSet's flags.</summary>
/// <remarks>Source: Kubernetes v1.27 <c>KubeProxyConfiguration</c> (kubeproxy.config.k8s.io/v1alpha1).</remarks>
internal sealed record KubeProxySettings
{
    /// <summary>The object that says so; null when there is none.</summary>
    public ClusterObject? Source { get; private init; }

    /// <summary>What is wrong with the ConfigMap; null when nothing is.</summary>
    public InputException? Failure { get; private init; }

    /// <summary>The mode; <c>iptables</c> where nothing is said.</summary>
    public string Mode { get; private init; } = "iptables";

    /// <summary><c>--cluster-cidr</c> as it is written; null where it is not.</summary>
    public string? ClusterCidr { get; private init; }

    /// <summary><c>--masquerade-all</c>.</summary>
    public bool MasqueradesAll { get; private init; }

    /// <summary>The ranges of <see cref="ClusterCidr"/>; what is none is left out.</summary>
    public ImmutableArray<Cidr> ClusterCidrs =>
    [
        .. (ClusterCidr ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(t => Cidr.TryParseMasked(t, out var cidr, out _) ? cidr : (Cidr?)null).OfType<Cidr>(),
    ];

    /// <summary>Reads what a snapshot holds.</summary>
    public static KubeProxySettings Of(ClusterSnapshot snapshot)
    {
        var config = snapshot.OfKind("", "ConfigMap").FirstOrDefault(c => c is { Namespace: "kube-system", Name: "kube-proxy" });
        var daemonSet = snapshot.OfKind("apps", "DaemonSet").FirstOrDefault(d => d.Name == "kube-proxy");
        JsonNode? settings = null;
        InputException? failure = null;
        if (config?.Json.TextAt("data", "config.conf") is { } text)
        {
            try
            {
                settings = ObjectReader.ReadValue(text, "config.conf");
            }
            catch (InputException e)
            {
                failure = e;
            }
        }

        var mode = settings.TextAt("mode") ?? Flag(daemonSet, "--proxy-mode") ?? "iptables";
        return new KubeProxySettings
        {
            Source = config ?? daemonSet,
            Failure = failure,
            Mode = mode,
            ClusterCidr = settings.TextAt("clusterCIDR") ?? Flag(daemonSet, "--cluster-cidr"),
            MasqueradesAll = settings.FlagAt(mode == "nftables" ? mode : "iptables", "masqueradeAll") ?? Flag(daemonSet, "--masquerade-all") == "true",
        };
    }

    private static string? Flag(ClusterObject? daemonSet, string flag) => daemonSet?.Json
        .ItemsAt("spec", "template", "spec", "containers")
        .SelectMany(c => ContainerFlags.ValuesOf(c, flag))
        .FirstOrDefault();
}
