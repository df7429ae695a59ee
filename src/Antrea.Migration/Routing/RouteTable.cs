using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>The routes of one kernel table and the look-up the kernel would do in it.</summary>
/// <remarks>The longest destination wins; among equal ones the lowest metric; among those the one listed first, as the
/// kernel prepends newer routes of equal metric and lists them in its order. Routes that are <see cref="Route.Dead"/>
/// are kept but not chosen. A look-up takes a few steps, however many routes there are. Immutable and safe for use by
/// several threads.</remarks>
public sealed class RouteTable
{
    private readonly CidrTable<Route> _chosen;
    private readonly ImmutableArray<Route> _routes;
    private readonly RouteDifference? _difference;

    /// <summary>Keeps <paramref name="routes"/> in the order given.</summary>
    public RouteTable(IEnumerable<Route> routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        _routes = [.. routes];

        // The table prefers the first of equal prefixes: metric and order decide right here.
        _chosen = new CidrTable<Route>(
            ByMetric([.. _routes.Where(r => !r.Dead)]).Select(r => new CidrEntry<Route>(r.Destination, r)));
    }

    private RouteTable(RouteDifference difference)
    {
        _difference = difference;
        _chosen = new CidrTable<Route>([]);
    }

    /// <summary>The routes, in the order given.</summary>
    /// <remarks>A table made by <see cref="With"/> puts them together at each call.</remarks>
    public ImmutableArray<Route> Routes => _difference?.Routes ?? _routes;

    /// <summary>A table that differs in a few routes, and shares the others' memory: the table of a Node among Nodes that
    /// have most routes in common.</summary>
    /// <param name="added">Routes to add, listed before the others.</param>
    /// <param name="removed">Routes to leave out, every one that is equal to one of these; those that are not there do no
    /// harm.</param>
    public RouteTable With(IEnumerable<Route> added, IEnumerable<Route> removed)
    {
        ArgumentNullException.ThrowIfNull(added);
        ArgumentNullException.ThrowIfNull(removed);
        return new RouteTable(_difference?.With(added, removed.ToHashSet()) ?? new RouteDifference(this, added, removed));
    }

    /// <summary>The route a packet to <paramref name="destination"/> takes, or null when none covers it.</summary>
    public Route? Lookup(IPAddress destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return _difference is not null ? _difference.Lookup(destination)
            : _chosen.TryLookupValue(destination, out var route) ? route : null;
    }

    /// <summary>Looks up many destinations; faster than one by one where the table is larger than the processor's
    /// caches.</summary>
    /// <param name="destinations">IPv4 or IPv6 addresses.</param>
    /// <param name="routes">Where the answers go, in the order of the destinations: the route, or null.</param>
    /// <exception cref="ArgumentException"><paramref name="routes"/> is not as long as
    /// <paramref name="destinations"/>.</exception>
    public void Lookup(ReadOnlySpan<IPAddress> destinations, Span<Route?> routes)
    {
        if (destinations.Length != routes.Length)
        {
            throw new ArgumentException(
                $"There are {destinations.Length} destinations, and room for {routes.Length} routes.", nameof(routes));
        }

        if (_difference is null)
        {
            _chosen.LookupValues(destinations, routes);
            return;
        }

        for (var i = 0; i < routes.Length; i++)
        {
            routes[i] = Lookup(destinations[i]);
        }
    }

    /// <summary>The routes that cover an address in a table that is no difference to another, the one chosen first, then
    /// the next best.</summary>
    internal IEnumerable<Route> Covering(IPAddress destination) => _chosen.ValuesAround(destination);

    /// <summary>Sorts by metric, equal ones as given: in linear time, as tables have few metrics, and most have one.</summary>
    private static IEnumerable<Route> ByMetric(Route[] routes) =>
        routes.All(r => r.Metric == routes[0].Metric)
            ? routes
            : routes.GroupBy(r => r.Metric).OrderBy(g => g.Key).SelectMany(g => g);
}
