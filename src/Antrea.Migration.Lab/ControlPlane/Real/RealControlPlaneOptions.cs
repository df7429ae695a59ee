using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>How a real control plane is set up.</summary>
internal sealed record RealControlPlaneOptions
{
    /// <summary>The folder with etcd, kube-apiserver, kube-controller-manager and kube-scheduler: envtest's convention
    /// (<c>KUBEBUILDER_ASSETS</c>) and the two programs it leaves out.</summary>
    public required string Binaries { get; init; }

    /// <summary>The cluster's, user's and context's name in the kubeconfig.</summary>
    public string ClusterName { get; init; } = "lab";

    /// <summary>Where ClusterIPs come from.</summary>
    public Cidr ServiceCidr { get; init; } = Cidr.Parse("10.96.0.0/16");

    /// <summary>Where the controller manager takes the Nodes' PodCIDRs (/24) from, in order of registration.</summary>
    public Cidr PodSubnet { get; init; } = Cidr.Parse("10.10.0.0/16");

    /// <summary>How long each program may take until it is ready.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
