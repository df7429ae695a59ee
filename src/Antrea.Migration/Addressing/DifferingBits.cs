using System.Numerics;

namespace Antrea.Migration.Addressing;

/// <summary>The bits in which some prefixes differ, the highest first: of the address, then of the length.</summary>
/// <param name="Upper">Set where the upper halves of the addresses differ.</param>
/// <param name="Lower">Set where the lower halves differ.</param>
/// <param name="Length">Set where the lengths differ.</param>
internal readonly record struct DifferingBits(ulong Upper, ulong Lower, byte Length)
{
    /// <summary>How many there are.</summary>
    public int Count => BitOperations.PopCount(Upper) + BitOperations.PopCount(Lower) + BitOperations.PopCount(Length);

    /// <summary>The highest <paramref name="count"/> of them.</summary>
    public DifferingBits Highest(int count)
    {
        var upper = Keep(Upper, ref count);
        var lower = Keep(Lower, ref count);
        return new DifferingBits(upper, lower, (byte)Keep(Length, ref count));
    }

    /// <summary>The stretches of neighbouring bits in a mask, the highest first: how far each lies above bit 0, and how
    /// many bits it has.</summary>
    public static IEnumerable<(int Shift, int Width)> Stretches(ulong mask)
    {
        while (mask != 0)
        {
            var above = BitOperations.LeadingZeroCount(mask);
            var width = BitOperations.LeadingZeroCount(~(mask << above));
            yield return (64 - above - width, width);
            mask = above + width == 64 ? 0 : mask & (ulong.MaxValue >> (above + width));
        }
    }

    private static ulong Keep(ulong mask, ref int count)
    {
        while (BitOperations.PopCount(mask) > count)
        {
            mask &= mask - 1;
        }

        count -= BitOperations.PopCount(mask);
        return mask;
    }
}
