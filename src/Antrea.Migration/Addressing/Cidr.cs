using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Antrea.Migration.Addressing;

/// <summary>An IPv4 or IPv6 prefix: a network address and a length in bits, with no host bits set.</summary>
/// <remarks>
/// <para><b>Shape.</b> <see cref="PrefixLength"/> is 0–32 for IPv4 and 0–128 for IPv6. The first and the last address
/// both belong to the prefix. IPv4-mapped IPv6 addresses are IPv6 here: no prefix of one family contains or overlaps an
/// address or a prefix of the other. <c>default</c> is <c>0.0.0.0/0</c>.</para>
/// <para><b>Order.</b> IPv4 before IPv6, then by first address, then the shorter prefix first.</para>
/// <para>Immutable and safe for use by several threads.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = sizeof(ulong))]
public readonly struct Cidr : IEquatable<Cidr>, IComparable<Cidr>, ISpanFormattable
{
    /// <summary>The longest texts have 49 (IPv4 within IPv6). What is longer is refused unread, and not repeated whole.</summary>
    private const int MostCharacters = 64;

    private readonly UInt128 _first;
    private readonly byte _prefixLength;
    private readonly bool _isIPv6;

    private Cidr(UInt128 first, int prefixLength, bool isIPv6)
    {
        _first = first;
        _prefixLength = (byte)prefixLength;
        _isIPv6 = isIPv6;
    }

    /// <summary>The number of leading bits that every address in the prefix shares: 0–32 for IPv4, 0–128 for
    /// IPv6.</summary>
    public int PrefixLength => _prefixLength;

    /// <summary>Whether this is an IPv6 prefix.</summary>
    public bool IsIPv6 => _isIPv6;

    /// <summary>The lowest address in the prefix.</summary>
    public IPAddress FirstAddress => ToAddress(_first, _isIPv6);

    /// <summary>The highest address in the prefix, the broadcast address of an IPv4 subnet included.</summary>
    public IPAddress LastAddress => ToAddress(LastValue, _isIPv6);

    /// <summary>How many addresses the prefix holds; saturates at <see cref="UInt128.MaxValue"/> for
    /// <c>::/0</c>.</summary>
    public UInt128 AddressCount => Width - _prefixLength == 128 ? UInt128.MaxValue : UInt128.One << (Width - _prefixLength);

    internal UInt128 FirstValue => _first;

    internal UInt128 LastValue => _first | HostMask(Width - _prefixLength);

    private int Width => _isIPv6 ? 128 : 32;

    /// <summary>The prefix of the given length that <paramref name="address"/> lies in; host bits are cleared on
    /// purpose.</summary>
    /// <param name="address">An IPv4 or IPv6 address.</param>
    /// <param name="prefixLength">0–32 for IPv4, 0–128 for IPv6.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="prefixLength"/> does not fit the address
    /// family.</exception>
    public static Cidr Containing(IPAddress address, int prefixLength)
    {
        ArgumentNullException.ThrowIfNull(address);
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var width = isIPv6 ? 128 : 32;
        ArgumentOutOfRangeException.ThrowIfNegative(prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, width);
        return new Cidr(ToValue(address) & ~HostMask(width - prefixLength), prefixLength, isIPv6);
    }

    /// <summary>The prefix that holds just <paramref name="address"/>: a /32 or a /128.</summary>
    public static Cidr Host(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Containing(address, address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32);
    }

    /// <summary>Reads <c>ADDRESS/LENGTH</c>; refuses set host bits.</summary>
    /// <exception cref="FormatException">The text is no prefix; the message names the text and what is wrong with
    /// it.</exception>
    public static Cidr Parse(string text) =>
        TryParse(text, out var cidr, out var error) ? cidr : throw new FormatException(error);

    /// <summary>Reads <c>ADDRESS/LENGTH</c>; refuses set host bits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Cidr cidr) => TryParse(text, out cidr, out _);

    /// <summary>Reads <c>ADDRESS/LENGTH</c>; refuses set host bits and says in <paramref name="error"/> what is
    /// wrong.</summary>
    /// <param name="text">The text; null counts as malformed.</param>
    /// <param name="cidr">The prefix, or <c>default</c>.</param>
    /// <param name="error">A sentence for a person, or null on success.</param>
    public static bool TryParse(
        [NotNullWhen(true)] string? text, out Cidr cidr, [NotNullWhen(false)] out string? error)
    {
        cidr = default;
        if (!TrySplit(text, out var address, out var prefixLength, out error))
        {
            return false;
        }

        cidr = Containing(address, prefixLength);
        if (cidr.FirstAddress.Equals(address))
        {
            return true;
        }

        error = $"'{text}' has bits set behind its /{prefixLength}; the prefix that holds {address} is {cidr}";
        cidr = default;
        return false;
    }

    /// <summary>Reads <c>ADDRESS/LENGTH</c> and clears host bits on purpose, as a routing tool would.</summary>
    /// <exception cref="FormatException">The text is no address with a length.</exception>
    public static Cidr ParseMasked(string text) =>
        TryParseMasked(text, out var cidr, out var error) ? cidr : throw new FormatException(error);

    /// <summary>Reads <c>ADDRESS/LENGTH</c> and clears host bits on purpose.</summary>
    public static bool TryParseMasked(
        [NotNullWhen(true)] string? text, out Cidr cidr, [NotNullWhen(false)] out string? error)
    {
        cidr = default;
        if (!TrySplit(text, out var address, out var prefixLength, out error))
        {
            return false;
        }

        cidr = Containing(address, prefixLength);
        return true;
    }

    /// <summary>Whether <paramref name="address"/> lies in the prefix; false for the other family.</summary>
    public bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if ((address.AddressFamily == AddressFamily.InterNetworkV6) != _isIPv6)
        {
            return false;
        }

        return (ToValue(address) & ~HostMask(Width - _prefixLength)) == _first;
    }

    /// <summary>Whether every address of <paramref name="other"/> lies in this prefix; a prefix contains
    /// itself.</summary>
    public bool Contains(Cidr other) =>
        _isIPv6 == other._isIPv6
        && other._prefixLength >= _prefixLength
        && (other._first & ~HostMask(Width - _prefixLength)) == _first;

    /// <summary>Whether the two prefixes share an address. Symmetric; false across families.</summary>
    public bool Overlaps(Cidr other) => Contains(other) || other.Contains(this);

    /// <summary>How this prefix lies to <paramref name="other"/>; <see cref="CidrRelation.Apart"/> across families.</summary>
    public CidrRelation RelationTo(Cidr other) =>
        this == other ? CidrRelation.Equal
        : Contains(other) ? CidrRelation.Contains
        : other.Contains(this) ? CidrRelation.Within
        : CidrRelation.Apart;

    /// <summary>The address <paramref name="index"/> places behind the first one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index lies outside the prefix.</exception>
    public IPAddress AddressAt(UInt128 index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, LastValue - _first);
        return ToAddress(_first + index, _isIPv6);
    }

    /// <summary>How many places behind the first address <paramref name="address"/> lies.</summary>
    /// <exception cref="ArgumentException">The address is not in the prefix.</exception>
    public UInt128 IndexOf(IPAddress address) =>
        Contains(address)
            ? ToValue(address) - _first
            : throw new ArgumentException($"{address} is not in {this}.", nameof(address));

    /// <summary>The sub-prefix of length <paramref name="prefixLength"/> at place <paramref name="index"/>, counted
    /// from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such sub-prefix exists in this prefix.</exception>
    public Cidr Subnet(int prefixLength, UInt128 index)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(prefixLength, PrefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, Width);
        var bits = prefixLength - _prefixLength;
        if (bits < 128 && index >> bits != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(index), index, $"{this} has {UInt128.One << bits} prefixes of length {prefixLength}.");
        }

        var shift = Width - prefixLength;
        return new Cidr(_first | (shift == 128 ? UInt128.Zero : index << shift), prefixLength, _isIPv6);
    }

    /// <inheritdoc/>
    public bool Equals(Cidr other) =>
        _first == other._first && _prefixLength == other._prefixLength && _isIPv6 == other._isIPv6;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Cidr other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_first, _prefixLength, _isIPv6);

    /// <inheritdoc/>
    public int CompareTo(Cidr other)
    {
        if (_isIPv6 != other._isIPv6)
        {
            return _isIPv6 ? 1 : -1;
        }

        var byAddress = _first.CompareTo(other._first);
        return byAddress != 0 ? byAddress : _prefixLength.CompareTo(other._prefixLength);
    }

    /// <summary>The canonical text, <c>10.10.4.128/26</c> or <c>fd00::/64</c>; <see cref="Parse"/> reads it
    /// back.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, stackalloc char[MostCharacters], $"{this}");

    /// <summary>The canonical text; there is one format and no culture.</summary>
    /// <param name="format">Not looked at.</param>
    /// <param name="formatProvider">Not looked at.</param>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <summary>Writes the canonical text.</summary>
    /// <param name="destination">Where it goes.</param>
    /// <param name="charsWritten">How many characters it has; 0 when there is no room.</param>
    /// <param name="format">Not looked at.</param>
    /// <param name="provider">Not looked at.</param>
    /// <returns>Whether there was room.</returns>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
    {
        // An IPv4 address is written as its four numbers: reports name a hundred thousand, and each would cost an IPAddress.
        var value = (uint)_first;
        return _isIPv6
            ? destination.TryWrite(CultureInfo.InvariantCulture, $"{FirstAddress}/{_prefixLength}", out charsWritten)
            : destination.TryWrite(
                CultureInfo.InvariantCulture, $"{value >> 24}.{(byte)(value >> 16)}.{(byte)(value >> 8)}.{(byte)value}/{_prefixLength}", out charsWritten);
    }

    /// <summary>Whether both are the same prefix.</summary>
    public static bool operator ==(Cidr left, Cidr right) => left.Equals(right);

    /// <summary>Whether the prefixes differ.</summary>
    public static bool operator !=(Cidr left, Cidr right) => !left.Equals(right);

    /// <summary>Whether <paramref name="left"/> sorts before <paramref name="right"/>.</summary>
    public static bool operator <(Cidr left, Cidr right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> sorts after <paramref name="right"/>.</summary>
    public static bool operator >(Cidr left, Cidr right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> sorts before or with <paramref name="right"/>.</summary>
    public static bool operator <=(Cidr left, Cidr right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> sorts after or with <paramref name="right"/>.</summary>
    public static bool operator >=(Cidr left, Cidr right) => left.CompareTo(right) >= 0;

    /// <summary>The prefix that begins at <paramref name="first"/>, whose bits behind the length must be clear.</summary>
    internal static Cidr Of(UInt128 first, int prefixLength, bool isIPv6) => new(first, prefixLength, isIPv6);

    internal static UInt128 ToValue(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    internal static IPAddress ToAddress(UInt128 value, bool isIPv6)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new IPAddress(isIPv6 ? bytes : bytes[12..]);
    }

    private static UInt128 HostMask(int hostBits) =>
        hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;

    private static bool TrySplit(
        [NotNullWhen(true)] string? text,
        [NotNullWhen(true)] out IPAddress? address,
        out int prefixLength,
        [NotNullWhen(false)] out string? error)
    {
        address = null;
        prefixLength = 0;
        error = null;
        if (text?.Length > MostCharacters)
        {
            error = $"'{text[..MostCharacters]}…' has {text.Length} characters; no ADDRESS/LENGTH is that long";
            return false;
        }

        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (text is null || slash < 0)
        {
            error = $"'{text}' is not ADDRESS/LENGTH";
            return false;
        }

        // IPAddress.Parse takes "10.1" and "0x0a000001"; people who write those in a manifest have made a mistake.
        var addressText = text.AsSpan(0, slash);
        if (!IPAddress.TryParse(addressText, out address)
            || (address.AddressFamily == AddressFamily.InterNetwork && !IsDottedQuad(addressText))
            || addressText.ContainsAny("%[]"))
        {
            address = null;
            error = $"'{text}': '{addressText}' is not an IP address";
            return false;
        }

        var width = address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefixLength)
            || prefixLength > width)
        {
            address = null;
            error = $"'{text}': the length behind '/' must be a number from 0 to {width}";
            return false;
        }

        return true;
    }

    private static bool IsDottedQuad(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (part.Length is 0 or > 3 || part.ContainsAnyExceptInRange('0', '9') || (part.Length > 1 && part[0] == '0'))
            {
                return false;
            }

            parts++;
        }

        return parts == 4;
    }
}
