using System.Collections.Concurrent;
using System.Runtime.InteropServices;

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
        var numbers = new List<int>(2 + (5 * (calico.Count + antrea.Count))) { isIPv6 ? 6 : 4 };
        calico.ForEach(r => r.AddTo(numbers));
        numbers.Add(int.MinValue);
        antrea.ForEach(r => r.AddTo(numbers));
        var known = _known.GetAlternateLookup<ReadOnlySpan<int>>();
        var key = CollectionsMarshal.AsSpan(numbers);
        if (!known.TryGetValue(key, out var comparison))
        {
            comparison = ServiceComparison.Compare([.. calico], [.. antrea], isIPv6);
            known.TryAdd(key, comparison);
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
