using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>How a lab control plane is set up.</summary>
internal sealed record LabControlPlaneOptions
{
    /// <summary>Where Service ClusterIPs come from. The first address is the Service <c>default/kubernetes</c>'s.</summary>
    public Cidr ServiceCidr { get; init; } = Cidr.Parse("10.96.0.0/16");

    /// <summary>Where the second ClusterIP of a dual-stack Service comes from, as large as <see cref="ServiceCidr"/>; null for a cluster without
    /// IPv6. A Service has the same place in both.</summary>
    public Cidr? ServiceCidr6 { get; init; }

    /// <summary>What <c>/version</c> says: <c>v</c>, major, minor and patch.</summary>
    public string KubernetesVersion { get; init; } = "v1.27.3";

    /// <summary>The cluster's, user's and context's name in the kubeconfig.</summary>
    public string ClusterName { get; init; } = "lab";

    /// <summary>Asked at the start of every request what should go wrong with it; null for nothing.</summary>
    public Func<LabApiRequest, LabApiFault?>? Faults { get; init; }
}
