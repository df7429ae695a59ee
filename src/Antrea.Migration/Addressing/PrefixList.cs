namespace Antrea.Migration.Addressing;

/// <summary>The prefixes of one family, sorted: by first address, then the shorter first, equal ones as given.</summary>
/// <remarks>Sorted so, what contains a prefix comes before it, and what lies in it follows it without a gap. Five bytes a
/// prefix for IPv4, 17 for IPv6.</remarks>
internal sealed class PrefixList<TKey>
    where TKey : unmanaged, IAddressKey<TKey>
{
    private readonly TKey[] _firsts;
    private readonly byte[] _lengths;

    /// <summary>Sorts prefixes; the arrays become the list's own and must not be used any more.</summary>
    /// <param name="firsts">Their first addresses.</param>
    /// <param name="lengths">Their lengths, as many.</param>
    /// <param name="order">For each place in the list, the index given; null when they were sorted already.</param>
    public PrefixList(TKey[] firsts, byte[] lengths, out int[]? order)
    {
        order = null;
        if (!IsSorted(firsts, lengths))
        {
            order = PrefixSort.Order<TKey>(firsts, lengths);
            (firsts, lengths) = (Pick(firsts, order), Pick(lengths, order));
        }

        (_firsts, _lengths) = (firsts, lengths);
    }

    public int Count => _firsts.Length;

    /// <summary>Longest-prefix look-up; built when first asked for.</summary>
    public PrefixRuns<TKey> Runs => field ??= new PrefixRuns<TKey>(this);

    /// <summary>The place of the nearest prefix around each, or -1; see <see cref="PrefixNesting"/>. Built when first asked
    /// for.</summary>
    public int[] Parents => field ??= PrefixNesting.ParentsOf(this);

    public ReadOnlySpan<TKey> Firsts => _firsts;

    public ReadOnlySpan<byte> Lengths => _lengths;

    public TKey First(int at) => _firsts[at];

    public TKey Last(int at) => _firsts[at].LastOf(_lengths[at]);

    /// <summary>Whether the prefixes at these places are the same.</summary>
    public bool AreEqual(int left, int right) =>
        _lengths[left] == _lengths[right] && _firsts[left] <= _firsts[right] && _firsts[left] >= _firsts[right];

    /// <summary>The place behind the prefixes equal to the one at <paramref name="at"/>.</summary>
    public int EndOfEqual(int at)
    {
        var end = at + 1;
        while (end < _firsts.Length && AreEqual(at, end))
        {
            end++;
        }

        return end;
    }

    /// <summary>The first place whose prefix does not sort before this one.</summary>
    public int PlaceOf(TKey first, int length)
    {
        var (low, high) = (0, _firsts.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (SortsBefore(_firsts[middle], _lengths[middle], first, length))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Whether the left prefix sorts before the right one.</summary>
    public static bool SortsBefore(TKey left, int leftLength, TKey right, int rightLength) =>
        left < right || (leftLength < rightLength && left <= right);

    private static bool IsSorted(ReadOnlySpan<TKey> firsts, ReadOnlySpan<byte> lengths)
    {
        for (var i = 1; i < firsts.Length; i++)
        {
            if (SortsBefore(firsts[i], lengths[i], firsts[i - 1], lengths[i - 1]))
            {
                return false;
            }
        }

        return true;
    }

    private static T[] Pick<T>(T[] given, int[] order)
    {
        var picked = GC.AllocateUninitializedArray<T>(given.Length);
        for (var i = 0; i < picked.Length; i++)
        {
            picked[i] = given[order[i]];
        }

        return picked;
    }
}
