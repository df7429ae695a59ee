using System.Buffers;
using System.Numerics;

namespace Antrea.Migration.Addressing;

/// <summary>Finds the order of prefixes: by first address, then the shorter first, equal ones as given.</summary>
/// <remarks>
/// <para>What n prefixes have in common does not order them. So only bits in which they differ are gathered, the highest
/// ones and a few more than n has, into one word with the place in the list; these words are sorted by radix. Prefixes
/// that are still equal then, and differ in bits not gathered yet, are sorted among themselves in the same way.</para>
/// <para>Linear for a given width of addresses: every round takes bits off, and most input needs one.</para>
/// </remarks>
internal static class PrefixSort
{
    private const int Few = 64;
    private const int WidestDigit = 11;

    // So few prefixes are left undecided by one round that comparing them is cheaper than another.
    private const int SpareBits = 8;

    /// <summary>The order in which <paramref name="firsts"/> and <paramref name="lengths"/> are sorted.</summary>
    /// <param name="firsts">The first addresses.</param>
    /// <param name="lengths">The prefix lengths, as many.</param>
    /// <returns>For each place in the order, the index given.</returns>
    public static int[] Order<TKey>(ReadOnlySpan<TKey> firsts, ReadOnlySpan<byte> lengths)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        var order = new int[firsts.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Sort(firsts, lengths, order, isAsGiven: true);
        return order;
    }

    private static void Sort<TKey>(ReadOnlySpan<TKey> firsts, ReadOnlySpan<byte> lengths, Span<int> order, bool isAsGiven)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        if (order.Length < 2)
        {
            return;
        }

        if (order.Length <= Few)
        {
            SortByComparing(firsts, lengths, order);
            return;
        }

        var placeBits = BitOperations.Log2((uint)order.Length - 1) + 1;
        var differing = Differing(firsts, lengths, order);
        var bits = Math.Min(differing.Count, Math.Min(64 - placeBits, placeBits + SpareBits));
        if (bits == 0)
        {
            return;
        }

        var rented = ArrayPool<ulong>.Shared.Rent(order.Length);
        var words = rented.AsSpan(0, order.Length);
        Gather(firsts, lengths, order, differing.Highest(bits), words);
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = (words[i] << placeBits) | (uint)i;
        }

        SortWords(words, placeBits, bits);
        Place(order, words, (1UL << placeBits) - 1, isAsGiven);
        if (bits < differing.Count)
        {
            for (var (from, to) = (0, 1); from < words.Length; from = to++)
            {
                while (to < words.Length && words[to] >> placeBits == words[from] >> placeBits)
                {
                    to++;
                }

                Sort(firsts, lengths, order[from..to], isAsGiven: false);
            }
        }

        ArrayPool<ulong>.Shared.Return(rented);
    }

    private static DifferingBits Differing<TKey>(ReadOnlySpan<TKey> firsts, ReadOnlySpan<byte> lengths, ReadOnlySpan<int> order)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        var first = firsts[order[0]];
        var length = lengths[order[0]];
        var (upper, lower, ofLength) = (0UL, 0UL, 0);
        foreach (var i in order)
        {
            upper |= firsts[i].Upper ^ first.Upper;
            lower |= firsts[i].Lower ^ first.Lower;
            ofLength |= lengths[i] ^ length;
        }

        return new DifferingBits(upper, lower, (byte)ofLength);
    }

    private static void Gather<TKey>(
        ReadOnlySpan<TKey> firsts, ReadOnlySpan<byte> lengths, ReadOnlySpan<int> order, DifferingBits bits, Span<ulong> words)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        words.Clear();
        foreach (var (shift, width) in DifferingBits.Stretches(bits.Upper))
        {
            var mask = ulong.MaxValue >> (64 - width);
            for (var i = 0; i < words.Length; i++)
            {
                words[i] = (words[i] << width) | ((firsts[order[i]].Upper >> shift) & mask);
            }
        }

        foreach (var (shift, width) in DifferingBits.Stretches(bits.Lower))
        {
            var mask = ulong.MaxValue >> (64 - width);
            for (var i = 0; i < words.Length; i++)
            {
                words[i] = (words[i] << width) | ((firsts[order[i]].Lower >> shift) & mask);
            }
        }

        foreach (var (shift, width) in DifferingBits.Stretches(bits.Length))
        {
            var mask = ulong.MaxValue >> (64 - width);
            for (var i = 0; i < words.Length; i++)
            {
                words[i] = (words[i] << width) | (((ulong)lengths[order[i]] >> shift) & mask);
            }
        }
    }

    private static void SortWords(Span<ulong> words, int from, int bits)
    {
        var passes = (bits + WidestDigit - 1) / WidestDigit;
        var digit = (bits + passes - 1) / passes;
        var rented = ArrayPool<ulong>.Shared.Rent(words.Length);
        var source = words;
        var target = rented.AsSpan(0, words.Length);
        var counts = new int[1 << digit];
        var mask = (1UL << digit) - 1;
        for (var pass = 0; pass < passes; pass++)
        {
            var shift = from + pass * digit;
            Array.Clear(counts);
            foreach (var word in source)
            {
                counts[(int)((word >> shift) & mask)]++;
            }

            var next = 0;
            foreach (ref var count in counts.AsSpan())
            {
                (count, next) = (next, next + count);
            }

            foreach (var word in source)
            {
                target[counts[(int)((word >> shift) & mask)]++] = word;
            }

            var sorted = target;
            target = source;
            source = sorted;
        }

        if (passes % 2 == 1)
        {
            source.CopyTo(words);
        }

        ArrayPool<ulong>.Shared.Return(rented);
    }

    /// <summary>Puts <paramref name="order"/> into the order of the words, which hold places in it. As given, each place
    /// is its own index.</summary>
    private static void Place(Span<int> order, ReadOnlySpan<ulong> words, ulong mask, bool isAsGiven)
    {
        if (isAsGiven)
        {
            for (var i = 0; i < order.Length; i++)
            {
                order[i] = (int)(words[i] & mask);
            }

            return;
        }

        var rented = ArrayPool<int>.Shared.Rent(order.Length);
        order.CopyTo(rented);
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = rented[(int)(words[i] & mask)];
        }

        ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>By inserting, which keeps the order of equal ones.</summary>
    private static void SortByComparing<TKey>(ReadOnlySpan<TKey> firsts, ReadOnlySpan<byte> lengths, Span<int> order)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        for (var i = 1; i < order.Length; i++)
        {
            var moving = order[i];
            var at = i;
            for (; at > 0 && IsBefore(firsts, lengths, moving, order[at - 1]); at--)
            {
                order[at] = order[at - 1];
            }

            order[at] = moving;
        }
    }

    private static bool IsBefore<TKey>(ReadOnlySpan<TKey> firsts, ReadOnlySpan<byte> lengths, int left, int right)
        where TKey : unmanaged, IAddressKey<TKey> =>
        firsts[left] < firsts[right] || (!(firsts[right] < firsts[left]) && lengths[left] < lengths[right]);
}
