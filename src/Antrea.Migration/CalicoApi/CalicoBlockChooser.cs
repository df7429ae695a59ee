using System.Text;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.CalicoApi;

/// <summary>Answers in which order Calico tries a pool's blocks for a Node: the same Node name always starts at the same block.</summary>
/// <remarks>The start is drawn by Go's <c>math/rand</c> seeded with FNV-1 (32 bits) of the Node's name; from there the pool is
/// walked once around. Source: Calico v3.26 <c>libcalico-go/lib/ipam/ipam_block_reader_writer.go</c>. For blocks of a single
/// address Calico seeds with the clock; here the name serves there too, so that a lab is repeatable.</remarks>
internal static class CalicoBlockChooser
{
    /// <summary>Every block of <paramref name="pool"/> once, the Node's first choice first.</summary>
    /// <param name="pool">The pool's range.</param>
    /// <param name="blockSize">The blocks' prefix length; at least the pool's.</param>
    /// <param name="node">The Node's name.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pool is smaller than one block, or holds 2^63 blocks or more.</exception>
    public static IEnumerable<Cidr> Candidates(Cidr pool, int blockSize, string node)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, pool.PrefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockSize - pool.PrefixLength, 62, nameof(blockSize));
        return Walk(pool, blockSize, node);
    }

    private static IEnumerable<Cidr> Walk(Cidr pool, int blockSize, string node)
    {
        var count = 1UL << (blockSize - pool.PrefixLength);
        var start = new GoRandomSource(Fnv1(node)).NextBelow(count);
        for (var i = 0UL; i < count; i++)
        {
            yield return pool.Subnet(blockSize, (start + i) & (count - 1));
        }
    }

    private static uint Fnv1(string text)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash * 16777619u) ^ b;
        }

        return hash;
    }
}
