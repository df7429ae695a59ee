using System.Net;
using Antrea.Migration.Addressing;
using CsCheck;

namespace Antrea.Migration.Tests.Generators;

/// <summary>Addresses and prefixes of both families; crowded ones, so that random prefixes meet and nest.</summary>
internal static class AddressGen
{
    /// <summary>Any IPv4 address.</summary>
    public static readonly Gen<IPAddress> IPv4 = Gen.Byte.Array[4].Select(b => new IPAddress(b));

    /// <summary>Any IPv6 address; one in four bytes is 0 or 255, for runs of zeros and mapped addresses.</summary>
    public static readonly Gen<IPAddress> IPv6 =
        Gen.OneOf(Gen.Byte, Gen.Byte, Gen.Byte, Gen.OneOf((byte)0, (byte)255)).Array[16].Select(b => new IPAddress(b));

    /// <summary>Any address.</summary>
    public static readonly Gen<IPAddress> Any = Gen.OneOf(IPv4, IPv6);

    /// <summary>Any prefix of any length.</summary>
    public static readonly Gen<Cidr> AnyCidr = Gen.OneOf(
        Gen.Select(IPv4, Gen.Int[0, 32], Cidr.Containing),
        Gen.Select(IPv6, Gen.Int[0, 128], Cidr.Containing));

    /// <summary>Addresses that differ in few bits only, at both ends of the address.</summary>
    public static readonly Gen<IPAddress> Crowded = Gen.OneOf(
        Gen.Select(Gen.OneOf((byte)0, (byte)10, (byte)255), Gen.Int[0, 3], Gen.OneOf((byte)0, (byte)64, (byte)128, (byte)255))
            .Select((a, b, c) => new IPAddress([a, 10, (byte)b, c])),
        Gen.Select(Gen.OneOf((byte)0, (byte)0xfd, (byte)255), Gen.Int[0, 3], Gen.OneOf((byte)0, (byte)128, (byte)255))
            .Select((a, b, c) => new IPAddress([a, 0, 0, 0, 0, 0, 0, (byte)b, 0, 0, 0, 0, 0, 0, 0, c])));

    /// <summary>Prefixes around <see cref="Crowded"/> addresses: many nest, touch or are equal. Every length
    /// occurs.</summary>
    public static readonly Gen<Cidr> CrowdedCidr =
        Gen.Select(Crowded, Gen.Int[0, 128]).Select((a, n) => Cidr.Containing(a, n % (a.GetAddressBytes().Length * 8 + 1)));

    /// <summary>Up to 40 crowded prefixes, each with its place in the list as value.</summary>
    public static readonly Gen<CidrEntry<int>[]> Entries =
        CrowdedCidr.Array[0, 40].Select(cidrs => cidrs.Select((c, i) => new CidrEntry<int>(c, i)).ToArray());
}
