using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Finds in Nodes' (and Pods') routing tables what cuts somebody off while Calico and Antrea run side by side.</summary>
/// <remarks>
/// <para>A Node's kernel prefers the longest prefix, so a Calico route and Antrea's PodCIDR route over the same addresses hurt one side or
/// the other: the longer one wins, equal ones overwrite each other. Antrea's Open vSwitch knows PodCIDRs only and asks no route of the
/// kernel's before it has to, so the same address can be Calico's to the host and Antrea's to a Pod.</para>
/// <para>With the cluster's objects, prefixes have owners, and routes without one are stale; without them, owners are read off the Nodes' own
/// blackholes and antrea-gw0 routes, and nothing is called stale or missing.</para>
/// <para>Pure and thread-safe. For n routes and m PodCIDRs and blocks O((n + m) log m + overlaps); routes that Nodes share
/// (<see cref="NodeRoutes.With"/>) count once, not once a Node.</para>
/// </remarks>
public static class RouteAnalyzer
{
    /// <summary>Analyses tables.</summary>
    /// <param name="nodes">A kernel each; names must differ.</param>
    /// <param name="snapshot">The cluster they are of; null when it is not at hand.</param>
    /// <param name="cancellationToken">Ends the analysis early.</param>
    /// <returns>The conflicts, the heaviest first; equal ones of several Nodes are one.</returns>
    /// <exception cref="ArgumentException">Two tables have the same name.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static ImmutableArray<RouteConflict> Analyze(
        IReadOnlyCollection<NodeRoutes> nodes, ClusterSnapshot? snapshot = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        if (nodes.GroupBy(n => n.Node, StringComparer.Ordinal).FirstOrDefault(g => g.Skip(1).Any()) is { } twice)
        {
            throw new ArgumentException($"There are two tables of {twice.Key}.", nameof(nodes));
        }

        var groups = KernelGroup.Of(nodes).ToList();
        var known = new KnownRanges(groups, nodes, snapshot, cancellationToken);
        var finders = groups.SelectMany(g => FindersOf(g, known, cancellationToken)).ToList();
        var conflicts = new RouteConflictList();
        foreach (var found in OrderedParallel.Map(finders, Run, cancellationToken))
        {
            conflicts.Add(found);
        }

        return [.. conflicts.InOrder()];
    }

    /// <summary>What looks for conflicts in a group, the longest work first; they share nothing that changes.</summary>
    private static IEnumerable<Action<RouteConflictList>> FindersOf(KernelGroup group, KnownRanges known, CancellationToken cancellationToken)
    {
        if (!group.ArePods)
        {
            var main = group.Shared.Routes.Where(r => NodeRoutes.Canonical(r.Table) == RouteFormat.MainTable && !r.Dead).ToList();
            yield return conflicts => new RouteOverlaps(group, known, main).Find(conflicts, cancellationToken);
            yield return conflicts => new RouteLeftovers(group, known, conflicts).Find(main, cancellationToken);
            yield return conflicts => new MissingRoutes(group, known, main, isIPv6: false).Find(conflicts, cancellationToken);
            yield return conflicts => new MissingRoutes(group, known, main, isIPv6: true).Find(conflicts, cancellationToken);
        }

        yield return conflicts => RouteTies.Find(group, conflicts, cancellationToken);
        yield return conflicts => PodTraps.Find(group, known, conflicts, cancellationToken);
    }

    private static RouteConflictList Run(Action<RouteConflictList> find)
    {
        var found = new RouteConflictList();
        find(found);
        return found;
    }
}
