namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>One kind of object that the lab's API server serves.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The version objects are stored in, for example <c>v1</c>.</param>
/// <param name="Kind">For example <c>DaemonSet</c>.</param>
/// <param name="Plural">The resource name in paths, for example <c>daemonsets</c>.</param>
/// <param name="Namespaced">Whether objects live in a Namespace.</param>
internal sealed record ResourceType(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    public static readonly ResourceType Namespace = new("", "v1", "Namespace", "namespaces", false);
    public static readonly ResourceType Node = new("", "v1", "Node", "nodes", false);
    public static readonly ResourceType Pod = new("", "v1", "Pod", "pods", true);
    public static readonly ResourceType Service = new("", "v1", "Service", "services", true);
    public static readonly ResourceType Endpoints = new("", "v1", "Endpoints", "endpoints", true);
    public static readonly ResourceType ConfigMap = new("", "v1", "ConfigMap", "configmaps", true);
    public static readonly ResourceType ServiceAccount = new("", "v1", "ServiceAccount", "serviceaccounts", true);
    public static readonly ResourceType Event = new("", "v1", "Event", "events", true);
    public static readonly ResourceType DaemonSet = new("apps", "v1", "DaemonSet", "daemonsets", true);
    public static readonly ResourceType Deployment = new("apps", "v1", "Deployment", "deployments", true);
    public static readonly ResourceType ReplicaSet = new("apps", "v1", "ReplicaSet", "replicasets", true);
    public static readonly ResourceType StatefulSet = new("apps", "v1", "StatefulSet", "statefulsets", true);
    public static readonly ResourceType EndpointSlice = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
    public static readonly ResourceType PodDisruptionBudget =
        new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true);
    public static readonly ResourceType CustomResourceDefinition =
        new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false);

    /// <summary>What objects carry in <c>apiVersion</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Whether objects count the changes of their spec: what controllers follow does.</summary>
    public bool HasGeneration =>
        Group is not ("" or "rbac.authorization.k8s.io" or "coordination.k8s.io" or "storage.k8s.io" or "apiregistration.k8s.io");

    /// <summary>The resource name as messages give it: <c>pods</c>, <c>daemonsets.apps</c>.</summary>
    public string QualifiedPlural => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
