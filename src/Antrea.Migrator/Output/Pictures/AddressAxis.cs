using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>Maps the addresses of one family to places from left to right, of which only those in use get room.</summary>
/// <remarks>
/// The address space is cut wherever a range begins or ends. Such a piece gets room by the logarithm of its size, a contested one some
/// more, so that a block of 64 addresses is seen beside a range of 65,536; a piece that nobody uses is a gap of a few pixels. Order and
/// nesting of ranges are kept, sizes are not.
/// </remarks>
internal sealed class AddressAxis
{
    private const double MostGapWidth = 12;
    private const double GapShare = 0.2;

    private readonly UInt128[] _starts;
    private readonly double[] _edges;
    private readonly bool[] _isGap;
    private readonly bool _isIPv6;

    private AddressAxis(UInt128[] starts, double[] edges, bool[] isGap, bool isIPv6) =>
        (_starts, _edges, _isGap, _isIPv6) = (starts, edges, isGap, isIPv6);

    /// <summary>The axis of some ranges of one family.</summary>
    /// <param name="shown">Every range that <see cref="SpanOf"/> will be asked for; at least one.</param>
    /// <param name="used">Those of them whose addresses get room; the others are only drawn around them.</param>
    /// <param name="contested">Those of them that two want.</param>
    /// <param name="left">Where the axis begins, in pixels.</param>
    /// <param name="width">Its length, in pixels.</param>
    public static AddressAxis Of(IReadOnlyList<Cidr> shown, IEnumerable<Cidr> used, IEnumerable<Cidr> contested, double left, double width)
    {
        // A start for each first address and for the one behind each last; behind the very last address there is none.
        UInt128[] starts = [.. shown.Select(First).Concat(shown.Where(c => Last(c) != UInt128.MaxValue).Select(c => Last(c) + 1)).Distinct().Order()];
        var pieces = shown.Any(c => Last(c) == UInt128.MaxValue) ? starts.Length : starts.Length - 1;
        var isUsed = Covered(starts, pieces, used);
        var isContested = Covered(starts, pieces, contested);
        var weights = new double[pieces];
        for (var i = 0; i < pieces; i++)
        {
            weights[i] = isUsed[i] ? Weight(i + 1 < starts.Length ? starts[i + 1] - starts[i] : UInt128.Zero - starts[i], isContested[i]) : 0;
        }

        var gaps = isUsed.Count(u => !u);
        var gapWidth = gaps == 0 ? 0 : Math.Min(MostGapWidth, width * GapShare / gaps);
        var unit = (width - (gaps * gapWidth)) / weights.Sum();
        var edges = new double[pieces + 1];
        edges[0] = left;
        for (var i = 0; i < pieces; i++)
        {
            edges[i + 1] = Math.Min(left + width, edges[i] + (isUsed[i] ? weights[i] * unit : gapWidth));
        }

        return new AddressAxis(starts, edges, [.. isUsed.Select(u => !u)], shown[0].IsIPv6);
    }

    /// <summary>Where a range lies; it must be one of those shown.</summary>
    public Span SpanOf(Cidr range) => new(
        _edges[Array.BinarySearch(_starts, First(range))],
        Last(range) == UInt128.MaxValue ? _edges[^1] : _edges[Array.BinarySearch(_starts, Last(range) + 1)]);

    /// <summary>What is cut out, in order.</summary>
    public IEnumerable<Span> Gaps() => Enumerable.Range(0, _isGap.Length).Where(i => _isGap[i]).Select(i => new Span(_edges[i], _edges[i + 1]));

    /// <summary>Where each stretch between two gaps begins, with its first address, in order.</summary>
    public IEnumerable<(double Left, IPAddress First)> Stretches()
    {
        var all = Cidr.Containing(_isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        return Enumerable.Range(0, _isGap.Length).Where(i => !_isGap[i] && (i == 0 || _isGap[i - 1])).Select(i => (_edges[i], all.AddressAt(_starts[i])));
    }

    /// <summary>The address as a number.</summary>
    public static UInt128 ValueOf(IPAddress address) => Cidr.Containing(address, 0).IndexOf(address);

    public static UInt128 First(Cidr range) => ValueOf(range.FirstAddress);

    public static UInt128 Last(Cidr range) => ValueOf(range.LastAddress);

    /// <param name="size">In addresses; 0 stands for all of IPv6.</param>
    /// <param name="isContested">Whether two want it.</param>
    private static double Weight(UInt128 size, bool isContested) =>
        Math.Max(1 + (Math.Min(size == 0 ? 16 : (double)UInt128.Log2(size), 16) / 8), isContested ? 3 : 1);

    private static bool[] Covered(UInt128[] starts, int pieces, IEnumerable<Cidr> ranges)
    {
        var changes = new int[starts.Length + 1];
        foreach (var range in ranges)
        {
            changes[Array.BinarySearch(starts, First(range))]++;
            changes[Last(range) == UInt128.MaxValue ? starts.Length : Array.BinarySearch(starts, Last(range) + 1)]--;
        }

        var covered = new bool[pieces];
        for (int i = 0, open = 0; i < pieces; i++)
        {
            open += changes[i];
            covered[i] = open > 0;
        }

        return covered;
    }
}
