using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Addressing;

/// <summary>Prefixes of both families with a value each: longest-prefix look-up, and every overlap with a prefix or
/// another table.</summary>
/// <remarks>
/// <para><b>Shape.</b> The same prefix may come several times; its entries keep the order given. Results are in
/// <see cref="Cidr"/> order, then in the order given. A prefix never matches the other family.</para>
/// <para><b>How.</b> Prefixes are nested or apart, never half over each other. So the address space of each family is
/// cut once into runs that share their longest prefix, and a look-up is one binary search for the run. For n entries
/// that is O(log n) a look-up; a table of n against one of m costs O(n + m) plus the overlaps found.</para>
/// <para>Immutable and safe for use by several threads.</para>
/// </remarks>
/// <typeparam name="T">What is known of each prefix.</typeparam>
public sealed class CidrTable<T>
{
    private readonly CidrEntry<T>[] _entries;
    private readonly Cidr[] _prefixes;
    private readonly int[] _firstEntry;
    private readonly int[] _parent;
    private readonly Runs<uint> _ipv4;
    private readonly Runs<UInt128> _ipv6;

    /// <summary>Builds the table in O(n log n).</summary>
    /// <param name="entries">The prefixes and their values, in any order.</param>
    public CidrTable(IEnumerable<CidrEntry<T>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);

        // OrderBy is stable, so equal prefixes keep the order given.
        _entries = [.. entries.OrderBy(e => e.Cidr)];
        var prefixes = new List<Cidr>(_entries.Length);
        var firstEntry = new List<int>(_entries.Length + 1);
        for (var i = 0; i < _entries.Length; i++)
        {
            if (i == 0 || _entries[i].Cidr != _entries[i - 1].Cidr)
            {
                prefixes.Add(_entries[i].Cidr);
                firstEntry.Add(i);
            }
        }

        firstEntry.Add(_entries.Length);
        _prefixes = [.. prefixes];
        _firstEntry = [.. firstEntry];
        _parent = new int[_prefixes.Length];

        var split = Array.FindIndex(_prefixes, p => p.IsIPv6);
        split = split < 0 ? _prefixes.Length : split;
        _ipv4 = Cut(0, split, uint.MaxValue, value => (uint)value);
        _ipv6 = Cut(split, _prefixes.Length, UInt128.MaxValue, value => value);
    }

    /// <summary>How many entries there are, equal prefixes counted each.</summary>
    public int Count => _entries.Length;

    /// <summary>All entries, in <see cref="Cidr"/> order, equal prefixes in the order given.</summary>
    public ImmutableArray<CidrEntry<T>> Entries => [.. _entries];

    /// <summary>The longest prefix that holds <paramref name="address"/>; of equal prefixes the one given
    /// first.</summary>
    /// <param name="address">An IPv4 or IPv6 address.</param>
    /// <param name="entry">The entry, or <c>default</c> when no prefix holds the address.</param>
    public bool TryLookup(IPAddress address, out CidrEntry<T> entry)
    {
        ArgumentNullException.ThrowIfNull(address);
        var value = Cidr.ToValue(address);
        var prefix = address.AddressFamily == AddressFamily.InterNetworkV6 ? _ipv6.Find(value) : _ipv4.Find((uint)value);
        entry = prefix < 0 ? default : _entries[_firstEntry[prefix]];
        return prefix >= 0;
    }

    /// <summary>Every entry that shares an address with <paramref name="range"/>: the prefixes around it, itself, and
    /// those within.</summary>
    public ImmutableArray<CidrEntry<T>> Overlapping(Cidr range)
    {
        var found = ImmutableArray.CreateBuilder<CidrEntry<T>>();
        var around = new Stack<int>();
        for (var prefix = Find(range); prefix >= 0; prefix = _parent[prefix])
        {
            if (_prefixes[prefix].PrefixLength < range.PrefixLength)
            {
                around.Push(prefix);
            }
        }

        foreach (var prefix in around)
        {
            found.AddRange(EntriesOf(prefix));
        }

        var within = Array.BinarySearch(_prefixes, range);
        for (within = within < 0 ? ~within : within; within < _prefixes.Length && range.Contains(_prefixes[within]); within++)
        {
            found.AddRange(EntriesOf(within));
        }

        return found.ToImmutable();
    }

    /// <summary>Every pair of an entry of this table and one of <paramref name="other"/> that share an
    /// address.</summary>
    /// <remarks>One sweep over both sorted lists; ordered by this table's entry, then by the other's.</remarks>
    /// <typeparam name="TOther">What is known of the other table's prefixes.</typeparam>
    /// <param name="other">The table to compare with.</param>
    public IEnumerable<(CidrEntry<T> Left, CidrEntry<TOther> Right)> OverlapsWith<TOther>(CidrTable<TOther> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Sweep(other);
    }

    /// <summary>Every entry whose prefix lies in, or equals, the prefix of another entry, with the nearest such
    /// entry.</summary>
    /// <remarks>At most one pair an entry, so the answer stays linear whatever the input.</remarks>
    internal IEnumerable<(CidrEntry<T> Inner, CidrEntry<T> Outer)> Nested()
    {
        for (var prefix = 0; prefix < _prefixes.Length; prefix++)
        {
            for (var entry = _firstEntry[prefix]; entry < _firstEntry[prefix + 1]; entry++)
            {
                if (entry > _firstEntry[prefix])
                {
                    yield return (_entries[entry], _entries[entry - 1]);
                }
                else if (_parent[prefix] >= 0)
                {
                    yield return (_entries[entry], _entries[_firstEntry[_parent[prefix]]]);
                }
            }
        }
    }

    private IEnumerable<(CidrEntry<T> Left, CidrEntry<TOther> Right)> Sweep<TOther>(CidrTable<TOther> other)
    {
        // The other table's prefixes that are open around the current place: a chain, each within the one before.
        var around = new List<int>();
        var next = 0;
        for (var mine = 0; mine < _prefixes.Length; mine++)
        {
            var prefix = _prefixes[mine];
            for (; next < other._prefixes.Length && other._prefixes[next] < prefix; next++)
            {
                Close(other._prefixes[next]);
                around.Add(next);
            }

            Close(prefix);
            for (var left = _firstEntry[mine]; left < _firstEntry[mine + 1]; left++)
            {
                foreach (var outer in around)
                {
                    for (var right = other._firstEntry[outer]; right < other._firstEntry[outer + 1]; right++)
                    {
                        yield return (_entries[left], other._entries[right]);
                    }
                }

                for (var inner = next; inner < other._prefixes.Length && prefix.Contains(other._prefixes[inner]); inner++)
                {
                    for (var right = other._firstEntry[inner]; right < other._firstEntry[inner + 1]; right++)
                    {
                        yield return (_entries[left], other._entries[right]);
                    }
                }
            }
        }

        void Close(Cidr current)
        {
            while (around.Count > 0 && !other._prefixes[around[^1]].Contains(current))
            {
                around.RemoveAt(around.Count - 1);
            }
        }
    }

    private int Find(Cidr range) =>
        range.IsIPv6 ? _ipv6.Find(range.FirstValue) : _ipv4.Find((uint)range.FirstValue);

    private ReadOnlySpan<CidrEntry<T>> EntriesOf(int prefix) =>
        _entries.AsSpan(_firstEntry[prefix].._firstEntry[prefix + 1]);

    /// <summary>Cuts one family's space into runs that share their longest prefix, and notes each prefix's
    /// parent.</summary>
    private Runs<TAddress> Cut<TAddress>(int from, int to, UInt128 highest, Func<UInt128, TAddress> narrow)
        where TAddress : struct, IComparable<TAddress>
    {
        var starts = new List<TAddress>();
        var owners = new List<int>();
        var open = new Stack<int>();
        for (var prefix = from; prefix < to; prefix++)
        {
            CloseUpTo(_prefixes[prefix].FirstValue);
            _parent[prefix] = open.TryPeek(out var parent) ? parent : -1;
            open.Push(prefix);
            Begin(_prefixes[prefix].FirstValue, prefix);
        }

        CloseUpTo(null);
        return new Runs<TAddress>([.. starts], [.. owners]);

        void CloseUpTo(UInt128? first)
        {
            while (open.TryPeek(out var top) && (first is null || _prefixes[top].LastValue < first))
            {
                open.Pop();
                if (_prefixes[top].LastValue < highest)
                {
                    Begin(_prefixes[top].LastValue + 1, open.TryPeek(out var outer) ? outer : -1);
                }
            }
        }

        void Begin(UInt128 at, int owner)
        {
            var start = narrow(at);
            if (starts.Count > 0 && starts[^1].CompareTo(start) == 0)
            {
                owners[^1] = owner;
                return;
            }

            starts.Add(start);
            owners.Add(owner);
        }
    }

    /// <summary>Where each run begins, and the index of the longest prefix in it, or -1 where there is none.</summary>
    private readonly struct Runs<TAddress>(TAddress[] starts, int[] owners)
        where TAddress : struct, IComparable<TAddress>
    {
        public int Find(TAddress address)
        {
            var low = 0;
            var high = starts.Length;
            while (low < high)
            {
                var middle = (int)(((uint)low + (uint)high) >> 1);
                if (starts[middle].CompareTo(address) <= 0)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            return low == 0 ? -1 : owners[low - 1];
        }
    }
}
