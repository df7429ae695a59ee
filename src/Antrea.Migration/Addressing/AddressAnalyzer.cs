using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>Finds where the addresses Calico uses clash with those Antrea will give out, and what else
/// clashes.</summary>
/// <remarks>
/// <para>Antrea gives each Node's Pods addresses from the Node's PodCIDR. A Calico Pod whose address lies in
/// <em>any</em> PodCIDR, its own Node's included, cannot be reached from an Antrea interface: the Open vSwitch of the
/// sending Node takes the packet for the PodCIDR's Node, or the sending Pod takes the address to be on its own
/// link.</para>
/// <para>What Calico uses is the union of all blocks (those without affinity too), affinities without a block,
/// addresses used away from their block's Node, tunnel addresses outside every block and, as a cross-check, the
/// addresses of running Pods. Source: Calico v3.26 <c>libcalico-go/lib/ipam</c> and
/// <c>lib/backend/k8s/resources/node.go</c>.</para>
/// <para>Costs O(n log n) for n ranges, and what the clashes take. Pure: the same snapshot gives the same answer.
/// Thread-safe.</para>
/// </remarks>
public static class AddressAnalyzer
{
    /// <summary>How many clashes are listed. A real cluster has about as many as ranges; absurd input has as many as pairs.</summary>
    internal const int MostClashes = 1_000_000;

    /// <summary>Analyses a snapshot.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="options">How to judge; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the analysis early.</param>
    /// <returns>Scenario, overlaps and findings. Input that makes no sense gives findings, never an
    /// exception.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static AddressAnalysis Analyze(
        ClusterSnapshot snapshot, AddressAnalysisOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        options ??= new AddressAnalysisOptions();

        var calico = CalicoRangeList.Of(snapshot, cancellationToken);
        var ranges = AddressInventory.Of(snapshot, calico, options.ExternalRoutes);
        var clashes = AddressClashes.Find(ranges, MostClashes, cancellationToken, out var truncated);
        cancellationToken.ThrowIfCancellationRequested();
        var overlaps = OverlapsAmong(clashes);
        ImmutableArray<string> overlapped =
            [.. overlaps.Select(o => o.Owner).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        cancellationToken.ThrowIfCancellationRequested();
        return new AddressAnalysis
        {
            Scenario = Judge(overlaps.Length, overlapped.Length, snapshot.Nodes.Length, options),
            Overlaps = overlaps,
            OverlappedNodes = overlapped,
            CalicoRanges = calico,
            Ranges = ranges,
            Clashes = clashes,
            Findings = AddressFindings.Collect(snapshot, calico, clashes, overlaps, truncated),
        };
    }

    private static ImmutableArray<BlockOverlap> OverlapsAmong(ImmutableArray<AddressClash> clashes) =>
    [
        .. clashes
            .Where(c => c.Right.Use == AddressUse.PodCidr && c.Left.Use != AddressUse.PodCidr)
            .Select(c => new BlockOverlap(
                c.Left.Cidr, c.Left.Owner, c.Right.Cidr, c.Right.Owner!, c.Left.Owner == c.Right.Owner, KindOf(c.Left.Use)))
            .OrderBy(o => o.Block)
            .ThenBy(o => o.Kind)
            .ThenBy(o => o.Owner, StringComparer.Ordinal)
            .ThenBy(o => o.PodCidr)
            .ThenBy(o => o.Node, StringComparer.Ordinal),
    ];

    private static CalicoRangeKind KindOf(AddressUse use) => use switch
    {
        AddressUse.Block => CalicoRangeKind.Block,
        AddressUse.PendingAffinity => CalicoRangeKind.PendingAffinity,
        AddressUse.BorrowedAddress => CalicoRangeKind.BorrowedAddress,
        AddressUse.TunnelAddress => CalicoRangeKind.TunnelAddress,
        _ => CalicoRangeKind.PodAddress,
    };

    private static MigrationScenario Judge(int overlaps, int overlappedNodes, int nodes, AddressAnalysisOptions options) =>
        overlaps == 0 ? MigrationScenario.Simple
        : overlappedNodes <= options.SmallOverlapThreshold * nodes ? MigrationScenario.SmallOverlap
        : MigrationScenario.MostOverlap;
}
