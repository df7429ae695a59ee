using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Planning;

/// <summary>What is there of Antrea and Multus already, and what the version to install can do.</summary>
internal static class AntreaRules
{
    private static readonly ReleaseVersion Studied = new(1, 14);
    private static readonly ReleaseVersion RouteSteering = new(2, 4);

    public static IEnumerable<Finding> AlreadyInstalled(PreflightContext context)
    {
        var evidence = context.Snapshot.Objects.FirstOrDefault(o =>
            o is { Group: "apps", Kind: "DaemonSet", Name: "antrea-agent" }
                or { Group: "apps", Kind: "Deployment", Name: "antrea-controller" }
                or { Group: "crd.antrea.io", Kind: "AntreaAgentInfo" });
        if (evidence is not null)
        {
            yield return new Finding(
                "antrea-already-installed",
                Severity.Blocker,
                evidence.ToString(),
                "Antrea is in the cluster already. Without a bridge every new Pod is an Antrea Pod that most Calico Pods cannot reach.",
                "If an earlier run installed it, resume that one; otherwise move /etc/cni/net.d/10-antrea.conflist aside on all Nodes and remove Antrea.");
        }
    }

    public static IEnumerable<Finding> Version(PreflightContext context)
    {
        var text = context.Options.AntreaVersion;
        if (text.Length == 0)
        {
            yield return new Finding(
                "antrea-version-unknown",
                Severity.Info,
                "Option/antrea-version",
                "It is not said which Antrea version is to be installed, so its known defects were not checked.",
                "Name the version.");
            yield break;
        }

        var subject = $"Antrea/{text}";
        if (!ReleaseVersion.TryParse(text, out var version))
        {
            yield return new Finding(
                "antrea-version-unreadable",
                Severity.Blocker,
                subject,
                $"'{text}' is no version such as v2.7.0.",
                "Name the version of the manifest that is to be installed.");
            yield break;
        }

        if (version < Studied)
        {
            yield return new Finding(
                "antrea-version-untested",
                Severity.Warning,
                subject,
                $"What is known here was learned from {Studied} and later.",
                "Choose a later version, or try it on a copy of the cluster first.");
        }

        // The other bridges give no Pod a second interface.
        if (context.Options.Bridge is not (null or BridgeKind.Auto or BridgeKind.Multus))
        {
            yield break;
        }

        var severity = context.Options.Bridge == BridgeKind.Multus ? Severity.Blocker : Severity.Warning;
        var otherwise = severity == Severity.Blocker ? ", or take another bridge than multus" : "; the bridges policy-route and pool do not need it";
        if (ReleasesBridgedAddresses(version))
        {
            yield return new Finding(
                "antrea-releases-bridged-addresses",
                severity,
                subject,
                "When antrea-agent of this version starts, it releases the addresses of bridged Pods' second interfaces, as no Pod status names them, and hands them out again.",
                $"Install v2.5.3, v2.6.3, v2.7.0 or later (or v1.14, which does not collect){otherwise}.");
        }

        if (version < RouteSteering)
        {
            yield return new Finding(
                "antrea-without-route-steering",
                severity,
                subject,
                "This version cannot give a bridged Pod's Antrea interface routes of its own: the Pod has two equal default routes, and connections to it stall or flap.",
                $"Install {RouteSteering} or later, where the bridge's configuration can name tables for routes{otherwise}.");
        }
    }

    /// <summary>The bridge is a Multus of the migration's own; two of them would write the same file.</summary>
    public static IEnumerable<Finding> Multus(PreflightContext context)
    {
        var daemonSets = context.Snapshot.OfKind("apps", "DaemonSet").Where(d => d
            .Json.ItemsAt("spec", "template", "spec", "containers")
            .Any(c => c.TextAt("image")?.Contains("multus", StringComparison.OrdinalIgnoreCase) == true));
        foreach (var daemonSet in daemonSets)
        {
            yield return new Finding(
                "multus-already-installed",
                Severity.Blocker,
                daemonSet.ToString(),
                "Multus is in the cluster already; its generator would rewrite 00-multus.conf, with Antrea as master once that is there.",
                "If an earlier run installed it, resume that one; otherwise remove Multus, or migrate by hand with your own 00-multus.conf.");
        }

        var users = context.PodsOnPodNetwork.Where(p => p.Annotations.ContainsKey("k8s.v1.cni.cncf.io/networks")).Select(p => p.ToString()).ToList();
        var definitions = context.Snapshot.OfKind("k8s.cni.cncf.io", "NetworkAttachmentDefinition").Select(d => d.ToString()).ToList();
        if (users.Count > 0 || definitions.Count > 0)
        {
            yield return new Finding(
                "multus-in-use",
                Severity.Blocker,
                users.Count > 0 ? $"Pod/{users[0]}" : definitions[0],
                $"Secondary networks are in use: {definitions.Count} NetworkAttachmentDefinitions, and Pods that ask for them: "
                + $"{(users.Count > 0 ? PreflightContext.Some(users) : "none now")}. The bridge does not read them, so restarted Pods would lose these networks.",
                "Migrate without secondary networks, or write the Nodes' 00-multus.conf by hand.");
        }
    }

    private static bool ReleasesBridgedAddresses(ReleaseVersion version) => version switch
    {
        { Major: 1 } => version.Minor >= 15,
        { Major: 2, Minor: < 5 } => true,
        { Major: 2, Minor: 5 } => version.Patch < 3,
        { Major: 2, Minor: 6 } => version.Patch < 3,
        _ => false,
    };
}
