namespace Antrea.Migration.Addressing;

/// <summary>A range of Calico's that shares addresses with a Node's PodCIDR.</summary>
/// <param name="Block">Calico's range: a block, or a single address as /32 or /128.</param>
/// <param name="Owner">The Node whose Calico Pods use the range; null for a block without affinity.</param>
/// <param name="PodCidr">The PodCIDR it clashes with.</param>
/// <param name="Node">The Node whose PodCIDR that is: its Antrea Pods will get these addresses.</param>
/// <param name="Own">Whether both are the same Node. Such a block is as unreachable from Antrea interfaces as any
/// other.</param>
/// <param name="Kind">What <paramref name="Block"/> is.</param>
public sealed record BlockOverlap(Cidr Block, string? Owner, Cidr PodCidr, string Node, bool Own, CalicoRangeKind Kind)
{
    /// <summary>How <see cref="Block"/> lies to <see cref="PodCidr"/>; never <see cref="CidrRelation.Apart"/>. It decides
    /// whose route the Nodes take: the one with the longer prefix.</summary>
    public CidrRelation Relation => Block.RelationTo(PodCidr);

    /// <summary>The addresses that both have: the smaller of the two ranges.</summary>
    public Cidr Shared => Block.PrefixLength >= PodCidr.PrefixLength ? Block : PodCidr;
}
