namespace Antrea.Migration.Routing.Reachability;

/// <summary>Why a connection does not work, or not always.</summary>
public enum ReachabilityCause
{
    /// <summary>It works.</summary>
    None,

    /// <summary>The destination, a Calico address, lies in the PodCIDR of the client's own Node: the client asks for it by ARP.</summary>
    OverlapOnLink,

    /// <summary>The destination, a Calico address, lies in another Node's PodCIDR: Open vSwitch tunnels it there.</summary>
    OverlapInOvs,

    /// <summary>The client's Calico address lies in the PodCIDR of the server's Node: the server asks for it by ARP.</summary>
    ReplyOnLink,

    /// <summary>The client's Calico address lies in a third Node's PodCIDR: Open vSwitch tunnels the reply there.</summary>
    ReplyToOtherNode,

    /// <summary>The request goes by Antrea's tunnel and the reply by Calico's, so no connection tracking sees both.</summary>
    OneSidedConnection,

    /// <summary>The source is not masqueraded (<c>noSNAT</c>, or the destination lies in a PodCIDR), so the reply takes a way that has not seen the request.</summary>
    NotMasqueraded,

    /// <summary>A Calico block lies in the PodCIDR, and hosts prefer its longer route for Antrea Pods' addresses.</summary>
    BlockInPodCidr,

    /// <summary>A PodCIDR lies in the Calico block, and hosts prefer its longer route for Calico Pods' addresses.</summary>
    BlockAroundPodCidr,

    /// <summary>A Calico block and a PodCIDR are the same prefix; the last writer of the route has it.</summary>
    EqualPrefixes,

    /// <summary>The Calico address is the last one of a PodCIDR, which that PodCIDR's Node keeps for broadcasts.</summary>
    LastOfPodCidr,

    /// <summary>Request and reply take different devices, and <c>rp_filter</c> is 1.</summary>
    ReversePathFilter,

    /// <summary>A Multus Pod has two default routes of one metric.</summary>
    TwoDefaults,

    /// <summary>A Multus Pod answers by net1 what came in by eth0.</summary>
    ReplyByOtherInterface,

    /// <summary>A Multus Pod reaches itself by a Service, and gets its own net1 address as the source.</summary>
    OwnSource,

    /// <summary>A Node's own table has another route than Calico and Antrea write, or lacks one.</summary>
    UnexpectedRoute,

    /// <summary>The Calico address is the first one of an IPv6 PodCIDR, which that PodCIDR's Node takes for itself, as routers do.</summary>
    FirstOfPodCidr,
}
