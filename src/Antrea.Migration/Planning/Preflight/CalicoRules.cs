using System.Globalization;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Planning;

/// <summary>How Calico must be installed and set up.</summary>
internal static class CalicoRules
{
    private static readonly ReleaseVersion Oldest = new(3, 26);
    private static readonly ReleaseVersion TooNew = new(3, 33);

    /// <summary>Operator: an Installation object. Manifest: the DaemonSet in kube-system. Neither: nothing to migrate from.</summary>
    public static IEnumerable<Finding> Installation(PreflightContext context)
    {
        if (context.Installation is { } installation)
        {
            yield return new Finding(
                "calico-installed-by-operator",
                Severity.Info,
                installation.ToString(),
                "Calico is run by the Tigera operator, which reverts what is changed by hand: the migration tells it by its Installation, and removes Calico through it.",
                "Keep the operator running until Calico is gone: only it clears the finalizers of what it is told by. Keep the Installation's manifest, for a way back.");
            if (context.Snapshot.OfKind("apps", "Deployment").FirstOrDefault(d => d is { Name: "tigera-operator", Namespace: not "tigera-operator" }) is { } elsewhere)
            {
                yield return new Finding(
                    "calico-operator-elsewhere",
                    Severity.Blocker,
                    elsewhere.ToString(),
                    $"The Tigera operator runs in Namespace {elsewhere.Namespace}; its removal is known for Namespace tigera-operator only.",
                    "Install it in Namespace tigera-operator, as Calico's manifests do.");
            }

            if (installation.Json.TextAt("spec", "variant") is { } variant and not "Calico")
            {
                yield return new Finding(
                    "calico-variant-unsupported",
                    Severity.Blocker,
                    installation.ToString(),
                    $"The Installation's variant is {variant}, whose policies and components go beyond what is known here.",
                    "Only open source Calico can be migrated.");
            }

            if (installation.Json.TextAt("spec", "cni", "type") is { } type && type != "Calico")
            {
                yield return new Finding(
                    "calico-is-not-the-cni",
                    Severity.Blocker,
                    installation.ToString(),
                    $"Calico only enforces policy here; Pods get their network from the CNI '{type}'.",
                    "A migration from this CNI is not supported.");
            }
        }
        else if (context.CalicoNode is { } daemonSet)
        {
            yield return new Finding(
                "calico-installed-by-manifest",
                Severity.Info,
                daemonSet.ToString(),
                $"Calico was installed from a manifest, in {daemonSet.Namespace}.",
                "Keep the manifest it was installed from, for a way back.");
        }
        else
        {
            yield return new Finding(
                "calico-not-found",
                Severity.Blocker,
                "Cluster",
                "There is neither an Installation of the Tigera operator nor a DaemonSet calico-node.",
                "Check that this is the right cluster, and that a saved snapshot includes the DaemonSets.");
        }
    }

    public static IEnumerable<Finding> Datastore(PreflightContext context)
    {
        var ipam = context.Snapshot.CalicoIpam;
        if (FelixSettings.EtcdOf(context.CalicoContainer) is { } evidence)
        {
            yield return Etcd(context, $"{evidence}.");
        }
        else if (context.CalicoNode is not null && ipam.Pools.IsEmpty && ipam.Blocks.IsEmpty)
        {
            yield return Etcd(context, "calico-node runs, but there is neither an IPPool nor an IPAMBlock among the Kubernetes objects.");
        }
    }

    /// <summary>Pods must get their addresses from calico-ipam; host-local hands out the Nodes' PodCIDRs.</summary>
    public static IEnumerable<Finding> Ipam(PreflightContext context)
    {
        var byOperator = context.Installation?.Json.TextAt("spec", "cni", "ipam", "type");
        var config = context.Snapshot.OfKind("", "ConfigMap").FirstOrDefault(c => c is { Namespace: "kube-system", Name: "calico-config" });
        var byManifest = config?.Json.TextAt("data", "cni_network_config") is { } text && text.Contains("\"host-local\"", StringComparison.Ordinal);
        if (byManifest || byOperator is not (null or "Calico"))
        {
            yield return new Finding(
                "calico-ipam-not-used",
                Severity.Blocker,
                (byManifest ? config : context.Installation)!.ToString(),
                $"Pods get their addresses from {(byManifest ? "host-local" : byOperator)}, that is from the PodCIDRs that Antrea takes over.",
                "Move to calico-ipam with a pool outside the PodCIDRs first.");
        }
    }

    public static IEnumerable<Finding> Dataplane(PreflightContext context)
    {
        var felix = context.CalicoObjects("FelixConfiguration").Where(f => f.Json.FlagAt("spec", "bpfEnabled") == true).Select(f => f.ToString()).ToList();
        if (string.Equals(context.CalicoVariable("FELIX_BPFENABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            felix.Add($"{context.CalicoNode} (FELIX_BPFENABLED)");
        }

        if (felix.Count > 0)
        {
            yield return new Finding(
                "calico-ebpf-dataplane",
                Severity.Blocker,
                felix[0],
                $"Calico's eBPF dataplane is on in {string.Join(", ", felix)}; what is predicted of mixed traffic does not hold for it.",
                "Switch back to the iptables dataplane (bpfEnabled: false, kube-proxy running again) and wait until it is in use.");
        }

        if (context.Installation?.Json.TextAt("spec", "calicoNetwork", "linuxDataplane") is { } dataplane and not ("Iptables" or "Nftables"))
        {
            yield return new Finding(
                dataplane == "BPF" ? "calico-ebpf-dataplane" : "calico-dataplane-unsupported",
                Severity.Blocker,
                context.Installation.ToString(),
                $"The Installation asks for the dataplane {dataplane}.",
                "Set spec.calicoNetwork.linuxDataplane to Iptables and wait until it is in use.");
        }
    }

    public static IEnumerable<Finding> Rollout(PreflightContext context)
    {
        var status = context.CalicoNode?.Json.At("status");
        var wanted = status.NumberAt("desiredNumberScheduled");
        var ready = status.NumberAt("numberReady") ?? 0;
        if (wanted is { } w && ready < w)
        {
            yield return new Finding(
                "calico-node-not-ready",
                Severity.Blocker,
                context.CalicoNode!.ToString(),
                $"Only {ready} of {w} calico-node Pods are ready.",
                "Repair Calico first: a migration starts from a network that works.");
        }
    }

    public static IEnumerable<Finding> Version(PreflightContext context)
    {
        var image = context.CalicoContainer.TextAt("image");
        if (image is null)
        {
            yield break;
        }

        if (!ReleaseVersion.TryParse(ReleaseVersion.TagOf(image), out var version))
        {
            yield return Untested(context, $"The image {image} does not say which version of Calico this is.");
        }
        else if (version < Oldest || version >= TooNew)
        {
            yield return Untested(context, $"Calico is {version}; what is known here was learned from v3.26 to v3.32.");
        }

        static Finding Untested(PreflightContext context, string evidence) => new(
            "calico-version-untested",
            Severity.Warning,
            context.CalicoNode!.ToString(),
            evidence,
            "Try the migration on a copy of the cluster first.");
    }

    /// <summary>"first-found" does not leave out antrea-gw0.</summary>
    public static IEnumerable<Finding> Autodetection(PreflightContext context)
    {
        if (context.CalicoContainer is null || context.CalicoVariable("IP") is not (null or "" or "autodetect"))
        {
            yield break;
        }

        var method = context.CalicoVariable("IP_AUTODETECTION_METHOD");
        if (method is null or "first-found")
        {
            yield return new Finding(
                "calico-autodetection-not-pinned",
                Severity.Warning,
                context.CalicoNode!.ToString(),
                $"calico-node looks for its Node's address by {method ?? "first-found, the default"}, which may pick antrea-gw0 once that exists.",
                "Set IP_AUTODETECTION_METHOD=kubernetes-internal-ip (operator: nodeAddressAutodetectionV4.kubernetes: NodeInternalIP); the migration does so before Antrea is installed.");
        }
    }

    public static IEnumerable<Finding> Vxlan(PreflightContext context)
    {
        var pools = context.Snapshot.CalicoIpam.Pools.Where(p => p.VxlanMode != EncapsulationMode.Never).Select(p => p.Name).ToList();
        if (pools.Count == 0)
        {
            yield break;
        }

        var port = context.CalicoObjects("FelixConfiguration").Select(f => f.Json.NumberAt("spec", "vxlanPort")).FirstOrDefault(p => p is not null) ?? 4789;
        yield return new Finding(
            "calico-uses-vxlan",
            Severity.Info,
            $"IPPool/{pools[0]}",
            string.Create(CultureInfo.InvariantCulture, $"The pools {string.Join(", ", pools)} use VXLAN on UDP {port}, the port Antrea's VXLAN wants too."),
            "Leave Antrea's tunnelType at geneve, its default, while Calico is there.");
    }

    public static IEnumerable<Finding> WireGuard(PreflightContext context) =>
        context.CalicoObjects("FelixConfiguration")
            .Where(f => f.Json.FlagAt("spec", "wireguardEnabled") == true || f.Json.FlagAt("spec", "wireguardEnabledV6") == true)
            .Select(f => new Finding(
                "calico-encrypts-with-wireguard",
                Severity.Warning,
                f.ToString(),
                "Traffic between Nodes is encrypted today; Antrea encrypts only when told to, and both want UDP 51820.",
                "Decide before the migration: trafficEncryptionMode wireGuard with another port, or traffic in the clear from the bridging on."));

    public static IEnumerable<Finding> PendingAffinities(PreflightContext context) =>
        context.Snapshot.CalicoIpam.Affinities.Where(a => !a.IsConfirmed).Select(a => new Finding(
            "block-affinity-not-confirmed",
            Severity.Warning,
            $"BlockAffinity/{a.Node}/{a.Cidr}",
            $"The claim of Node {a.Node} to {a.Cidr} is '{a.State}': the range is reserved, and the block may or may not exist.",
            "Wait for Calico to settle it, or look at calicoctl ipam check; the range counts as in use."));

    /// <summary>From v3.32 on kube-controllers guards pools and tiers with finalizers that only it removes.</summary>
    public static IEnumerable<Finding> Finalizers(PreflightContext context) =>
        new[] { "IPPool", "Tier" }.SelectMany(context.CalicoObjects)
            .Select(o => (Object: o, Finalizers: o.Json.TextsAt("metadata", "finalizers").ToList()))
            .Where(o => o.Finalizers.Count > 0)
            .Select(o => new Finding(
                "calico-object-has-finalizers",
                Severity.Info,
                o.Object.ToString(),
                $"The object has the finalizers {string.Join(", ", o.Finalizers)}, which Calico's kube-controllers remove.",
                "Nothing to do; the migration releases them once the controllers are gone."));

    private static Finding Etcd(PreflightContext context, string evidence) => new(
        "calico-datastore-not-kubernetes",
        Severity.Blocker,
        context.CalicoNode!.ToString(),
        $"{evidence} Calico's addresses and policies are then in an etcd of its own, which is not read.",
        "Move Calico's data to the Kubernetes datastore (calicoctl datastore migrate) first; for a saved snapshot, include Calico's objects.");
}
