using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>The Pods that somebody cannot reach, by address.</summary>
internal sealed class CutOffPods
{
    private const int MostSenders = 3;

    private readonly List<(bool IsIPv6, UInt128 Address, string Pod, List<string> From)> _pods;

    public CutOffPods(CutOffAnalysis analysis) => _pods =
    [
        .. analysis.Unreachable
            .GroupBy(u => (u.Pod, u.Address))
            .Select(g => (Address: IPAddress.Parse(g.Key.Address), g.Key.Pod, From: g.Select(u => u.From).ToList()))
            .Select(p => (p.Address.GetAddressBytes().Length == 16, AddressAxis.ValueOf(p.Address), p.Pod, p.From))
            .OrderBy(p => p.Item1)
            .ThenBy(p => p.Item2)
            .ThenBy(p => p.Pod, StringComparer.Ordinal),
    ];

    /// <summary>Who in some ranges of one family cannot be reached, and by whom; the first Pod by name.</summary>
    public CutOffWords In(IEnumerable<Cidr> ranges)
    {
        var (count, first, end) = (0, -1, default(UInt128?));
        foreach (var range in ranges.Distinct().Order())
        {
            // Prefixes nest or are apart: what begins before the end of the one before lies in it.
            if (end is not null && AddressAxis.First(range) <= end)
            {
                continue;
            }

            end = AddressAxis.Last(range);
            var from = FirstFrom(range.IsIPv6, AddressAxis.First(range));
            var to = end == UInt128.MaxValue ? _pods.Count : FirstFrom(range.IsIPv6, end.Value + 1);
            first = first < 0 && to > from ? from : first;
            count += to - from;
        }

        if (count == 0)
        {
            return new CutOffWords(0, "no Pod of today cut off", "No Pod of today is known to be cut off by it");
        }

        var pod = _pods[first];
        var senders = string.Join("; ", pod.From.Take(MostSenders)) + (pod.From.Count > MostSenders ? "; …" : "");
        return count == 1
            ? new CutOffWords(1, $"cuts off Pod {pod.Pod}", $"Cut off: Pod {pod.Pod} from {senders}")
            : new CutOffWords(count, $"cuts off {count} Pods", $"Cut off: {count} Pods, for example {pod.Pod} from {senders}");
    }

    private int FirstFrom(bool isIPv6, UInt128 address)
    {
        var (low, high) = (0, _pods.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var isBefore = _pods[middle].IsIPv6 == isIPv6 ? _pods[middle].Address < address : isIPv6;
            (low, high) = isBefore ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}

/// <summary>Who is cut off at a place.</summary>
/// <param name="Pods">How many Pods.</param>
/// <param name="Brief">In a few words.</param>
/// <param name="Full">With an example and its senders.</param>
internal sealed record CutOffWords(int Pods, string Brief, string Full);
