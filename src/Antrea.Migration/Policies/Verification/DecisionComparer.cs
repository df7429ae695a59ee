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

        var (segments, masks) = AddressClasses.Sweep(distinct, family);
        var classes = new ServiceComparison[masks.Count];
        var isIPv6 = family == space.V6;
        long count = 0, flows = 0, unproven = 0;
        for (var i = 0; i < masks.Count; i++)
        {
            var left = ReducedRule.Reduce(calico, sets, masks[i]);
            var right = ReducedRule.Reduce(antrea, sets, masks[i]);
            classes[i] = Compare(left, right, isIPv6);
            count += classes[i].Cells;
        }

        foreach (var (first, end, index) in segments)
        {
            flows += (long)(end - first) * (classes[index].Cells - classes[index].UnprovenCells);
            unproven += (long)(end - first) * classes[index].UnprovenCells;
        }

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
    /// <summary>Stretches of atoms, each with the number of its class, and per class which sets hold it.</summary>
    public static (List<(int First, int End, int Class)> Segments, List<UInt128[]> Masks) Sweep(List<AddressSet> sets, AddressSet family)
    {
        var segments = new List<(int First, int End, int Class)>();
        var masks = new List<UInt128[]>();
        if (family.IsEmpty)
        {
            return (segments, masks);
        }

        var (low, high) = (family.Runs[0], family.Runs[^1]);
        var words = (sets.Count / 128) + 1;
        var active = new UInt128[words];
        var events = new List<long>();
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
        var single = new Dictionary<UInt128, int>();
        var wide = new Dictionary<string, int>(StringComparer.Ordinal);
        var at = low;
        for (var i = 0; at < high;)
        {
            var next = i < events.Count ? (int)(events[i] >> 32) : high;
            if (next > at)
            {
                segments.Add((at, next, ClassOf()));
                at = next;
            }

            for (; i < events.Count && (int)(events[i] >> 32) == at; i++)
            {
                Toggle(active, (int)(uint)events[i]);
            }
        }

        return (segments, masks);

        int ClassOf()
        {
            var index = masks.Count;
            if (words == 1 ? single.TryAdd(active[0], index) : wide.TryAdd(string.Join(' ', active), index))
            {
                masks.Add([.. active]);
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
}
