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

    /// <summary>Whichever suits the cluster; the plan says which and why. Never <see cref="Partition"/>.</summary>
    Auto,

    /// <summary>Not at all: Calico stays in the PodCIDRs, and a part of the Nodes leaves it before the rest does. Pods of different parts do not reach each other
    /// meanwhile; the plan says which flows that breaks and for how long, and must be agreed to.</summary>
    Partition,
}
