using System.Collections.Concurrent;

namespace Antrea.Migration.Policies.Verification;

/// <summary>A flow of a subject: the other end's address and the service.</summary>
internal readonly record struct FlowWitness(int Atom, ServiceCell Service);

/// <summary>What comparing two decision lists came to.</summary>
/// <param name="Classes">How many classes of flows were told apart.</param>
/// <param name="Flows">How many addresses those of them that were decided stand for, each counted once per class of services.</param>
/// <param name="UnprovenFlows">The same of those that nobody can decide.</param>
/// <param name="Unproven">One of these; null when there is none.</param>
/// <param name="Difference">The smallest flow that the lists decide differently: from or to an existing Pod rather than a stranger, and that
/// rather than a future Pod; null when there is none.</param>
internal sealed record ListComparison(long Classes, long Flows, long UnprovenFlows, FlowWitness? Unproven, FlowWitness? Difference);

/// <summary>Compares decision lists exactly: it refines addresses and services only as far as the two lists themselves tell them apart.</summary>
/// <remarks>Addresses first, by a sweep over the bounds of the sets that the lists mention. What the lists have left of one class of
/// addresses is a question about services alone; equal questions, of any subjects, are answered once. Safe for use by several threads.</remarks>
internal sealed class DecisionComparer(AddressSpace space)
{
    private readonly ConcurrentDictionary<int[], ServiceComparison> _known = new(IntSequence.Comparer);

    /// <summary>Compares two lists for the other ends of one family.</summary>
    public ListComparison Compare(DecisionList calico, DecisionList antrea, AddressSet family)
    {
        var sets = new Dictionary<int, int>();
        var distinct = new List<AddressSet>();
        foreach (var box in calico.Rules.Concat(antrea.Rules).SelectMany(r => r.Flows.Boxes))
        {
            if (sets.TryAdd(box.Peers.Id, distinct.Count))
            {
                distinct.Add(box.Peers);
            }
        }

        var (masks, sizes) = AddressClasses.Sweep(distinct, family, segments: null);
        var classes = new ServiceComparison[masks.Count];
        var isIPv6 = family == space.V6;
        long count = 0, flows = 0, unproven = 0;
        var isWhole = true;
        for (var i = 0; i < masks.Count; i++)
        {
            var left = ReducedRule.Reduce(calico, sets, masks[i]);
            var right = ReducedRule.Reduce(antrea, sets, masks[i]);
            var comparison = classes[i] = Compare(left, right, isIPv6);
            isWhole &= comparison is { Unproven: null, Difference: null };
            count += comparison.Cells;
            flows += (long)sizes[i] * (comparison.Cells - comparison.UnprovenCells);
            unproven += (long)sizes[i] * comparison.UnprovenCells;
        }

        if (isWhole)
        {
            return new ListComparison(count, flows, 0, null, null);
        }

        var segments = new List<(int First, int End, int Class)>();
        AddressClasses.Sweep(distinct, family, segments);
        return new ListComparison(
            count, flows, unproven, Smallest(segments, i => classes[i].Unproven), Smallest(segments, i => classes[i].Difference));
    }

    private ServiceComparison Compare(List<ReducedRule> calico, List<ReducedRule> antrea, bool isIPv6)
    {
        int[] key = [isIPv6 ? 6 : 4, .. calico.SelectMany(r => r.Key), int.MinValue, .. antrea.SelectMany(r => r.Key)];
        if (!_known.TryGetValue(key, out var comparison))
        {
            comparison = ServiceComparison.Compare([.. calico], [.. antrea], isIPv6);
            _known.TryAdd(key, comparison);
        }

        return comparison;
    }

    private FlowWitness? Smallest(List<(int First, int End, int Class)> segments, Func<int, ServiceCell?> cellOf)
    {
        FlowWitness? best = null;
        var bestRank = int.MaxValue;
        foreach (var (first, end, index) in segments)
        {
            if (cellOf(index) is not { } cell)
            {
                continue;
            }

            for (var atom = first; atom < end && bestRank > 0; atom++)
            {
                var rank = RankOf(atom);
                if (rank < bestRank)
                {
                    (best, bestRank) = (new FlowWitness(atom, cell), rank);
                }
            }
        }

        return best;
    }

    private int RankOf(int atom) => space.PodOf(atom) is var pod and >= 0 ? space.Pods[pod].IsSynthetic ? 2 : 0 : 1;
}

/// <summary>Addresses in classes by the sets that hold them.</summary>
internal static class AddressClasses
{
    [ThreadStatic]
    private static Scratch? _scratch;

    /// <summary>The classes in the order of their first atoms: per class which sets hold it, and how many atoms it has.</summary>
    /// <param name="sets">The sets, by their place in a mask.</param>
    /// <param name="family">The atoms to look at, without a gap.</param>
    /// <param name="segments">Takes the stretches of atoms, each with the number of its class; null where nobody asks.</param>
    public static (List<UInt128[]> Masks, List<int> Sizes) Sweep(
        List<AddressSet> sets, AddressSet family, List<(int First, int End, int Class)>? segments)
    {
        var masks = new List<UInt128[]>();
        var sizes = new List<int>();
        if (family.IsEmpty)
        {
            return (masks, sizes);
        }

        var (low, high) = (family.Runs[0], family.Runs[^1]);
        var words = (sets.Count / 128) + 1;
        var active = new UInt128[words];
        var scratch = _scratch ??= new Scratch();
        scratch.Clear();
        var (events, single, wide) = (scratch.Events, scratch.Single, scratch.Wide);
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
                    events.Add(((long)runs[j] << 32) | (uint)i);
                }

                if (runs[j + 1] < high)
                {
                    events.Add(((long)runs[j + 1] << 32) | (uint)i);
                }
            }
        }

        events.Sort();
        var at = low;
        for (var i = 0; at < high;)
        {
            var next = i < events.Count ? (int)(events[i] >> 32) : high;
            if (next > at)
            {
                var index = ClassOf();
                sizes[index] += next - at;
                segments?.Add((at, next, index));
                at = next;
            }

            for (; i < events.Count && (int)(events[i] >> 32) == at; i++)
            {
                Toggle(active, (int)(uint)events[i]);
            }
        }

        return (masks, sizes);

        int ClassOf()
        {
            var index = masks.Count;
            if (words == 1 ? single.TryAdd(active[0], index) : wide.TryAdd(string.Join(' ', active), index))
            {
                masks.Add([.. active]);
                sizes.Add(0);
                return index;
            }

            return words == 1 ? single[active[0]] : wide[string.Join(' ', active)];
        }
    }

    public static bool Holds(UInt128[] mask, int set) => (mask[set / 128] >> (set % 128) & 1) == 1;

    private static void Toggle(UInt128[] mask, int set) => mask[set / 128] ^= UInt128.One << (set % 128);

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
        public List<long> Events { get; } = [];

        public Dictionary<UInt128, int> Single { get; } = [];

        public Dictionary<string, int> Wide { get; } = new(StringComparer.Ordinal);

        public void Clear()
        {
            Events.Clear();
            Single.Clear();
            Wide.Clear();
        }
    }
}
