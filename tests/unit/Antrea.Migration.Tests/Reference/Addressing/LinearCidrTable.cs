using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.Reference.Addressing;

/// <summary>The slow twin of <see cref="CidrTable{T}"/>: a list that is walked from end to end for every
/// question.</summary>
internal sealed class LinearCidrTable<T>(IEnumerable<CidrEntry<T>> entries)
{
    private readonly List<CidrEntry<T>> _entries = [.. entries.OrderBy(e => e.Cidr)];

    public bool TryLookup(IPAddress address, out CidrEntry<T> best)
    {
        best = default;
        var found = false;
        foreach (var entry in _entries)
        {
            if (entry.Cidr.Contains(address) && (!found || entry.Cidr.PrefixLength > best.Cidr.PrefixLength))
            {
                best = entry;
                found = true;
            }
        }

        return found;
    }

    public List<CidrEntry<T>> Overlapping(Cidr range) => [.. _entries.Where(e => e.Cidr.Overlaps(range))];

    public List<(CidrEntry<T> Left, CidrEntry<TOther> Right)> OverlapsWith<TOther>(LinearCidrTable<TOther> other)
    {
        var pairs = new List<(CidrEntry<T> Left, CidrEntry<TOther> Right)>();
        foreach (var left in _entries)
        {
            foreach (var right in other._entries)
            {
                if (left.Cidr.Overlaps(right.Cidr))
                {
                    pairs.Add((left, right));
                }
            }
        }

        return pairs;
    }
}
