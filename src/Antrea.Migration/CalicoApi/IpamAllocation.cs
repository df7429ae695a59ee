using System.Net;

namespace Antrea.Migration.CalicoApi;

/// <summary>One address in use in a Calico block.</summary>
/// <param name="Address">The address.</param>
/// <param name="HandleId">The IPAM handle, for example <c>k8s-pod-network.CONTAINERID</c>; empty when the block has none.</param>
/// <param name="Node">Attribute <c>node</c>: where the address is used. Differs from the block's Node when borrowed; null when unknown.</param>
/// <param name="PodNamespace">Attribute <c>namespace</c>; null for a tunnel address.</param>
/// <param name="PodName">Attribute <c>pod</c>; null for a tunnel address.</param>
/// <param name="Type">Attribute <c>type</c>, for example <c>ipipTunnelAddress</c>; null for a workload.</param>
public sealed record IpamAllocation(
    IPAddress Address, string HandleId, string? Node, string? PodNamespace, string? PodName, string? Type)
{
    /// <summary>Whether the address belongs to a Node's own tunnel or WireGuard device rather than to a Pod.</summary>
    public bool IsTunnel => Type is not null && (Type.EndsWith("TunnelAddress", StringComparison.Ordinal));
}
