using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Antrea.Migration.Addressing;

/// <summary>Longest-prefix look-up in one family: the address space cut into runs that share their longest prefix, and an
/// index of them.</summary>
/// <remarks>
/// <para>Prefixes are nested or apart, so n of them make at most 2n + 1 runs, and a look-up is the search for one run.</para>
/// <para>The index is one array of slots of equal width over the span of the runs, about one slot a run: how far an address
/// lies behind the first run says its slot, and a slot knows its few runs. Where many runs crowd into one slot, the slot has
/// an index of its own over just their span. So a look-up takes one step in evenly spread prefixes, two or three in clustered
/// ones, and no more than the address has bits in any; the memory follows the number of prefixes.</para>
/// </remarks>
internal sealed class PrefixRuns<TKey>
    where TKey : unmanaged, IAddressKey<TKey>
{
    // A slot is the place of its first run, four bits on, and how many runs begin in it; or of its own index, and Crowded.
    private const int CountBits = 4;
    private const int Crowded = (1 << CountBits) - 1;

    /// <summary>How many addresses go into one look-up.</summary>
    public const int Batch = 64;

    private readonly Run[] _runs;
    private readonly Level[] _levels;
    private readonly uint[] _slots;

    /// <summary>Cuts and indexes in O(n).</summary>
    public PrefixRuns(PrefixList<TKey> prefixes)
    {
        _runs = Cut(prefixes);
        var levels = new List<Level>();
        var slots = new List<uint>();
        if (_runs.Length > 0)
        {
            Index(levels, slots);
        }

        (_levels, _slots) = ([.. levels], [.. slots]);
    }

    /// <summary>How many bytes the runs and their index take.</summary>
    public long Bytes =>
        ((long)_runs.Length * Size<Run>()) + ((long)_levels.Length * Size<Level>()) + ((long)_slots.Length * sizeof(uint));

    /// <summary>The place of the longest prefix that holds the address, of equal ones the first; or -1.</summary>
    public int Find(TKey address)
    {
        var run = RunOf(address);
        return run < 0 ? -1 : _runs[run].Owner;
    }

    /// <summary>Looks up many addresses at once: <see cref="Find(TKey)"/> for each.</summary>
    /// <remarks>Slots first, then runs: the memory answers for many at a time.</remarks>
    /// <param name="addresses">The addresses; at most <see cref="Batch"/>.</param>
    /// <param name="places">Where the answers go; as long.</param>
    public void Find(ReadOnlySpan<TKey> addresses, Span<int> places)
    {
        if (_levels.Length == 0)
        {
            places.Fill(-1);
            return;
        }

        Span<uint> slots = stackalloc uint[Batch];
        for (var i = 0; i < addresses.Length; i++)
        {
            slots[i] = SlotOf(in _levels[0], addresses[i]);
        }

        // A read that nothing waits for: it brings the run near.
        foreach (var slot in slots[..addresses.Length])
        {
            if ((slot & Crowded) != Crowded && slot >> CountBits < _runs.Length)
            {
                Volatile.Read(in _runs[slot >> CountBits].Owner);
            }
        }

        for (var i = 0; i < addresses.Length; i++)
        {
            var run = RunOf(addresses[i], slots[i]);
            places[i] = run < 0 ? -1 : _runs[run].Owner;
        }
    }

    /// <summary>Whether some prefix shares an address with the one that begins at <paramref name="first"/> and has this
    /// length.</summary>
    public bool Overlaps(TKey first, int length)
    {
        // Either a prefix holds the first address, or one begins behind it. The run behind one without a prefix has one.
        var run = RunOf(first);
        return (run >= 0 && _runs[run].Owner >= 0) || (run + 1 < _runs.Length && _runs[run + 1].Start <= first.LastOf(length));
    }

    private static int Size<T>()
        where T : unmanaged => Unsafe.SizeOf<T>();

    /// <summary>The last run that begins at or before the address; -1 when none does.</summary>
    private int RunOf(TKey address) => _levels.Length == 0 ? -1 : RunOf(address, SlotOf(in _levels[0], address));

    private int RunOf(TKey address, uint slot)
    {
        while ((slot & Crowded) == Crowded)
        {
            slot = SlotOf(in _levels[slot >> CountBits], address);
        }

        var run = (int)(slot >> CountBits);
        var end = run + (int)(slot & Crowded);
        while (run < end && _runs[run].Start <= address)
        {
            run++;
        }

        return run - 1;
    }

    /// <summary>The slot for an address; for one below all slots of the level, one in which no run begins.</summary>
    private uint SlotOf(in Level level, TKey address) => address < level.Origin
        ? (uint)level.FirstRun << CountBits
        : _slots[level.FirstSlot + (int)Math.Min(address.StepsFrom(level.Origin, level.Shift), (ulong)level.LastSlot)];

    private static Run[] Cut(PrefixList<TKey> prefixes)
    {
        var count = 0;
        var runs = ArrayPool<Run>.Shared.Rent(2 * prefixes.Count + 1);
        var parents = PrefixNesting.ParentsOf(prefixes);
        var open = -1;
        for (var at = 0; at < parents.Length; at++)
        {
            if (parents[at] >= 0 && prefixes.AreEqual(parents[at], at))
            {
                continue;
            }

            CloseUpTo(parents[at]);
            Begin(prefixes.First(at), at);
            open = at;
        }

        CloseUpTo(-1);
        Run[] cut = [.. runs.AsSpan(0, count)];
        ArrayPool<Run>.Shared.Return(runs);
        return cut;

        // The run behind a prefix is its parent's, unless the space ends there.
        void CloseUpTo(int parent)
        {
            for (; open != parent; open = parents[open])
            {
                var next = prefixes.Last(open).Next();
                if (next > prefixes.First(open))
                {
                    Begin(next, parents[open]);
                }
            }
        }

        void Begin(TKey start, int owner)
        {
            // A prefix that begins where another run does takes it over.
            if (count > 0 && runs[count - 1].Start >= start)
            {
                count--;
            }

            runs[count++] = new Run(start, owner);
        }
    }

    private void Index(List<Level> levels, List<uint> slots)
    {
        // Runs still to be given an index, and the slot that will lead there.
        var crowded = new Stack<(int From, int To, int Slot)>();
        crowded.Push((0, _runs.Length, -1));
        while (crowded.TryPop(out var part))
        {
            if (part.Slot >= 0)
            {
                slots[part.Slot] = ((uint)levels.Count << CountBits) | Crowded;
            }

            var origin = _runs[part.From].Start;
            var last = _runs[part.To - 1].Start;
            var slotBits = BitOperations.Log2((uint)(part.To - part.From)) + 1;
            var shift = Math.Max(0, last.DistanceBits(origin) - slotBits);
            var level = new Level(origin, shift, slots.Count, (int)last.StepsFrom(origin, shift), part.From);
            levels.Add(level);
            CollectionsMarshal.SetCount(slots, level.FirstSlot + level.LastSlot + 1);
            var run = part.From;
            for (var slot = 0; slot <= level.LastSlot; slot++)
            {
                var from = run;
                while (run < part.To && _runs[run].Start.StepsFrom(origin, shift) == (ulong)slot)
                {
                    run++;
                }

                slots[level.FirstSlot + slot] = ((uint)from << CountBits) | (uint)Math.Min(run - from, Crowded);
                if (run - from >= Crowded)
                {
                    crowded.Push((from, run, level.FirstSlot + slot));
                }
            }
        }
    }

    /// <summary>Addresses that share their longest prefix: from here to the next run.</summary>
    private readonly struct Run(TKey start, int owner)
    {
        /// <summary>The first of them.</summary>
        public readonly TKey Start = start;

        /// <summary>The place of that prefix, or -1.</summary>
        public readonly int Owner = owner;
    }

    /// <summary>Slots of equal width over the span of some runs.</summary>
    /// <param name="Origin">Where the first run, and with it the first slot, begins.</param>
    /// <param name="Shift">A slot is 2^this addresses wide.</param>
    /// <param name="FirstSlot">Where its slots are.</param>
    /// <param name="LastSlot">The slot, counted from there, in which the last run begins; it has what lies behind
    /// too.</param>
    /// <param name="FirstRun">The run that begins at <paramref name="Origin"/>.</param>
    private readonly record struct Level(TKey Origin, int Shift, int FirstSlot, int LastSlot, int FirstRun);
}
