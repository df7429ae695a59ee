using System.Net.Sockets;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>How much room a new pool needs, for one family.</summary>
/// <param name="Replaces">The pool to replace: the one whose addresses clash most; null when none is known.</param>
/// <param name="BlockSize">Its block size; without a pool that of the blocks, or Calico's default.</param>
/// <param name="Pods">How many Pods have a Calico address.</param>
/// <param name="Clashing">How many of them have it in a PodCIDR.</param>
/// <param name="Nodes">How many Nodes there are: each takes a block at least, for its tunnel address.</param>
/// <param name="Blocks">How many blocks the Nodes take, head-room included.</param>
internal sealed record PoolDemand(IPPool? Replaces, int BlockSize, int Pods, int Clashing, int Nodes, UInt128 Blocks)
{
    /// <summary>Calico's block sizes where no pool says otherwise.</summary>
    /// <remarks>Source: Calico v3.26 <c>libcalico-go/lib/clientv3/ippool.go</c>.</remarks>
    private const int DefaultBlockSize4 = 26;
    private const int DefaultBlockSize6 = 122;

    /// <summary>In addresses.</summary>
    public UInt128 Needed(bool isIPv6) => Blocks * BlockCount(isIPv6, BlockSize);

    /// <summary>The longest prefix that holds all blocks; negative when no prefix does.</summary>
    public int PrefixLength
    {
        get
        {
            var bits = 0;
            while (UInt128.One << bits < Blocks)
            {
                bits++;
            }

            return BlockSize - bits;
        }
    }

    /// <summary>Counts what the cluster needs, every Pod of Calico's included: once the old pool is disabled, whatever restarts takes
    /// an address of the new one. Null when the family has no clash.</summary>
    public static PoolDemand? Of(ClusterSnapshot snapshot, AddressAnalysis analysis, bool isIPv6, int headRoomPercent)
    {
        var podCidrs = new CidrTable<string>(
            snapshot.Nodes.SelectMany(n => n.PodCidrs.Where(p => p.IsIPv6 == isIPv6).Select(p => new CidrEntry<string>(p, n.Name))));
        var pools = snapshot.CalicoIpam.Pools.Where(p => p.Cidr.IsIPv6 == isIPv6).ToList();
        var overlaps = analysis.Overlaps.Where(o => o.Block.IsIPv6 == isIPv6).ToList();
        var covering = pools.Where(p => !podCidrs.Overlapping(p.Cidr).IsEmpty).ToList();
        if (overlaps.Count == 0 && covering.Count == 0)
        {
            return null;
        }

        var replaced = new CidrTable<IPPool>(pools.Select(p => new CidrEntry<IPPool>(p.Cidr, p)));
        var pool = overlaps
            .Select(o => replaced.TryLookup(o.Block.FirstAddress, out var entry) ? entry.Value : null)
            .OfType<IPPool>()
            .GroupBy(p => p)
            .OrderByDescending(g => g.Count())
            .ThenBy(g => g.Key.Name, StringComparer.Ordinal)
            .Select(g => g.Key)
            .FirstOrDefault() ?? covering.FirstOrDefault(p => !p.Disabled) ?? covering.FirstOrDefault();

        // Blocks outlive their pool; then they are the ones that tell.
        var blockSize = pool?.BlockSize
            ?? overlaps.Where(o => o.Kind == CalicoRangeKind.Block).Select(o => (int?)o.Block.PrefixLength).Max()
            ?? (isIPv6 ? DefaultBlockSize6 : DefaultBlockSize4);

        var given = new CalicoPodAddresses(snapshot);
        var onNode = snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, _ => 0, StringComparer.Ordinal);
        var (pods, clashing) = (0, 0);
        foreach (var pod in snapshot.Pods.Where(CalicoPodAddresses.HasNetwork))
        {
            foreach (var address in pod.PodIPs)
            {
                if ((address.AddressFamily == AddressFamily.InterNetworkV6) == isIPv6 && given.Gave(pod, address))
                {
                    pods++;
                    clashing += podCidrs.TryLookup(address, out _) ? 1 : 0;
                    onNode[pod.NodeName] = onNode.GetValueOrDefault(pod.NodeName) + 1;
                }
            }
        }

        var perBlock = BlockCount(isIPv6, blockSize);
        var blocks = onNode.Values.Aggregate(UInt128.Zero, (sum, count) => sum + BlocksFor(count, headRoomPercent, perBlock));
        return new PoolDemand(pool, blockSize, pods, clashing, onNode.Count, UInt128.Max(blocks, 1));
    }

    /// <summary>A Node's Pods and its tunnel address, and the head-room, in whole blocks.</summary>
    private static UInt128 BlocksFor(int pods, int headRoomPercent, UInt128 perBlock)
    {
        var addresses = (((UInt128)pods + 1) * (UInt128)(100 + headRoomPercent) + 99) / 100;
        return (addresses + perBlock - 1) / perBlock;
    }

    private static UInt128 BlockCount(bool isIPv6, int blockSize) => UInt128.One << ((isIPv6 ? 128 : 32) - blockSize);
}
