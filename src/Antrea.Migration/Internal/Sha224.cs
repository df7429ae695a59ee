using System.Buffers.Binary;
using System.Numerics;

namespace Antrea.Migration.Internal;

/// <summary>SHA-224 (RFC 3874): SHA-256 from other start values, cut to 28 bytes. .NET has no such class, and Calico names selectors by it.</summary>
/// <remarks>For names, not for secrets.</remarks>
internal static class Sha224
{
    private const int BlockSize = 64;

    /// <summary>The first 32 bits behind the point of the cube roots of the first 64 primes.</summary>
    private static readonly uint[] RoundConstants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>The 28 bytes for a message of any length.</summary>
    public static byte[] HashData(ReadOnlySpan<byte> message)
    {
        Span<uint> state = [0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4];
        var whole = message.Length / BlockSize * BlockSize;
        for (var at = 0; at < whole; at += BlockSize)
        {
            Compress(state, message.Slice(at, BlockSize));
        }

        // The rest, a bit, zeros, and the length in bits: one block or two.
        Span<byte> tail = stackalloc byte[2 * BlockSize];
        tail.Clear();
        message[whole..].CopyTo(tail);
        var rest = message.Length - whole;
        tail[rest] = 0x80;
        var length = rest + 9 <= BlockSize ? BlockSize : 2 * BlockSize;
        BinaryPrimitives.WriteUInt64BigEndian(tail[(length - 8)..], (ulong)message.Length * 8);
        for (var at = 0; at < length; at += BlockSize)
        {
            Compress(state, tail.Slice(at, BlockSize));
        }

        var hash = new byte[28];
        for (var i = 0; i < 7; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(4 * i), state[i]);
        }

        return hash;
    }

    private static void Compress(Span<uint> state, ReadOnlySpan<byte> block)
    {
        Span<uint> words = stackalloc uint[64];
        for (var i = 0; i < 16; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(4 * i)..]);
        }

        for (var i = 16; i < 64; i++)
        {
            var (near, far) = (words[i - 2], words[i - 15]);
            words[i] = words[i - 16] + words[i - 7]
                + (BitOperations.RotateRight(far, 7) ^ BitOperations.RotateRight(far, 18) ^ (far >> 3))
                + (BitOperations.RotateRight(near, 17) ^ BitOperations.RotateRight(near, 19) ^ (near >> 10));
        }

        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var i = 0; i < 64; i++)
        {
            var sumE = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            var sumA = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            var first = h + sumE + ((e & f) ^ (~e & g)) + RoundConstants[i] + words[i];
            var second = sumA + ((a & b) ^ (a & c) ^ (b & c));
            (a, b, c, d, e, f, g, h) = (first + second, a, b, c, d + first, e, f, g);
        }

        Span<uint> added = [a, b, c, d, e, f, g, h];
        for (var i = 0; i < 8; i++)
        {
            state[i] += added[i];
        }
    }
}
