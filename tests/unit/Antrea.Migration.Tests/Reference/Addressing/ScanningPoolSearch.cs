using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.Reference.Addressing;

/// <summary>The slow twin of <see cref="PoolAdvisor"/>'s search: tries every place in a small range.</summary>
internal static class ScanningPoolSearch
{
    /// <summary>The start of the largest free prefix that has room; null when there is none.</summary>
    public static Cidr? Best(Cidr range, IReadOnlyList<Cidr> used, int length)
    {
        Cidr? best = null;
        for (var around = range.PrefixLength; around <= length && best is null; around++)
        {
            for (UInt128 place = 0; place < UInt128.One << (around - range.PrefixLength) && best is null; place++)
            {
                var candidate = range.Subnet(around, place);
                if (used.All(u => !u.Overlaps(candidate)))
                {
                    best = candidate.Subnet(length, 0);
                }
            }
        }

        return best;
    }
}
