using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Benchmarks;

/// <summary>What one would write by hand: a dictionary a prefix length, asked once for each length there is.</summary>
internal sealed class PrefixesByLength<T>
{
    private readonly SortedDictionary<int, Dictionary<Cidr, T>> _byLength =
        new(Comparer<int>.Create((a, b) => b.CompareTo(a)));

    public PrefixesByLength(IEnumerable<(Cidr Cidr, T Value)> prefixes)
    {
        foreach (var (cidr, value) in prefixes)
        {
            if (!_byLength.TryGetValue(cidr.PrefixLength, out var sameLength))
            {
                _byLength[cidr.PrefixLength] = sameLength = [];
            }

            sameLength.TryAdd(cidr, value);
        }
    }

    /// <summary>The value of the longest prefix not longer than <paramref name="longest"/> that holds the address.</summary>
    public bool TryLookup(IPAddress address, int longest, out T? value)
    {
        foreach (var (length, sameLength) in _byLength)
        {
            if (length <= longest && sameLength.TryGetValue(Cidr.Containing(address, length), out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>How many of the ranges share an address with some prefix.</summary>
    public int CountOverlapping(IReadOnlyCollection<Cidr> ranges)
    {
        // The prefixes around a range are found by its address; those within it from the other side.
        var rangesHit = new HashSet<Cidr>();
        var byLength = new PrefixesByLength<bool>(ranges.Select(r => (r, true)));
        foreach (var prefix in _byLength.Values.SelectMany(d => d.Keys))
        {
            foreach (var (length, sameLength) in byLength._byLength)
            {
                if (length <= prefix.PrefixLength)
                {
                    var around = Cidr.Containing(prefix.FirstAddress, length);
                    if (sameLength.ContainsKey(around))
                    {
                        rangesHit.Add(around);
                    }
                }
            }
        }

        return ranges.Count(r => TryLookup(r.FirstAddress, r.PrefixLength, out _) || rangesHit.Contains(r));
    }
}
