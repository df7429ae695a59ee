using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Antrea.Migration.Addressing;

/// <summary>Prefixes of both families with a value each: longest-prefix look-up, and every overlap with a prefix or
/// another table.</summary>
/// <remarks>
/// <para><b>Shape.</b> The same prefix may come several times; its entries keep the order given. Results are in
/// <see cref="Cidr"/> order, then in the order given. A prefix never matches the other family.</para>
/// <para><b>How.</b> Prefixes are nested or apart, never half over each other. So the address space of each family is
/// cut once into runs that share their longest prefix, and a look-up finds the run through an index in a step or two,
/// whatever the number of prefixes. Building a table of n is linear for addresses of a given width; a table of n against
/// one of m costs O(n + m) plus the overlaps found, and only their number O(n + m).</para>
/// <para>Immutable and safe for use by several threads. What look-ups need is built at the first one.</para>
/// </remarks>
/// <typeparam name="T">What is known of each prefix.</typeparam>
public sealed class CidrTable<T>
{
    private readonly PrefixList<IPv4Key> _ipv4;
    private readonly PrefixList<IPv6Key> _ipv6;
    private readonly T[] _values;

    /// <summary>Builds the table in O(n).</summary>
    /// <param name="entries">The prefixes and their values, in any order; at most 2^27 - 1, some 134 million.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are more entries than that.</exception>
    public CidrTable(IEnumerable<CidrEntry<T>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var given = SpanOf(entries);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(given.Length, 1 << 27, nameof(entries));
        var ipv6 = 0;
        foreach (ref readonly var entry in given)
        {
            ipv6 += entry.Cidr.IsIPv6 ? 1 : 0;
        }

        _values = GC.AllocateUninitializedArray<T>(given.Length);
        _ipv4 = Build<IPv4Key>(given, given.Length - ipv6, isIPv6: false, _values);
        _ipv6 = Build<IPv6Key>(given, ipv6, isIPv6: true, _values.AsSpan(given.Length - ipv6));
    }

    /// <summary>How many entries there are, equal prefixes counted each.</summary>
    public int Count => _values.Length;

    /// <summary>All entries, in <see cref="Cidr"/> order, equal prefixes in the order given.</summary>
    public ImmutableArray<CidrEntry<T>> Entries
    {
        get
        {
            var entries = new CidrEntry<T>[Count];
            for (var at = 0; at < entries.Length; at++)
            {
                entries[at] = at < _ipv4.Count ? EntryOf(_ipv4, at) : EntryOf(_ipv6, at - _ipv4.Count);
            }

            return ImmutableCollectionsMarshal.AsImmutableArray(entries);
        }
    }

    /// <summary>The longest prefix that holds <paramref name="address"/>; of equal prefixes the one given
    /// first.</summary>
    /// <param name="address">An IPv4 or IPv6 address.</param>
    /// <param name="entry">The entry, or <c>default</c> when no prefix holds the address.</param>
    public bool TryLookup(IPAddress address, out CidrEntry<T> entry)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? TryLookup(_ipv6, IPv6Key.From(Cidr.ToValue(address)), out entry)
            : TryLookup(_ipv4, IPv4Key.From(Cidr.ToValue(address)), out entry);
    }

    /// <summary>The value of the longest prefix that holds <paramref name="address"/>, as <see cref="TryLookup"/> finds
    /// it.</summary>
    internal bool TryLookupValue(IPAddress address, [MaybeNullWhen(false)] out T value)
    {
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var number = Cidr.ToValue(address);
        var at = isIPv6 ? _ipv6.Runs.Find(IPv6Key.From(number)) : _ipv4.Runs.Find(IPv4Key.From(number));
        value = at < 0 ? default : _values[isIPv6 ? _ipv4.Count + at : at];
        return at >= 0;
    }

    /// <summary>The values of all prefixes that hold <paramref name="address"/>: of the longest prefix first, those of equal
    /// prefixes in the order given.</summary>
    internal IEnumerable<T> ValuesAround(IPAddress address)
    {
        var number = Cidr.ToValue(address);
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? ValuesAround(_ipv6, IPv6Key.From(number))
            : ValuesAround(_ipv4, IPv4Key.From(number));
    }

    /// <summary>Looks up many addresses: the value of the longest prefix that holds each, or <c>default</c> where none
    /// does.</summary>
    /// <param name="addresses">IPv4 or IPv6 addresses.</param>
    /// <param name="values">Where the answers go, in the order of the addresses; as long.</param>
    internal void LookupValues(ReadOnlySpan<IPAddress> addresses, Span<T?> values)
    {
        Span<IPv4Key> ipv4 = stackalloc IPv4Key[PrefixRuns<IPv4Key>.Batch];
        Span<IPv6Key> ipv6 = stackalloc IPv6Key[PrefixRuns<IPv6Key>.Batch];
        Span<int> places = stackalloc int[PrefixRuns<IPv4Key>.Batch];
        for (var from = 0; from < addresses.Length;)
        {
            // As many neighbours of one family as go into a batch.
            var isIPv6 = addresses[from].AddressFamily == AddressFamily.InterNetworkV6;
            var to = from;
            for (; to < addresses.Length && to - from < places.Length; to++)
            {
                ArgumentNullException.ThrowIfNull(addresses[to], nameof(addresses));
                if (addresses[to].AddressFamily == AddressFamily.InterNetworkV6 != isIPv6)
                {
                    break;
                }

                if (isIPv6)
                {
                    ipv6[to - from] = IPv6Key.From(Cidr.ToValue(addresses[to]));
                }
                else
                {
                    ipv4[to - from] = IPv4Key.From(Cidr.ToValue(addresses[to]));
                }
            }

            var count = to - from;
            if (isIPv6)
            {
                _ipv6.Runs.Find(ipv6[..count], places);
            }
            else
            {
                _ipv4.Runs.Find(ipv4[..count], places);
            }

            foreach (var place in places[..count])
            {
                values[from++] = place < 0 ? default : _values[isIPv6 ? _ipv4.Count + place : place];
            }
        }
    }

    /// <summary>Whether some entry shares an address with <paramref name="range"/>.</summary>
    public bool Overlaps(Cidr range) => range.IsIPv6
        ? _ipv6.Runs.Overlaps(IPv6Key.From(range.FirstValue), range.PrefixLength)
        : _ipv4.Runs.Overlaps(IPv4Key.From(range.FirstValue), range.PrefixLength);

    /// <summary>Every entry that shares an address with <paramref name="range"/>: the prefixes around it, itself, and
    /// those within.</summary>
    public ImmutableArray<CidrEntry<T>> Overlapping(Cidr range) =>
        ImmutableCollectionsMarshal.AsImmutableArray(range.IsIPv6 ? Collect(_ipv6, range) : Collect(_ipv4, range));

    /// <summary>The entry of exactly this prefix, the one given first.</summary>
    internal bool TryExact(Cidr cidr, out CidrEntry<T> entry) =>
        cidr.IsIPv6 ? TryExact(_ipv6, cidr, out entry) : TryExact(_ipv4, cidr, out entry);

    /// <summary>Every pair of an entry of this table and one of <paramref name="other"/> that share an
    /// address.</summary>
    /// <remarks>One sweep over both sorted lists; ordered by this table's entry, then by the other's.</remarks>
    /// <typeparam name="TOther">What is known of the other table's prefixes.</typeparam>
    /// <param name="other">The table to compare with.</param>
    public IEnumerable<(CidrEntry<T> Left, CidrEntry<TOther> Right)> OverlapsWith<TOther>(CidrTable<TOther> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Pairs(_ipv4, other, other._ipv4).Concat(Pairs(_ipv6, other, other._ipv6));
    }

    /// <summary>How many pairs <see cref="OverlapsWith"/> gives: O(n + m), however many they are.</summary>
    /// <typeparam name="TOther">What is known of the other table's prefixes.</typeparam>
    /// <param name="other">The table to compare with.</param>
    public long CountOverlaps<TOther>(CidrTable<TOther> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return PrefixOverlaps<IPv4Key>.Count(_ipv4, other._ipv4) + PrefixOverlaps<IPv6Key>.Count(_ipv6, other._ipv6);
    }

    /// <summary>Every entry whose prefix lies in, or equals, the prefix of another entry, with the nearest such
    /// entry.</summary>
    /// <remarks>At most one pair an entry, so the answer stays linear whatever the input.</remarks>
    internal IEnumerable<(CidrEntry<T> Inner, CidrEntry<T> Outer)> Nested() => NestedIn(_ipv4).Concat(NestedIn(_ipv6));

    private static ReadOnlySpan<CidrEntry<T>> SpanOf(IEnumerable<CidrEntry<T>> entries) => entries switch
    {
        CidrEntry<T>[] array => array,
        List<CidrEntry<T>> list => CollectionsMarshal.AsSpan(list),
        ImmutableArray<CidrEntry<T>> array => array.AsSpan(),
        _ => entries.ToArray(),
    };

    /// <summary>Sorts one family's entries, and puts their values into the same order.</summary>
    private static PrefixList<TKey> Build<TKey>(ReadOnlySpan<CidrEntry<T>> given, int count, bool isIPv6, Span<T> values)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        var firsts = GC.AllocateUninitializedArray<TKey>(count);
        var lengths = GC.AllocateUninitializedArray<byte>(count);
        var inOrderGiven = GC.AllocateUninitializedArray<T>(count);
        var at = 0;
        foreach (ref readonly var entry in given)
        {
            if (entry.Cidr.IsIPv6 != isIPv6)
            {
                continue;
            }

            firsts[at] = TKey.From(entry.Cidr.FirstValue);
            lengths[at] = (byte)entry.Cidr.PrefixLength;
            inOrderGiven[at++] = entry.Value;
        }

        var prefixes = new PrefixList<TKey>(firsts, lengths, out var order);
        for (at = 0; at < count; at++)
        {
            values[at] = inOrderGiven[order is null ? at : order[at]];
        }

        return prefixes;
    }

    private bool TryLookup<TKey>(PrefixList<TKey> prefixes, TKey address, out CidrEntry<T> entry)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        var at = prefixes.Runs.Find(address);
        entry = at < 0 ? default : EntryOf(prefixes, at);
        return at >= 0;
    }

    private IEnumerable<T> ValuesAround<TKey>(PrefixList<TKey> prefixes, TKey address)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        for (var prefix = prefixes.Runs.Find(address); prefix >= 0; prefix = prefixes.Parents[prefix])
        {
            var end = prefixes.EndOfEqual(prefix);
            for (var at = prefix; at < end; at++)
            {
                yield return EntryOf(prefixes, at).Value;
            }
        }
    }

    private bool TryExact<TKey>(PrefixList<TKey> prefixes, Cidr cidr, out CidrEntry<T> entry)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        var first = TKey.From(cidr.FirstValue);
        var at = prefixes.PlaceOf(first, cidr.PrefixLength);
        var isThere = at < prefixes.Count && prefixes.First(at) <= first && prefixes.First(at) >= first && prefixes.Lengths[at] == cidr.PrefixLength;
        entry = isThere ? EntryOf(prefixes, at) : default;
        return isThere;
    }

    /// <summary>The prefixes around a range, the widest first, and those within: counted before, so that the answer is all that is allocated.</summary>
    private CidrEntry<T>[] Collect<TKey>(PrefixList<TKey> prefixes, Cidr range)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        var first = TKey.From(range.FirstValue);
        var last = TKey.From(range.LastValue);
        var innermost = prefixes.Runs.Find(first);
        var around = 0;
        for (var outer = innermost; outer >= 0; outer = prefixes.Parents[outer])
        {
            around += prefixes.Lengths[outer] < range.PrefixLength ? prefixes.EndOfEqual(outer) - outer : 0;
        }

        var start = prefixes.PlaceOf(first, range.PrefixLength);
        var end = start;
        while (end < prefixes.Count && prefixes.First(end) <= last)
        {
            end++;
        }

        if (around + end - start == 0)
        {
            return [];
        }

        var found = new CidrEntry<T>[around + end - start];
        var to = around;
        for (var outer = innermost; outer >= 0; outer = prefixes.Parents[outer])
        {
            if (prefixes.Lengths[outer] < range.PrefixLength)
            {
                var equal = prefixes.EndOfEqual(outer) - outer;
                to -= equal;
                for (var i = 0; i < equal; i++)
                {
                    found[to + i] = EntryOf(prefixes, outer + i);
                }
            }
        }

        for (var at = start; at < end; at++)
        {
            found[around + at - start] = EntryOf(prefixes, at);
        }

        return found;
    }

    private IEnumerable<(CidrEntry<T> Left, CidrEntry<TOther> Right)> Pairs<TKey, TOther>(
        PrefixList<TKey> prefixes, CidrTable<TOther> other, PrefixList<TKey> others)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        for (var overlaps = new PrefixOverlaps<TKey>(prefixes, others); overlaps.MoveNext();)
        {
            yield return (EntryOf(prefixes, overlaps.Left), other.EntryOf(others, overlaps.Right));
        }
    }

    private IEnumerable<(CidrEntry<T> Inner, CidrEntry<T> Outer)> NestedIn<TKey>(PrefixList<TKey> prefixes)
        where TKey : unmanaged, IAddressKey<TKey>
    {
        for (var at = 0; at < prefixes.Count; at++)
        {
            var parent = prefixes.Parents[at];
            if (parent >= 0)
            {
                yield return (EntryOf(prefixes, at), EntryOf(prefixes, prefixes.AreEqual(parent, at) ? at - 1 : parent));
            }
        }
    }

    private CidrEntry<T> EntryOf<TKey>(PrefixList<TKey> prefixes, int at)
        where TKey : unmanaged, IAddressKey<TKey> =>
        new(prefixes.First(at).ToCidr(prefixes.Lengths[at]), _values[TKey.Width == IPv6Key.Width ? _ipv4.Count + at : at]);
}
