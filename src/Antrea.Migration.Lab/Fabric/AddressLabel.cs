using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>One line of <c>ip addrlabel</c>: the label of IPv6 addresses in a range, of which the longest counts.</summary>
/// <param name="Prefix">IPv6.</param>
/// <param name="Label">Any number; only whether two are equal counts.</param>
internal readonly record struct AddressLabel(Cidr Prefix, int Label);
