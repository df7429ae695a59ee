namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>The labels that Calico gives endpoints on top of their own.</summary>
/// <remarks>Source: Calico <c>libcalico-go/lib/backend/k8s/conversion</c>.</remarks>
internal static class CalicoLabels
{
    public const string Namespace = "projectcalico.org/namespace";
    public const string Orchestrator = "projectcalico.org/orchestrator";
    public const string OrchestratorValue = "k8s";
    public const string ServiceAccount = "projectcalico.org/serviceaccount";

    /// <summary>Before each label that an endpoint has from its Namespace.</summary>
    public const string NamespacePrefix = "pcns.";

    /// <summary>Before each label that an endpoint has from its ServiceAccount.</summary>
    public const string ServiceAccountPrefix = "pcsa.";

    /// <summary>Behind either prefix: the Namespace's or ServiceAccount's own name.</summary>
    public const string NameKey = "projectcalico.org/name";

    /// <summary>Where Calico's custom resources keep what their metadata said.</summary>
    public const string MetadataAnnotation = "projectcalico.org/metadata";
}
