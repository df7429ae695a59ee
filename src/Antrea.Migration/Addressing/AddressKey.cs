using System.Numerics;

namespace Antrea.Migration.Addressing;

/// <summary>An address of one family as a number: what the algorithms over sorted prefixes compare and cut.</summary>
/// <remarks>They are written once against this interface and compiled for each family. A test may bring a key that counts
/// what is done with it; that costs the others nothing.</remarks>
/// <typeparam name="TSelf">The key itself.</typeparam>
internal interface IAddressKey<TSelf>
    where TSelf : unmanaged, IAddressKey<TSelf>
{
    /// <summary>How many bits an address has.</summary>
    static abstract int Width { get; }

    /// <summary>The upper 64 bits; 0 for IPv4.</summary>
    ulong Upper { get; }

    /// <summary>The lower 64 bits; for IPv4 all there are.</summary>
    ulong Lower { get; }

    /// <summary>The key of an address.</summary>
    static abstract TSelf From(UInt128 value);

    /// <summary>The prefix that begins here.</summary>
    Cidr ToCidr(int length);

    static abstract bool operator <(TSelf left, TSelf right);

    static abstract bool operator >(TSelf left, TSelf right);

    static abstract bool operator <=(TSelf left, TSelf right);

    static abstract bool operator >=(TSelf left, TSelf right);

    /// <summary>The last address of the prefix of this length that begins here.</summary>
    TSelf LastOf(int length);

    /// <summary>The address behind this one; the first of all behind the last of all.</summary>
    TSelf Next();

    /// <summary>How far this lies behind <paramref name="origin"/>, in steps of 2^<paramref name="shift"/>;
    /// saturated.</summary>
    /// <param name="origin">An address not above this one.</param>
    /// <param name="shift">0 to <see cref="Width"/> - 1.</param>
    ulong StepsFrom(TSelf origin, int shift);

    /// <summary>How many bits the distance from <paramref name="origin"/> has; 0 when both are equal.</summary>
    /// <param name="origin">An address not above this one.</param>
    int DistanceBits(TSelf origin);
}

/// <summary>An IPv4 address.</summary>
internal readonly struct IPv4Key(uint value) : IAddressKey<IPv4Key>
{
    private readonly uint _value = value;

    public static int Width => 32;

    public ulong Upper => 0;

    public ulong Lower => _value;

    public static IPv4Key From(UInt128 value) => new((uint)value);

    public Cidr ToCidr(int length) => Cidr.Of(_value, length, isIPv6: false);

    public static bool operator <(IPv4Key left, IPv4Key right) => left._value < right._value;

    public static bool operator >(IPv4Key left, IPv4Key right) => left._value > right._value;

    public static bool operator <=(IPv4Key left, IPv4Key right) => left._value <= right._value;

    public static bool operator >=(IPv4Key left, IPv4Key right) => left._value >= right._value;

    public IPv4Key LastOf(int length) => new(_value | (uint)(0xffff_ffffUL >> length));

    public IPv4Key Next() => new(_value + 1);

    public ulong StepsFrom(IPv4Key origin, int shift) => (_value - origin._value) >> shift;

    public int DistanceBits(IPv4Key origin) => 32 - BitOperations.LeadingZeroCount(_value - origin._value);
}

/// <summary>An IPv6 address.</summary>
internal readonly struct IPv6Key(ulong upper, ulong lower) : IAddressKey<IPv6Key>
{
    public static int Width => 128;

    public ulong Upper { get; } = upper;

    public ulong Lower { get; } = lower;

    public static IPv6Key From(UInt128 value) => new((ulong)(value >> 64), (ulong)value);

    public Cidr ToCidr(int length) => Cidr.Of(new UInt128(Upper, Lower), length, isIPv6: true);

    public static bool operator <(IPv6Key left, IPv6Key right) =>
        left.Upper < right.Upper || (left.Upper == right.Upper && left.Lower < right.Lower);

    public static bool operator >(IPv6Key left, IPv6Key right) => right < left;

    public static bool operator <=(IPv6Key left, IPv6Key right) => !(right < left);

    public static bool operator >=(IPv6Key left, IPv6Key right) => !(left < right);

    public IPv6Key LastOf(int length) =>
        length >= 64
            ? new(Upper, Lower | (length == 128 ? 0 : ulong.MaxValue >> (length - 64)))
            : new(Upper | (ulong.MaxValue >> length), ulong.MaxValue);

    public IPv6Key Next() => new(Lower == ulong.MaxValue ? Upper + 1 : Upper, Lower + 1);

    public ulong StepsFrom(IPv6Key origin, int shift)
    {
        var lower = Lower - origin.Lower;
        var upper = Upper - origin.Upper - (Lower < origin.Lower ? 1UL : 0);
        return shift >= 64 ? upper >> (shift - 64)
            : upper >> shift != 0 ? ulong.MaxValue
            : shift == 0 ? lower
            : (upper << (64 - shift)) | (lower >> shift);
    }

    public int DistanceBits(IPv6Key origin)
    {
        var upper = StepsFrom(origin, 64);
        return upper != 0
            ? 128 - BitOperations.LeadingZeroCount(upper)
            : 64 - BitOperations.LeadingZeroCount(Lower - origin.Lower);
    }
}
