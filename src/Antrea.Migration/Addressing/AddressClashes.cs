using System.Collections.Immutable;

namespace Antrea.Migration.Addressing;

/// <summary>Finds the ranges of different uses that must be apart and are not, without comparing them pair by pair.</summary>
internal static class AddressClashes
{
    private static readonly AddressUse[] Calico =
    [
        AddressUse.Block, AddressUse.PendingAffinity, AddressUse.BorrowedAddress, AddressUse.TunnelAddress, AddressUse.PodAddress,
    ];

    /// <summary>Which uses must be apart. A pool may hold PodCIDRs as long as no block does; Calico's single addresses lie in blocks,
    /// so outside PodCIDRs only the blocks are compared.</summary>
    private static readonly (AddressUse[] Left, AddressUse[] Right)[] MustBeApart =
    [
        (Calico, [AddressUse.PodCidr]),
        ([AddressUse.Pool], [AddressUse.NodeAddress]),
        ([AddressUse.Pool, AddressUse.Block, AddressUse.PendingAffinity], [AddressUse.ServiceCidr]),
        ([AddressUse.Block, AddressUse.PendingAffinity], [AddressUse.NodeAddress, AddressUse.External]),
        ([AddressUse.PodCidr], [AddressUse.ServiceCidr, AddressUse.NodeAddress, AddressUse.External]),
        ([AddressUse.ServiceCidr], [AddressUse.NodeAddress, AddressUse.External]),
    ];

    /// <summary>All clashes, sorted by the left range (use, then range and owner), then the right one.</summary>
    /// <param name="ranges">What <see cref="AddressInventory"/> lists.</param>
    /// <param name="most">How many to list: absurd input has as many as pairs.</param>
    /// <param name="cancellationToken">Ends the search early.</param>
    /// <param name="truncated">Whether there are more.</param>
    public static ImmutableArray<AddressClash> Find(ImmutableArray<AddressRange> ranges, int most, CancellationToken cancellationToken, out bool truncated)
    {
        var found = new List<AddressClash>();
        foreach (var (left, right) in MustBeApart)
        {
            found.AddRange(Table(ranges, left).OverlapsWith(Table(ranges, right))
                .Take(most + 1 - found.Count)
                .Select(pair => Clash(pair.Left.Value, pair.Right.Value)));
        }

        // Of nested ones each with the nearest around it: one a range, whatever the input.
        foreach (var use in (AddressUse[])[AddressUse.PodCidr, AddressUse.Pool])
        {
            found.AddRange(Table(ranges, [use]).Nested()
                .Take(most + 1 - found.Count)
                .Select(pair => Clash(pair.Inner.Value, pair.Outer.Value)));
        }

        truncated = found.Count > most;
        return
        [
            .. found.Take(most)
                .OrderBy(c => c.Left.Use)
                .ThenBy(c => c.Left.Cidr)
                .ThenBy(c => c.Left.Owner, StringComparer.Ordinal)
                .ThenBy(c => c.Right.Use)
                .ThenBy(c => c.Right.Cidr)
                .ThenBy(c => c.Right.Owner, StringComparer.Ordinal),
        ];

        AddressClash Clash(AddressRange left, AddressRange right)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new AddressClash(left, right);
        }
    }

    private static CidrTable<AddressRange> Table(ImmutableArray<AddressRange> ranges, AddressUse[] uses) =>
        new(ranges.Where(r => uses.Contains(r.Use)).Select(r => new CidrEntry<AddressRange>(r.Cidr, r)));
}
