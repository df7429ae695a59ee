namespace Antrea.Migration.Addressing;

/// <summary>Why a range counts as Calico's.</summary>
public enum CalicoRangeKind
{
    /// <summary>An IPAMBlock, with or without an affinity.</summary>
    Block,

    /// <summary>A BlockAffinity without a block: it holds no address yet, or no longer, but reserves the
    /// range.</summary>
    PendingAffinity,

    /// <summary>One address used on another Node than its block's, or from a block without a Node; Calico routes it as
    /// a /32 or /128.</summary>
    BorrowedAddress,

    /// <summary>One address of a Node's own tunnel device that lies outside that Node's blocks.</summary>
    TunnelAddress,

    /// <summary>One address of a running Calico Pod that no block holds (given without IPAM, or the snapshot lacks the
    /// block).</summary>
    PodAddress,
}
