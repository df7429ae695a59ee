using System.Collections.Immutable;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The kinds every lab cluster has, each in one version.</summary>
internal static class BuiltInResources
{
    private const bool Cluster = false;
    private const bool Namespaced = true;
    private static readonly string[] InAll = ["all"];

    /// <summary>The table, core group first, and groups together.</summary>
    public static readonly ImmutableArray<ServedResource> All =
    [
        Row(ResourceType.Namespace, "ns", status: true),
        Row(ResourceType.Node, "no", status: true),
        Row(ResourceType.Pod, "po", all: true, status: true) with
        {
            Subresources =
            [
                ("binding", "", "v1", "Binding", ["create"]),
                ("eviction", "policy", "v1", "Eviction", ["create"]),
                ("exec", "", "v1", "PodExecOptions", ["create", "get"]),
            ],
        },
        Row(ResourceType.Service, "svc", all: true, status: true),
        Row(ResourceType.Endpoints, "ep") with { Singular = "endpoints", ListKind = "EndpointsList" },
        Row(ResourceType.ConfigMap, "cm"),
        Row(new("", "v1", "Secret", "secrets", Namespaced)),
        Row(ResourceType.ServiceAccount, "sa"),
        Row(ResourceType.Event, "ev"),
        Row(new("", "v1", "PersistentVolume", "persistentvolumes", Cluster), "pv", status: true),
        Row(new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", Namespaced), "pvc", status: true),
        Row(new("", "v1", "LimitRange", "limitranges", Namespaced), "limits"),
        Row(new("", "v1", "ResourceQuota", "resourcequotas", Namespaced), "quota", status: true),
        Row(ResourceType.DaemonSet, "ds", all: true, status: true),
        Row(ResourceType.Deployment, "deploy", all: true, status: true, scale: true),
        Row(ResourceType.ReplicaSet, "rs", all: true, status: true, scale: true),
        Row(ResourceType.StatefulSet, "sts", all: true, status: true, scale: true),
        Row(new("apps", "v1", "ControllerRevision", "controllerrevisions", Namespaced)),
        Row(new("batch", "v1", "Job", "jobs", Namespaced), all: true, status: true),
        Row(new("batch", "v1", "CronJob", "cronjobs", Namespaced), "cj", all: true, status: true),
        Row(ResourceType.PodDisruptionBudget, "pdb", status: true),
        Row(new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", Namespaced), "netpol"),
        Row(new("networking.k8s.io", "v1", "Ingress", "ingresses", Namespaced), "ing", status: true),
        Row(new("networking.k8s.io", "v1", "IngressClass", "ingressclasses", Cluster)),
        Row(ResourceType.EndpointSlice),
        Row(new("coordination.k8s.io", "v1", "Lease", "leases", Namespaced)),
        Row(new("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", Cluster)) with { IsReview = true },
        Row(new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", Cluster)),
        Row(new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", Cluster)),
        Row(new("rbac.authorization.k8s.io", "v1", "Role", "roles", Namespaced)),
        Row(new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", Namespaced)),
        Row(ResourceType.CustomResourceDefinition, "crd", status: true) with { ShortNames = ["crd", "crds"], Categories = ["api-extensions"] },
        Row(new("apiregistration.k8s.io", "v1", "APIService", "apiservices", Cluster), status: true) with { Categories = ["api-extensions"] },
        Row(new("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", Cluster)),
        Row(new("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", Cluster)),
        Row(new("storage.k8s.io", "v1", "StorageClass", "storageclasses", Cluster), "sc"),
        Row(new("storage.k8s.io", "v1", "CSIDriver", "csidrivers", Cluster)),
        Row(new("storage.k8s.io", "v1", "CSINode", "csinodes", Cluster)),
        Row(new("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", Cluster), status: true),
        Row(new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", Cluster), "pc"),
    ];

    private static ServedResource Row(
        ResourceType type, string? shortName = null, bool all = false, bool status = false, bool scale = false) =>
        new(type, type.Version)
        {
            ShortNames = shortName is null ? [] : [shortName],
            Categories = all ? InAll : [],
            HasStatus = status,
            HasScale = scale,
        };
}
