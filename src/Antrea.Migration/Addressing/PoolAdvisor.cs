using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Addressing;

/// <summary>Suggests where Calico's Pods could get addresses that clash with nothing: the range of a new IPPool.</summary>
/// <remarks>
/// <para>A range is suggested only if it is disjoint from every range of <see cref="AddressAnalysis.Ranges"/> (pools, blocks, PodCIDRs and
/// what future ones are cut from, Services, Nodes and their subnets, external routes) and from what the caller excludes. It
/// lies in private space and has room for every Calico Pod, in blocks of the size Calico uses today.</para>
/// <para>Of each private range the best is the start of its largest free prefix: what nobody told us of is then least likely to be in the
/// way, and the pool can be widened later. One suggestion a range; private ones (RFC 1918) before shared ones (RFC 6598); of unique
/// local ones (RFC 4193) the cluster's own /48s, then two drawn for it, then any other; of equals the one with the most free space around it, then the lower address.</para>
/// <para>Works on the gaps between used ranges, never on single addresses. Pure and thread-safe.</para>
/// </remarks>
public static class PoolAdvisor
{
    /// <summary>Suggests ranges for each family in which a pool or an address of Calico's touches a PodCIDR.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="options">How to choose; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the search early.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static PoolAdvice Suggest(
        ClusterSnapshot snapshot, AddressAnalysis analysis, PoolAdvisorOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(analysis);
        options ??= new PoolAdvisorOptions();

        List<Cidr> used = [.. analysis.Ranges.Select(r => r.Cidr).Concat(options.Exclude).Distinct().Order()];
        var pools = ImmutableArray.CreateBuilder<SuggestedPool>();
        var findings = ImmutableArray.CreateBuilder<Finding>();
        foreach (var isIPv6 in (bool[])[false, true])
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (PoolDemand.Of(snapshot, analysis, isIPv6, options.HeadRoomPercent) is { } demand)
            {
                var ranges = options.Ranges?.Where(r => r.Cidr.IsIPv6 == isIPv6) ?? PoolRange.Of(isIPv6, analysis.Ranges);
                List<SuggestedPool> found = [.. Best(ranges, used, demand, cancellationToken).Select(c => Describe(c.Range, c.Free, demand, options, isIPv6))];
                pools.AddRange(found);
                if (found.Count == 0)
                {
                    findings.Add(NoRoom(demand, isIPv6));
                }
            }
        }

        return new PoolAdvice { Pools = pools.ToImmutable(), Findings = findings.ToImmutable() };
    }

    /// <summary>Of each range the largest free prefix that has room, the best range first. Where ranges nest, the same place is named
    /// once.</summary>
    private static IEnumerable<(PoolRange Range, Cidr Free)> Best(
        IEnumerable<PoolRange> ranges, List<Cidr> used, PoolDemand demand, CancellationToken cancellationToken) =>
        ranges.Select(range => (Range: range, Free: FreeSpace.In(range.Cidr, used, cancellationToken)
                .Where(free => free.PrefixLength <= demand.PrefixLength)
                .OrderBy(free => free.PrefixLength)
                .ThenBy(free => free)
                .Select(free => (Cidr?)free)
                .FirstOrDefault()))
            .Where(c => c.Free is not null)
            .Select(c => (c.Range, c.Free!.Value))
            .OrderBy(c => c.Range.Preference)
            .ThenBy(c => c.Value.PrefixLength)
            .ThenBy(c => c.Value)
            .DistinctBy(c => c.Value.FirstAddress);

    private static SuggestedPool Describe(PoolRange range, Cidr free, PoolDemand demand, PoolAdvisorOptions options, bool isIPv6)
    {
        var cidr = free.Subnet(demand.PrefixLength, 0);
        var needed = demand.Needed(isIPv6);
        return new SuggestedPool(
            cidr,
            demand.BlockSize,
            demand.Replaces?.Name,
            needed,
            [
                $"It is {range.Name}, and shares no address with anything the cluster is known to use{(options.Exclude.IsEmpty ? "" : " or with what is excluded")}.",
                free == cidr ? "Nothing larger is free around it." : $"All of {free} is free, so it can be widened later.",
                $"{demand.Pods} Pods on {demand.Nodes} Nodes need {demand.Blocks} blocks of {needed / demand.Blocks} addresses, with {options.HeadRoomPercent} % head-room and "
                + $"a tunnel address for each Node; {demand.Clashing} of the Pods must move because their addresses lie in PodCIDRs, the others "
                + "follow when they restart.",
                demand.Replaces is { } pool
                    ? $"Blocks stay /{demand.BlockSize}, as in {pool.Name}."
                    : $"Blocks are /{demand.BlockSize}; no pool holds the addresses in use.",
            ]);
    }

    private static Finding NoRoom(PoolDemand demand, bool isIPv6) => new(
        "no-free-space-for-pool",
        Severity.Warning,
        "Cluster",
        $"No private {(isIPv6 ? "IPv6" : "IPv4")} range has {demand.Blocks} free blocks of /{demand.BlockSize} in a row, which {demand.Pods} Pods on "
        + $"{demand.Nodes} Nodes need with the head-room asked for",
        "Ask for less head-room, exclude less, or free a private range; public addresses are not suggested");
}
