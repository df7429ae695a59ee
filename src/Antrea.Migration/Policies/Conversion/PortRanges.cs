using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>What one side of a rule asks of the port there, by number: any port, or one of some ranges.</summary>
/// <param name="IsAny">Whether there is no demand.</param>
/// <param name="Ranges">The ranges, both ends included; none when no number is left. In the rule's order, or sorted when some were taken out.</param>
internal sealed record PortRanges(bool IsAny, ImmutableArray<(int First, int Last)> Ranges)
{
    private const int Last = 65535;

    /// <summary>Whether there are port demands that no number satisfies.</summary>
    public bool IsNothing => !IsAny && Ranges.IsEmpty;

    /// <summary>The numbers of <c>ports</c> without those of <c>notPorts</c>. Port 0, which no connection has, is not looked at.</summary>
    public static PortRanges Of(CalicoEntity entity)
    {
        var numbers = Numbers(entity.Ports);
        var excluded = Numbers(entity.NotPorts);
        if (excluded.IsEmpty)
        {
            return new PortRanges(entity.Ports.IsEmpty, numbers);
        }

        return new PortRanges(false, [.. Without(Merge(entity.Ports.IsEmpty ? [(1, Last)] : numbers), Merge(excluded))]);
    }

    /// <summary>The ranges, or null for any.</summary>
    public IEnumerable<(int First, int Last)?> OrAny() => IsAny ? [null] : Ranges.Select(r => ((int First, int Last)?)r);

    /// <summary><c>80</c>, <c>80-90, 443</c>.</summary>
    public override string ToString() => IsAny ? "any" : string.Join(", ", Ranges.Select(r => r.First == r.Last
        ? r.First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{r.First}-{r.Last}")));

    private static ImmutableArray<(int First, int Last)> Numbers(ImmutableArray<CalicoPort> ports) =>
        [.. ports.Where(p => p.Name is null).Select(p => (p.First, p.Last)).Distinct()];

    /// <summary>The same numbers, sorted, no two ranges touching.</summary>
    private static List<(int First, int Last)> Merge(ImmutableArray<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var range in ranges.Order())
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    private static IEnumerable<(int First, int Last)> Without(List<(int First, int Last)> ranges, List<(int First, int Last)> excluded)
    {
        foreach (var (first, last) in ranges)
        {
            var next = first;
            foreach (var (from, to) in excluded)
            {
                if (to < next || from > last)
                {
                    continue;
                }

                if (from > next)
                {
                    yield return (next, from - 1);
                }

                next = to + 1;
            }

            if (next <= last)
            {
                yield return (next, last);
            }
        }
    }
}
