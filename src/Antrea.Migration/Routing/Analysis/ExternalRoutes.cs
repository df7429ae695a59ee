using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Reads off Nodes' tables which networks are somebody else's: what they have routes for that neither Calico nor Antrea wrote.</summary>
/// <remarks>For <see cref="AddressAnalysisOptions.ExternalRoutes"/>. The Nodes' own links are among them, as are routes that an administrator,
/// a VPN or another routing daemon added; defaults, link-local and multicast ranges, what only drops, and Pods' tables are not.
/// Pure and thread-safe.</remarks>
public static class ExternalRoutes
{
    private static readonly Cidr LinkLocal4 = Cidr.Parse("169.254.0.0/16");
    private static readonly Cidr Multicast4 = Cidr.Parse("224.0.0.0/4");

    /// <summary>The destinations, each once, in <see cref="Cidr"/> order.</summary>
    /// <param name="nodes">A kernel each.</param>
    /// <param name="snapshot">The cluster they are of.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static ImmutableArray<Cidr> Of(IReadOnlyCollection<NodeRoutes> nodes, ClusterSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(snapshot);
        var groups = KernelGroup.Of(nodes).ToList();
        var known = new KnownRanges(groups, nodes, snapshot, cancellationToken);
        var own = known.PodCidrs.Entries.Concat(known.Blocks.Entries).Select(e => e.Cidr).ToHashSet();
        var found = new HashSet<Cidr>();
        foreach (var group in groups.Where(g => !g.ArePods))
        {
            foreach (var route in group.Shared.Routes.Where(group.IsAnywhere).Concat(group.Nodes.SelectMany(n => KernelGroup.AddedBy(n))))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (IsExternal(route, known) && !own.Contains(route.Destination))
                {
                    found.Add(route.Destination);
                }
            }
        }

        return [.. found.Order()];
    }

    private static bool IsExternal(Route route, KnownRanges known) =>
        route is { Type: RouteType.Unicast, Destination.PrefixLength: > 0 }
        && NodeRoutes.Canonical(route.Table) != "local"
        && !IsOfTheLink(route.Destination)
        && !known.IsCalico(route)
        && !known.IsAntrea(route);

    private static bool IsOfTheLink(Cidr range) =>
        range.FirstAddress.IsIPv6LinkLocal || range.FirstAddress.IsIPv6Multicast || LinkLocal4.Contains(range) || Multicast4.Contains(range);
}
