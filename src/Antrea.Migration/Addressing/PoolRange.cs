using System.Collections.Immutable;

namespace Antrea.Migration.Addressing;

/// <summary>A range in which new pools may be.</summary>
/// <param name="Cidr">The range.</param>
/// <param name="Preference">Which ranges come first; 0 is the best.</param>
/// <param name="Name">What people call it.</param>
internal sealed record PoolRange(Cidr Cidr, int Preference, string Name)
{
    private const string UniqueLocal = "unique local (RFC 4193)";

    /// <summary>The private ranges of IPv4. Public addresses are somebody else's, so they are never suggested.</summary>
    private static readonly ImmutableArray<PoolRange> IPv4 =
    [
        new(Cidr.Parse("10.0.0.0/8"), 0, "private (RFC 1918)"),
        new(Cidr.Parse("172.16.0.0/12"), 0, "private (RFC 1918)"),
        new(Cidr.Parse("192.168.0.0/16"), 0, "private (RFC 1918)"),
        new(Cidr.Parse("100.64.0.0/10"), 1, "shared address space (RFC 6598), which some clouds use themselves"),
    ];

    /// <summary>All ranges of a family. Of IPv6 the /48s of the cluster's own unique local addresses come first: their random part is chosen
    /// already.</summary>
    public static ImmutableArray<PoolRange> Of(bool isIPv6, IEnumerable<AddressRange> inUse)
    {
        if (!isIPv6)
        {
            return IPv4;
        }

        var uniqueLocal = Cidr.Parse("fc00::/7");
        return
        [
            .. inUse
                .Where(r => r.Use is AddressUse.PodCidr or AddressUse.ClusterCidr or AddressUse.Pool && r.Cidr.PrefixLength >= 48 && uniqueLocal.Contains(r.Cidr))
                .Select(r => Cidr.Containing(r.Cidr.FirstAddress, 48))
                .Distinct()
                .Order()
                .Select(c => new PoolRange(c, 0, $"{UniqueLocal}, in a /48 that the cluster uses already")),
            new PoolRange(Cidr.Parse("fd00::/8"), 1, $"{UniqueLocal}; choose the 40 bits behind fd at random if other sites are connected"),
        ];
    }
}
