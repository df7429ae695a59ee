namespace Antrea.Migration.Addressing;

/// <summary>What an address range is used or reserved for.</summary>
public enum AddressUse
{
    /// <summary>A Calico IPPool; its owner is the pool's name.</summary>
    Pool,

    /// <summary>A Calico block; its owner is the Node it is affine to, if any.</summary>
    Block,

    /// <summary>A BlockAffinity without a block; its owner is the Node that claims it.</summary>
    PendingAffinity,

    /// <summary>One Calico address used away from its block; its owner is the Node that uses it.</summary>
    BorrowedAddress,

    /// <summary>One address of a Node's Calico tunnel device outside that Node's blocks; its owner is the Node.</summary>
    TunnelAddress,

    /// <summary>One address of a running Calico Pod that no block holds; its owner is the Pod's Node.</summary>
    PodAddress,

    /// <summary>A Node's PodCIDR, from which Antrea gives out addresses; its owner is the Node.</summary>
    PodCidr,

    /// <summary>The range that PodCIDRs are cut from, those of future Nodes too; it has no owner.</summary>
    ClusterCidr,

    /// <summary>The range that ClusterIPs come from; it has no owner.</summary>
    ServiceCidr,

    /// <summary>A Node's InternalIP; its owner is the Node.</summary>
    NodeAddress,

    /// <summary>The subnet of a Node's address, as Calico noted it on the Node; its owner is the Node.</summary>
    NodeNetwork,

    /// <summary>A network outside the cluster: a route that the caller knows, or an external or load balancer address of
    /// a Service, whose owner is then the Service as <c>Service/namespace/name</c>.</summary>
    External,

    /// <summary>Addresses that something else of the cluster has or keeps, and that a new pool must keep clear of: a ClusterIP that no known
    /// Service CIDR holds, a Node's external address, what an IPReservation keeps, ranges of Service addresses that Calico
    /// announces, Antrea's ExternalIPPools and IPPools, and MetalLB's address pools. Its owner is the object, as <c>kind/name</c> or <c>kind/namespace/name</c>.</summary>
    Kept,
}
