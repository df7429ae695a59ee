namespace Antrea.Migration.Addressing;

/// <summary>A range that Calico uses or reserves.</summary>
/// <param name="Cidr">The range; a /32 or /128 for a single address.</param>
/// <param name="Owner">The Node that uses it; null when no Node does as a whole (a block without affinity).</param>
/// <param name="Kind">Why it counts as Calico's.</param>
public sealed record CalicoRange(Cidr Cidr, string? Owner, CalicoRangeKind Kind);
