namespace Antrea.Migration.Planning;

/// <summary>How Calico Pods and Antrea Pods reach each other while both networks are in use.</summary>
public enum BridgeKind
{
    /// <summary>Every Pod passes through both networks, wired by Multus: two restarts a Pod, nothing on the Nodes' routes.</summary>
    Multus,

    /// <summary>What Calico Pods send to a PodCIDR goes by Calico's own tunnel: one restart a Pod, a rule and a route table on each Node.</summary>
    PolicyRoute,

    /// <summary>Calico's only pool lies outside of the PodCIDRs and masquerades what its Pods send there: one restart a Pod where it does so already, else
    /// two; Antrea Pods see their Node's gateway instead of the Calico Pod.</summary>
    Pool,

    /// <summary>Whichever suits the cluster; the plan says which and why.</summary>
    Auto,
}
