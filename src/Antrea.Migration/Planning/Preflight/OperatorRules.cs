using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>What the Tigera operator is told, beyond what the migration looks at.</summary>
/// <remarks>Source: tigera-operator <c>api/v1/installation_types.go</c>, and <c>pkg/render/applicationlayer</c>, <c>gateway_api</c> and <c>istio</c> beside it.</remarks>
internal static class OperatorRules
{
    /// <summary>The operator's second Installation, whose fields it puts over the first one's.</summary>
    public const string OverlayName = "overlay";

    /// <summary>What is looked at, or concerns Calico's own workloads alone, which go with it.</summary>
    private static readonly string[] KnownFields =
    [
        "variant", "cni", "calicoNetwork", "registry", "imagePath", "imagePrefix", "imagePullSecrets", "flexVolumePath", "kubeletVolumePluginPath", "nodeMetricsPort", "nodeUpdateStrategy",
        "logging", "certificateManagement", "componentResources", "serviceCIDRs", "typhaAffinity", "typhaMetricsPort", "typhaDeployment", "controlPlaneNodeSelector", "controlPlaneTolerations",
        "controlPlaneReplicas", "calicoNodeDaemonSet", "calicoNodeWindowsDaemonSet", "calicoKubeControllersDeployment", "calicoWindowsUpgradeDaemonSet", "csiNodeDriverDaemonSet", "windowsNodes",
        "tlsCipherSuites",
    ];

    private static readonly string[] KnownNetworkFields =
    [
        "bgp", "ipPools", "linuxDataplane", "windowsDataplane", "mtu", "nodeAddressAutodetectionV4", "nodeAddressAutodetectionV6", "linuxPolicySetupTimeoutSeconds", "bpfNetworkBootstrap",
        "kubeProxyManagement",
    ];

    /// <summary>An overlay would win over what the migration writes into the Installation.</summary>
    public static IEnumerable<Finding> Overlay(PreflightContext context) => context.Snapshot.OfKind("operator.tigera.io", "Installation")
        .Where(i => i.Name == OverlayName)
        .Select(i => new Finding(
            "calico-installation-overlay",
            Severity.Blocker,
            i.ToString(),
            "The operator lays this Installation over the first one, field by field; the migration reads and writes the first one alone.",
            $"Move what it says into {context.Installation}, delete it, and plan again."));

    /// <summary>What Calico does for Pods by these, nobody does after it.</summary>
    public static IEnumerable<Finding> IgnoredFields(PreflightContext context)
    {
        var spec = context.Installation?.Json.At("spec");
        var ignored = Names(spec, KnownFields, "spec").Concat(Names(spec.At("calicoNetwork"), KnownNetworkFields, "spec.calicoNetwork")).ToList();
        if (ignored.Count > 0)
        {
            yield return new Finding(
                "calico-installation-fields-ignored",
                Severity.Warning,
                context.Installation!.ToString(),
                $"The Installation sets {string.Join(", ", ignored)}, which the migration carries over to nothing of Antrea's.",
                "See in Antrea's documentation whether it has the like, set it in antrea-config, and try it in a rehearsal.");
        }

        static IEnumerable<string> Names(JsonNode? node, string[] known, string path) =>
            (node as JsonObject ?? []).Where(f => f.Value is not null && !known.Contains(f.Key)).Select(f => $"{path}.{f.Key}").Order(StringComparer.Ordinal);
    }

    /// <summary>The operator goes with Calico, and with it whatever else it runs.</summary>
    public static IEnumerable<Finding> OtherObjects(PreflightContext context) => context.Snapshot.Objects
        .Where(o => o is { Group: "operator.tigera.io", Kind: not ("APIServer" or "Installation" or "ImageSet" or "TigeraStatus") })
        .Select(o => new Finding(
            "operator-runs-more-than-calico",
            Severity.Warning,
            o.ToString(),
            $"The Tigera operator runs a {o.Kind} by this object; both go when Calico is removed, and whatever depends on them stops.",
            "Install it by other means before, if it is to stay. The object itself is in the backup folder then."));
}
