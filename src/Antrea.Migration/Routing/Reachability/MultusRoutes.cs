namespace Antrea.Migration.Routing.Reachability;

/// <summary>How the routes inside Multus Pods are arranged.</summary>
public enum MultusRoutes
{
    /// <summary>As the plugins leave them: two default routes of equal metric, chosen by the state of the neighbour
    /// table.</summary>
    Stock,

    /// <summary>Default by net1 only; what comes from the Calico address leaves by eth0 (a rule and a table of its
    /// own).</summary>
    V1,

    /// <summary>Default by eth0; the PodCIDRs and the Service CIDR by net1; replies leave by the interface of their
    /// address.</summary>
    V2,

    /// <summary>Default by eth0; the other Nodes' PodCIDRs and the Service CIDR by net1; no rule, so that a reply to an address in a
    /// PodCIDR leaves by net1 whatever its own. What <see cref="Bridge.MultusConfig.DelegateToBoth"/> leaves.</summary>
    ByPodCidr,
}
