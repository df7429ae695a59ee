namespace Antrea.Migration.Addressing;

/// <summary>How much Calico's addresses clash with what Antrea will give out: it decides the way of the
/// migration.</summary>
public enum MigrationScenario
{
    /// <summary>No address range in Calico's hands overlaps a Node's PodCIDR.</summary>
    Simple,

    /// <summary>Some overlap, on at most the threshold's share of the Nodes
    /// (<see cref="AddressAnalysisOptions.SmallOverlapThreshold"/>).</summary>
    SmallOverlap,

    /// <summary>More Nodes than that overlap.</summary>
    MostOverlap,
}
