using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.Reference.Addressing;

/// <summary>The slow twin of <see cref="Cidr"/>: a prefix as the list of its bits, compared one by one.</summary>
internal sealed class BitwiseCidr
{
    private readonly bool[] _prefix;
    private readonly int _width;

    public BitwiseCidr(IPAddress address, int prefixLength)
    {
        var bits = BitsOf(address);
        _width = bits.Length;
        _prefix = bits[..prefixLength];
    }

    public BitwiseCidr(Cidr cidr)
        : this(cidr.FirstAddress, cidr.PrefixLength)
    {
    }

    public IPAddress First => Fill(false);

    public IPAddress Last => Fill(true);

    public bool Contains(IPAddress address)
    {
        var bits = BitsOf(address);
        return bits.Length == _width && StartsWith(bits, _prefix);
    }

    public bool Contains(BitwiseCidr other) => other._width == _width && StartsWith(other._prefix, _prefix);

    public bool Overlaps(BitwiseCidr other) => Contains(other) || other.Contains(this);

    private static bool[] BitsOf(IPAddress address) =>
        [.. address.GetAddressBytes().SelectMany(b => Enumerable.Range(0, 8).Select(i => (b & (0x80 >> i)) != 0))];

    private static bool StartsWith(bool[] bits, bool[] prefix)
    {
        if (bits.Length < prefix.Length)
        {
            return false;
        }

        for (var i = 0; i < prefix.Length; i++)
        {
            if (bits[i] != prefix[i])
            {
                return false;
            }
        }

        return true;
    }

    private IPAddress Fill(bool rest)
    {
        var bytes = new byte[_width / 8];
        for (var i = 0; i < _width; i++)
        {
            if (i < _prefix.Length ? _prefix[i] : rest)
            {
                bytes[i / 8] |= (byte)(0x80 >> (i % 8));
            }
        }

        return new IPAddress(bytes);
    }
}
