using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Where future Pods get their addresses: Calico's pools and the Nodes' PodCIDRs.</summary>
internal static class PodPlaces
{
    /// <summary>Ranges of Pods that some network tells apart are different places; no more than this many of one family are looked at.</summary>
    private const int MaxPlaces = 8;

    /// <summary>One address of each family for each place: in a range of Pod addresses, in no narrower network where there is room.</summary>
    public static ImmutableArray<ImmutableArray<IPAddress>> Of(ClusterSnapshot snapshot, PolicyWorld world, IReadOnlyCollection<Cidr> nets)
    {
        var table = new CidrTable<bool>(
            nets.Distinct().Select(n => new CidrEntry<bool>(n, true))
                .Concat(world.Pods.SelectMany(p => p.Addresses).Select(Cidr.Host).Except(nets).Select(n => new CidrEntry<bool>(n, false))));
        var ranges = snapshot.CalicoIpam.Pools.Select(p => p.Cidr).Concat(snapshot.Nodes.SelectMany(n => n.PodCidrs)).Distinct().ToList();
        if (ranges.Count == 0)
        {
            ranges = [.. world.Pods.SelectMany(p => p.Addresses).Select(a => Cidr.Containing(a, a.AddressFamily == AddressFamily.InterNetworkV6 ? 64 : 24)).Distinct()];
        }

        var v4 = Places(ranges.Where(r => !r.IsIPv6), table);
        var v6 = Places(ranges.Where(r => r.IsIPv6), table);
        return
        [
            .. Enumerable.Range(0, Math.Max(v4.Count, v6.Count)).Select(i => new[] { v4, v6 }
                .Where(f => f.Count > 0)
                .Select(f => f[Math.Min(i, f.Count - 1)])
                .ToImmutableArray()),
        ];
    }

    private static List<IPAddress> Places(IEnumerable<Cidr> ranges, CidrTable<bool> table) =>
    [
        .. ranges.Order()
            .Select(r => Room(r, table))
            .DistinctBy(a => string.Join(' ', table.Overlapping(Cidr.Host(a)).Where(e => e.Value).Select(e => e.Cidr)))
            .Take(MaxPlaces),
    ];

    /// <summary>An address of a range that, with the next one, lies in none of the networks within it; the first address where there is none.</summary>
    private static IPAddress Room(Cidr range, CidrTable<bool> table)
    {
        var inside = table.Overlapping(range).Select(e => e.Cidr).Where(c => range.Contains(c) && c != range).Order();
        var free = range.FirstValue + (range.AddressCount > 16 ? 9u : 0u);
        foreach (var net in inside)
        {
            if (net.FirstValue > free + 1)
            {
                break;
            }

            if (net.LastValue >= free)
            {
                if (net.LastValue == range.LastValue)
                {
                    return range.FirstAddress;
                }

                free = net.LastValue + 1;
            }
        }

        return Cidr.ToAddress(free, range.IsIPv6);
    }
}
