using System.Runtime.InteropServices;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Addresses in classes by the sets that hold them.</summary>
internal static class AddressClasses
{
    private const int Bits = 64;

    [ThreadStatic]
    private static Scratch? _scratch;

    /// <summary>The classes in the order of their first atoms: per class which sets hold it, and how many atoms it has.</summary>
    /// <param name="sets">The sets, by their place in a mask.</param>
    /// <param name="family">The atoms to look at, without a gap.</param>
    /// <param name="segments">Takes the stretches of atoms, each with the number of its class; null where nobody asks.</param>
    public static (List<ulong[]> Masks, List<int> Sizes) Sweep(
        List<AddressSet> sets, AddressSet family, List<(int First, int End, int Class)>? segments)
    {
        var masks = new List<ulong[]>();
        var sizes = new List<int>();
        if (family.IsEmpty)
        {
            return (masks, sizes);
        }

        var (low, high) = (family.Runs[0], family.Runs[^1]);
        var active = new ulong[(sets.Count / Bits) + 1];
        var scratch = _scratch ??= new Scratch();
        scratch.Clear();
        Collect(sets, low, high, active, scratch);
        var events = scratch.Bounds.Merge();
        var at = low;
        for (var i = 0; at < high;)
        {
            var next = i < events.Length ? (int)(events[i] >> 32) : high;
            if (next > at)
            {
                var index = ClassOf();
                sizes[index] += next - at;
                segments?.Add((at, next, index));
                at = next;
            }

            for (; i < events.Length && (int)(events[i] >> 32) == at; i++)
            {
                Toggle(active, (int)(uint)events[i]);
            }
        }

        return (masks, sizes);

        int ClassOf()
        {
            ref var index = ref active.Length == 1
                ? ref CollectionsMarshal.GetValueRefOrAddDefault(scratch.Single, active[0], out var isKnown)
                : ref CollectionsMarshal.GetValueRefOrAddDefault(scratch.Wide, string.Join(' ', active), out isKnown);
            if (!isKnown)
            {
                index = masks.Count;
                masks.Add([.. active]);
                sizes.Add(0);
            }

            return index;
        }
    }

    public static bool Holds(ulong[] mask, int set) => (mask[set / Bits] >> (set % Bits) & 1) == 1;

    private static void Toggle(ulong[] mask, int set) => mask[set / Bits] ^= 1UL << (set % Bits);

    /// <summary>Where each set begins and ends within the family, as the place in the upper half and the set in the lower.</summary>
    private static void Collect(List<AddressSet> sets, int low, int high, ulong[] active, Scratch scratch)
    {
        for (var i = 0; i < sets.Count; i++)
        {
            var runs = sets[i].Runs;
            for (var j = FirstRun(runs, low); j < runs.Length && runs[j] < high; j += 2)
            {
                if (runs[j] <= low)
                {
                    Toggle(active, i);
                }
                else
                {
                    scratch.Bounds.Add(((long)runs[j] << 32) | (uint)i);
                }

                if (runs[j + 1] < high)
                {
                    scratch.Bounds.Add(((long)runs[j + 1] << 32) | (uint)i);
                }
            }

            scratch.Bounds.EndSeries();
        }
    }

    /// <summary>The first run that ends behind a place.</summary>
    private static int FirstRun(ReadOnlySpan<int> runs, int place)
    {
        int first = 0, end = runs.Length / 2;
        while (first < end)
        {
            var middle = (first + end) / 2;
            (first, end) = runs[(2 * middle) + 1] <= place ? (middle + 1, end) : (first, middle);
        }

        return 2 * first;
    }

    /// <summary>What a sweep needs, kept from one to the next.</summary>
    private sealed class Scratch
    {
        public SortedSeries Bounds { get; } = new();

        public Dictionary<ulong, int> Single { get; } = [];

        public Dictionary<string, int> Wide { get; } = new(StringComparer.Ordinal);

        public void Clear()
        {
            Bounds.Clear();
            Single.Clear();
            Wide.Clear();
        }
    }
}
