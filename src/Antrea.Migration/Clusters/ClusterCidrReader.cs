using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Clusters;

/// <summary>Learns from which ranges Nodes, future ones too, get their PodCIDRs.</summary>
/// <remarks>The flag of a kube-controller-manager that runs as a Pod (what is in force), else kubeadm's <c>podSubnet</c> (what
/// was asked for). Host bits are cleared, as the controller manager does: it takes <c>10.244.0.1/16</c>.</remarks>
internal static class ClusterCidrReader
{
    /// <summary>The cluster CIDRs, sorted; empty when nobody names them, as with cloud providers that give Nodes ranges of their own.</summary>
    public static ImmutableArray<Cidr> Read(IReadOnlyList<ClusterObject> objects, ICollection<BadValue> bad)
    {
        ImmutableArray<Cidr> inForce =
            [.. NetworkConfig.Flag(objects, "kube-controller-manager", "--cluster-cidr", bad, masked: true).Distinct().Order()];
        return inForce.IsEmpty ? [.. NetworkConfig.Kubeadm(objects, "podSubnet", bad, masked: true).Distinct().Order()] : inForce;
    }
}
