using System.Runtime.InteropServices;

namespace Antrea.Migration.Addressing;

/// <summary>One sweep over two sorted lists of one family, which meets every pair of prefixes that share an address.</summary>
/// <remarks>Pairs come ordered by the left place, then the right one. Prefixes are nested or apart: those of the right list
/// that are open at a place contain it, each within the one before, and those within a left prefix follow in one stretch.
/// So a sweep costs O(n + m) and one step a pair.</remarks>
internal sealed class PrefixOverlaps<TKey>(PrefixList<TKey> left, PrefixList<TKey> right)
    where TKey : unmanaged, IAddressKey<TKey>
{
    // The right prefixes around the current left one, the longest last; then those within it.
    private readonly List<int> _around = [];
    private int _left = -1;
    private int _next;
    private int _outer;
    private int _inner;
    private TKey _last;

    /// <summary>The left prefix of the current pair.</summary>
    public int Left => _left;

    /// <summary>The right prefix of the current pair.</summary>
    public int Right { get; private set; }

    /// <summary>How many pairs there are, without meeting each: O(n + m) however many.</summary>
    public static long Count(PrefixList<TKey> left, PrefixList<TKey> right)
    {
        // Each pair is counted where the later of its two prefixes begins, on a tie at the left one.
        var (openLeft, openRight) = (new List<TKey>(), new List<TKey>());
        var pairs = 0L;
        for (var (l, r) = (0, 0); l < left.Count || r < right.Count;)
        {
            if (r < right.Count && (l == left.Count || !IsBefore(left, l, right, r)))
            {
                pairs += Close(openLeft, right.First(r));
                Close(openRight, right.First(r));
                openRight.Add(right.Last(r++));
            }
            else
            {
                pairs += Close(openRight, left.First(l));
                Close(openLeft, left.First(l));
                openLeft.Add(left.Last(l++));
            }
        }

        return pairs;
    }

    /// <summary>Goes on to the next pair.</summary>
    /// <returns>Whether there is one.</returns>
    public bool MoveNext()
    {
        while (true)
        {
            if (_left >= 0)
            {
                if (_outer < _around.Count)
                {
                    Right = _around[_outer++];
                    return true;
                }

                if (_inner < right.Count && right.First(_inner) <= _last)
                {
                    Right = _inner++;
                    return true;
                }
            }

            if (_left + 1 >= left.Count)
            {
                return false;
            }

            Enter(_left + 1);
        }
    }

    private void Enter(int place)
    {
        var first = left.First(place);
        while (_next < right.Count && IsBefore(right, _next, left, place))
        {
            Close(right.First(_next));
            _around.Add(_next++);
        }

        Close(first);
        (_left, _outer, _inner, _last) = (place, 0, _next, left.Last(place));
    }

    private void Close(TKey upTo)
    {
        var open = _around.Count;
        while (open > 0 && right.Last(_around[open - 1]) < upTo)
        {
            open--;
        }

        CollectionsMarshal.SetCount(_around, open);
    }

    private static int Close(List<TKey> open, TKey upTo)
    {
        var count = open.Count;
        while (count > 0 && open[count - 1] < upTo)
        {
            count--;
        }

        CollectionsMarshal.SetCount(open, count);
        return count;
    }

    private static bool IsBefore(PrefixList<TKey> one, int at, PrefixList<TKey> other, int otherAt) =>
        PrefixList<TKey>.SortsBefore(one.First(at), one.Lengths[at], other.First(otherAt), other.Lengths[otherAt]);
}
