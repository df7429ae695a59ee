namespace Antrea.Migration.Kind;

/// <summary>How Calico's addresses lie to the Nodes' PodCIDRs in a cluster made to try a migration on.</summary>
public enum KindScenario
{
    /// <summary>No block of Calico's is in a PodCIDR.</summary>
    Simple,

    /// <summary>One Node's block is.</summary>
    SmallOverlap,

    /// <summary>Every Node's block is: the pool is filled by PodCIDRs.</summary>
    MostOverlap,

    /// <summary>Blocks are as long as PodCIDRs, and one Node's is the PodCIDR of some Node.</summary>
    EqualBlocks,

    /// <summary>One worker's block is in its own PodCIDR.</summary>
    OwnPodCidr,

    /// <summary>The control plane's block is in a PodCIDR, and nothing but its tunnel's address is in the block.</summary>
    TunnelOnly,
}
