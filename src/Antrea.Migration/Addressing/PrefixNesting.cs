namespace Antrea.Migration.Addressing;

/// <summary>For each prefix of a sorted list, the nearest other one that contains it.</summary>
internal static class PrefixNesting
{
    /// <summary>The place of the nearest prefix around each, or -1.</summary>
    /// <remarks>Of equal prefixes the first stands for all: the others have it as their parent, and so has what lies within.
    /// Linear: a prefix that is left behind once is not met again.</remarks>
    public static int[] ParentsOf<TKey>(PrefixList<TKey> prefixes)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        var parents = new int[prefixes.Count];
        for (var at = 0; at < parents.Length; at++)
        {
            // What contains this prefix is the one before it, or is around that.
            var parent = at - 1;
            while (parent >= 0 && prefixes.Last(parent) < prefixes.First(at))
            {
                parent = parents[parent];
            }

            var first = parent < 0 ? -1 : parents[parent];
            parents[at] = first >= 0 && prefixes.AreEqual(first, parent) ? first : parent;
        }

        return parents;
    }
}
