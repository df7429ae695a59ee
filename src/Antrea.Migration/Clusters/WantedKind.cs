using Antrea.Migration.CalicoApi;

namespace Antrea.Migration.Clusters;

/// <summary>A kind of object that a snapshot holds.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Namespace">The only Namespace that is looked at; null for all.</param>
internal sealed record WantedKind(string Group, string Kind, string? Namespace = null)
{
    /// <summary>Every kind the analysis, the conversion or the preflight looks at. Secrets are never read.</summary>
    /// <remarks>IPAMHandles are left out: a block's attributes say the same. CustomResourceDefinitions are left out:
    /// discovery says what is served, and they are large.</remarks>
    public static IReadOnlyList<WantedKind> All { get; } =
    [
        .. Of("", "Node", "Namespace", "Pod", "Service", "ServiceAccount", "ReplicationController", "ResourceQuota", "PersistentVolume", "PersistentVolumeClaim"),
        new("", "ConfigMap", "kube-system"),
        .. Of("apps", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
        .. Of("batch", "CronJob", "Job"),
        .. Of("discovery.k8s.io", "EndpointSlice"),
        .. Of("policy", "PodDisruptionBudget"),
        .. Of("networking.k8s.io", "NetworkPolicy", "ServiceCIDR"),
        .. Of("policy.networking.k8s.io", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"),
        .. Of("admissionregistration.k8s.io", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        .. Of("apiregistration.k8s.io", "APIService"),
        .. Of(CalicoIpamReader.RawGroup, "IPPool", "IPAMBlock", "BlockAffinity", "IPAMConfig", "IPReservation"),
        .. Of(CalicoIpamReader.RawGroup, CalicoKinds),
        .. Of(CalicoIpamReader.ApiGroup, "IPPool", "IPAMBlock", "BlockAffinity", "IPAMConfiguration", "IPReservation"),
        .. Of(CalicoIpamReader.ApiGroup, CalicoKinds),
        .. Of("migration.projectcalico.org", "DatastoreMigration"),
        .. Of("operator.tigera.io", "APIServer", "GatewayAPI", "Goldmane", "Installation", "Istio", "Whisker"),
        .. Of(
            "crd.antrea.io", "AntreaAgentInfo", "AntreaControllerInfo", "ClusterGroup", "ClusterNetworkPolicy", "ExternalIPPool", "Group", "IPPool", "NetworkPolicy", "Tier"),
        .. Of("metallb.io", "AddressPool", "IPAddressPool"),
        .. Of("k8s.cni.cncf.io", "NetworkAttachmentDefinition"),
    ];

    /// <summary>The ConfigMaps of kube-system that say how the cluster's network is set up; others may hold anything and are not kept.</summary>
    public static bool IsWantedConfigMap(string name) =>
        name is "kubeadm-config" or "kube-proxy" or "calico-config" or "antrea-config"
        || name.StartsWith("antrea-config-", StringComparison.Ordinal);

    private static string[] CalicoKinds =>
    [
        "BGPConfiguration",
        "BGPFilter",
        "BGPPeer",
        "ClusterInformation",
        "FelixConfiguration",
        "GlobalNetworkPolicy",
        "GlobalNetworkSet",
        "HostEndpoint",
        "KubeControllersConfiguration",
        "NetworkPolicy",
        "NetworkSet",
        "Profile",
        "StagedGlobalNetworkPolicy",
        "StagedKubernetesNetworkPolicy",
        "StagedNetworkPolicy",
        "Tier",
    ];

    private static IEnumerable<WantedKind> Of(string group, params string[] kinds) => kinds.Select(k => new WantedKind(group, k));
}
