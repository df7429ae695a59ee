namespace Antrea.Migration.Addressing;

/// <summary>Finds the free part of a range.</summary>
internal static class FreeSpace
{
    /// <summary>The largest prefixes within <paramref name="range"/> that share no address with <paramref name="used"/>: every
    /// free address lies in one of them, and none can be made larger. In address order.</summary>
    /// <remarks>The complement of the used intervals, cut at the borders of prefixes: O(n) for n used prefixes and at most twice the address's
    /// width for each gap, however large the range.</remarks>
    /// <param name="range">Where to look.</param>
    /// <param name="used">Sorted as <see cref="Cidr"/> sorts; may overlap each other, and be of any family.</param>
    /// <param name="cancellationToken">Ends the search early.</param>
    public static IEnumerable<Cidr> In(Cidr range, IReadOnlyList<Cidr> used, CancellationToken cancellationToken = default)
    {
        var next = range.FirstValue;
        foreach (var cidr in used.Where(range.Overlaps))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (cidr.FirstValue > next)
            {
                foreach (var free in Cut(range, next, cidr.FirstValue - 1))
                {
                    yield return free;
                }
            }

            if (cidr.LastValue >= range.LastValue)
            {
                yield break;
            }

            next = UInt128.Max(next, cidr.LastValue + 1);
        }

        foreach (var free in Cut(range, next, range.LastValue))
        {
            yield return free;
        }
    }

    /// <summary>An interval as the fewest prefixes.</summary>
    private static IEnumerable<Cidr> Cut(Cidr range, UInt128 first, UInt128 last)
    {
        while (true)
        {
            // As large as the first address is aligned, and no larger than what is left.
            var length = range.IsIPv6 ? 128 : 32;
            var prefix = At(first, length);
            while (length > range.PrefixLength && At(first, length - 1) is var wider && wider.FirstValue == first && wider.LastValue <= last)
            {
                prefix = wider;
                length--;
            }

            yield return prefix;
            if (prefix.LastValue >= last)
            {
                yield break;
            }

            first = prefix.LastValue + 1;
        }

        Cidr At(UInt128 value, int length) => Cidr.Containing(Cidr.ToAddress(value, range.IsIPv6), length);
    }
}
