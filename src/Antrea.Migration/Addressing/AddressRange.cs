namespace Antrea.Migration.Addressing;

/// <summary>A range of addresses that somebody uses or reserves.</summary>
/// <param name="Cidr">The range; a /32 or /128 for a single address.</param>
/// <param name="Use">What for.</param>
/// <param name="Owner">Whose it is, by name; null where it is nobody's. What kind of name it is follows from
/// <paramref name="Use"/>.</param>
public sealed record AddressRange(Cidr Cidr, AddressUse Use, string? Owner);
