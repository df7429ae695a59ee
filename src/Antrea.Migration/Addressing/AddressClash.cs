namespace Antrea.Migration.Addressing;

/// <summary>Two ranges that share addresses and must not.</summary>
/// <param name="Left">The range whose use comes first in <see cref="AddressUse"/>; of equal uses the inner one.</param>
/// <param name="Right">The other one.</param>
public sealed record AddressClash(AddressRange Left, AddressRange Right)
{
    /// <summary>How <see cref="Left"/> lies to <see cref="Right"/>; never <see cref="CidrRelation.Apart"/>.</summary>
    public CidrRelation Relation => Left.Cidr.RelationTo(Right.Cidr);

    /// <summary>The addresses that both have: the smaller of the two ranges.</summary>
    public Cidr Shared => Left.Cidr.PrefixLength >= Right.Cidr.PrefixLength ? Left.Cidr : Right.Cidr;
}
