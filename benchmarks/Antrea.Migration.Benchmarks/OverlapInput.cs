using System.Net;
using System.Numerics;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Benchmarks;

/// <summary>PodCIDRs and blocks to compare. Fixed seed; made once a shape.</summary>
/// <param name="PodCidrs">The Nodes' PodCIDRs.</param>
/// <param name="Blocks">Calico's blocks.</param>
internal sealed record OverlapInput(Cidr[] PodCidrs, Cidr[] Blocks)
{
    private static readonly Dictionary<(string Size, string Family, string Shape), OverlapInput> Made = [];

    /// <summary>An input.</summary>
    /// <param name="size">PodCIDRs, an x, blocks.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="shape">"random": a /24 or /64 a Node in order, and /26 or /122 blocks, half of them somewhere in the
    /// PodCIDRs' range, in no order. "nested": chains of prefixes of every length, each within the one before, far from
    /// each other; the PodCIDRs' chains are among the blocks' too.</param>
    public static OverlapInput Of(string size, string family, string shape)
    {
        if (!Made.TryGetValue((size, family, shape), out var input))
        {
            var counts = size.Split('x').Select(int.Parse).ToArray();
            var isIPv6 = family == "IPv6";
            input = shape == "random" ? Random(counts[0], counts[1], isIPv6) : Nested(counts[0], counts[1], isIPv6);
            Made[(size, family, shape)] = input;
        }

        return input;
    }

    private static OverlapInput Random(int podCidrs, int blocks, bool isIPv6)
    {
        var random = new Random(20231014);
        var (podLength, blockLength) = isIPv6 ? (64, 122) : (24, 26);
        var cluster = Cidr.Containing(
            IPAddress.Parse(isIPv6 ? "fd00:10::" : "10.0.0.0"),
            podLength - BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)podCidrs)));
        var apart = Cidr.Containing(IPAddress.Parse(isIPv6 ? "fd00:20::" : "172.16.0.0"), cluster.PrefixLength);
        Cidr Block(Cidr pool) => Cidr.Containing(pool.AddressAt(Below(pool.AddressCount, random)), blockLength);
        return new OverlapInput(
            [.. Enumerable.Range(0, podCidrs).Select(i => cluster.Subnet(podLength, (UInt128)i))],
            [.. Enumerable.Range(0, blocks).Select(i => Block(i % 2 == 0 ? cluster : apart))]);
    }

    private static OverlapInput Nested(int podCidrs, int blocks, bool isIPv6)
    {
        var from = isIPv6 ? 32 : 16;
        var lengths = isIPv6 ? 96 : 16;
        var all = Cidr.Containing(isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        Cidr[] Chains(int count)
        {
            var random = new Random(20231014);
            var ends = Enumerable.Range(0, (count / lengths) + 1)
                .Select(i => all.Subnet(from, (UInt128)i * (isIPv6 ? 7919u : 1u)))
                .Select(c => c.AddressAt(Below(c.AddressCount, random))).ToArray();
            Cidr[] chains =
                [.. Enumerable.Range(0, count).Select(i => Cidr.Containing(ends[i / lengths], from + 1 + (i % lengths)))];
            random.Shuffle(chains);
            return chains;
        }

        return new OverlapInput(Chains(podCidrs), Chains(blocks));
    }

    private static UInt128 Below(UInt128 end, Random random) =>
        (UInt128)random.NextInt64() * (UInt128)random.NextInt64() % end;
}
