using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Antrea.Migration.Addressing;

/// <summary>A range in which new pools may be.</summary>
/// <param name="Cidr">The range.</param>
/// <param name="Preference">Which ranges come first; 0 is the best.</param>
/// <param name="Name">What people call it.</param>
internal sealed record PoolRange(Cidr Cidr, int Preference, string Name)
{
    private const string UniqueLocal = "unique local (RFC 4193)";

    /// <summary>How many /48s of unique local addresses are made up for a cluster.</summary>
    private const int MadeUp = 2;

    /// <summary>The private ranges of IPv4. Public addresses are somebody else's, so they are never suggested.</summary>
    private static readonly ImmutableArray<PoolRange> IPv4 =
    [
        new(Cidr.Parse("10.0.0.0/8"), 0, "private (RFC 1918)"),
        new(Cidr.Parse("172.16.0.0/12"), 0, "private (RFC 1918)"),
        new(Cidr.Parse("192.168.0.0/16"), 0, "private (RFC 1918)"),
        new(Cidr.Parse("100.64.0.0/10"), 1, "shared address space (RFC 6598), which some clouds use themselves"),
    ];

    /// <summary>All ranges of a family. Of IPv6 the /48s of the cluster's own unique local addresses come first: their random part is chosen
    /// already. Then come some made up for this cluster, and last all of fd00::/8.</summary>
    public static ImmutableArray<PoolRange> Of(bool isIPv6, IReadOnlyCollection<AddressRange> inUse)
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
            .. MadeUpFor(inUse).Select(c => new PoolRange(c, 1, $"{UniqueLocal}, in a /48 whose 40 bits behind fd were drawn for this cluster")),
            new PoolRange(Cidr.Parse("fd00::/8"), 2, $"{UniqueLocal}; choose the 40 bits behind fd at random if other sites are connected"),
        ];
    }

    /// <summary>Hashes of what hardly ever changes in a cluster: another cluster has others, and the same one the same again.</summary>
    private static IEnumerable<Cidr> MadeUpFor(IEnumerable<AddressRange> inUse)
    {
        var cluster = string.Join(' ', inUse.Where(r => r.Use is AddressUse.ServiceCidr or AddressUse.ClusterCidr or AddressUse.Pool).Select(r => r.Cidr.ToString()));
        for (var i = 0; i < MadeUp; i++)
        {
            var bits = SHA256.HashData(Encoding.UTF8.GetBytes($"{i} {cluster}"))[..5];
            yield return Cidr.Containing(new System.Net.IPAddress([0xfd, .. bits, .. new byte[10]]), 48);
        }
    }
}
