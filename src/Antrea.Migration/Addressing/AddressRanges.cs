using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Addressing;

/// <summary>A set of addresses of both families: unions, differences and intersections of prefixes, exactly.</summary>
/// <remarks>
/// Kept as sorted ranges, both ends included, no two of which touch; IPv4 before IPv6. Every operation is linear in the ranges of
/// both sets. Immutable and safe for use by several threads.
/// </remarks>
internal sealed class AddressRanges
{
    public static readonly AddressRanges Empty = new([]);

    private readonly Range[] _ranges;

    private AddressRanges(Range[] ranges) => _ranges = ranges;

    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>The addresses of some prefixes, which may overlap, in any order.</summary>
    public static AddressRanges Of(IEnumerable<Cidr> prefixes)
    {
        var ranges = new List<Range>();
        foreach (var prefix in prefixes.Order())
        {
            var range = new Range(prefix.IsIPv6, prefix.FirstValue, prefix.LastValue);
            if (ranges.Count > 0 && ranges[^1].Touches(range))
            {
                ranges[^1] = ranges[^1] with { Last = UInt128.Max(ranges[^1].Last, range.Last) };
            }
            else
            {
                ranges.Add(range);
            }
        }

        return new AddressRanges([.. ranges]);
    }

    /// <summary>The addresses from one to another of its family, both included.</summary>
    public static AddressRanges Between(IPAddress first, IPAddress last) =>
        new([new Range(first.AddressFamily == AddressFamily.InterNetworkV6, Cidr.ToValue(first), Cidr.ToValue(last))]);

    /// <summary>Those of one family.</summary>
    public AddressRanges OfFamily(bool isIPv6) => new([.. _ranges.Where(r => r.IsIPv6 == isIPv6)]);

    public AddressRanges Union(AddressRanges other) =>
        IsEmpty ? other : other.IsEmpty ? this : Combine(other, (mine, theirs) => mine || theirs);

    public AddressRanges Except(AddressRanges other) =>
        IsEmpty || other.IsEmpty ? this : Combine(other, (mine, theirs) => mine && !theirs);

    public AddressRanges Intersect(AddressRanges other) =>
        IsEmpty ? this : other.IsEmpty ? other : Combine(other, (mine, theirs) => mine && theirs);

    public bool Contains(IPAddress address)
    {
        var (isIPv6, value) = (address.AddressFamily == AddressFamily.InterNetworkV6, Cidr.ToValue(address));
        var (low, high) = (0, _ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var range = _ranges[middle];
            if (range.IsIPv6 == isIPv6 && range.First <= value && value <= range.Last)
            {
                return true;
            }

            var isBehind = range.IsIPv6 == isIPv6 ? value > range.Last : isIPv6;
            (low, high) = isBehind ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }

    /// <summary>Whether every address of the other set is in this one.</summary>
    public bool Contains(AddressRanges other) => other.Except(this).IsEmpty;

    /// <summary>Whether the two sets share an address.</summary>
    public bool Overlaps(AddressRanges other) => !Intersect(other).IsEmpty;

    /// <summary>The fewest prefixes that hold just these addresses, in order.</summary>
    public IEnumerable<Cidr> ToPrefixes()
    {
        foreach (var (isIPv6, first, last) in _ranges)
        {
            var width = isIPv6 ? 128 : 32;
            for (var at = first; ;)
            {
                // The longest run that begins here, is aligned, and does not go beyond the end.
                var hostBits = Math.Min(at == 0 ? width : (int)UInt128.TrailingZeroCount(at), width);
                while (hostBits > 0 && (hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1) > last - at)
                {
                    hostBits--;
                }

                yield return Cidr.Containing(Cidr.ToAddress(at, isIPv6), width - hostBits);
                var end = at + (hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1);
                if (end >= last)
                {
                    break;
                }

                at = end + 1;
            }
        }
    }

    private AddressRanges Combine(AddressRanges other, Func<bool, bool, bool> keep) =>
        new([.. Combine(_ranges, other._ranges, keep, isIPv6: false), .. Combine(_ranges, other._ranges, keep, isIPv6: true)]);

    /// <summary>One sweep over the bounds of both sets; a bound is the first address of a stretch that is of one mind.</summary>
    private static List<Range> Combine(Range[] left, Range[] right, Func<bool, bool, bool> keep, bool isIPv6)
    {
        var lefts = Bounds(left, isIPv6);
        var rights = Bounds(right, isIPv6);
        var combined = new List<Range>();
        Bound? open = null;
        for (int i = 0, j = 0; i < lefts.Count || j < rights.Count;)
        {
            var at = j == rights.Count || (i < lefts.Count && lefts[i].CompareTo(rights[j]) <= 0) ? lefts[i] : rights[j];
            i += i < lefts.Count && lefts[i] == at ? 1 : 0;
            j += j < rights.Count && rights[j] == at ? 1 : 0;
            var isKept = keep(i % 2 == 1, j % 2 == 1);
            if (isKept && open is null)
            {
                open = at;
            }
            else if (!isKept && open is { } first)
            {
                combined.Add(new Range(isIPv6, first.At, at.IsPastAll ? UInt128.MaxValue : at.At - 1));
                open = null;
            }
        }

        return combined;
    }

    /// <summary>First address and the one behind the last, range by range.</summary>
    private static List<Bound> Bounds(Range[] ranges, bool isIPv6)
    {
        var bounds = new List<Bound>();
        foreach (var range in ranges)
        {
            if (range.IsIPv6 == isIPv6)
            {
                bounds.Add(new Bound(false, range.First));
                bounds.Add(range.Last == UInt128.MaxValue ? new Bound(true, 0) : new Bound(false, range.Last + 1));
            }
        }

        return bounds;
    }

    /// <summary>An address, or the place behind the last IPv6 address, for which there is no number.</summary>
    private readonly record struct Bound(bool IsPastAll, UInt128 At) : IComparable<Bound>
    {
        public int CompareTo(Bound other) => IsPastAll != other.IsPastAll ? (IsPastAll ? 1 : -1) : At.CompareTo(other.At);
    }

    private readonly record struct Range(bool IsIPv6, UInt128 First, UInt128 Last)
    {
        /// <summary>Whether a range that begins no earlier overlaps this one or follows at once.</summary>
        public bool Touches(Range next) =>
            IsIPv6 == next.IsIPv6 && (next.First <= Last || (Last != UInt128.MaxValue && next.First == Last + 1));
    }
}
