using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>The routes of one kernel table and the look-up the kernel would do in it.</summary>
/// <remarks>The longest destination wins; among equal ones the lowest metric; among those the one listed first, as the
/// kernel prepends newer routes of equal metric and lists them in its order. Routes that are <see cref="Route.Dead"/>
/// are kept but not chosen. A look-up among n routes costs O(log n). Immutable and safe for use by several
/// threads.</remarks>
public sealed class RouteTable
{
    private readonly CidrTable<Route> _chosen;

    /// <summary>Keeps <paramref name="routes"/> in the order given.</summary>
    public RouteTable(IEnumerable<Route> routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        Routes = [.. routes];

        // Sorting is stable and the table prefers the first of equal prefixes: metric and order decide right here.
        _chosen = new CidrTable<Route>(Routes
            .Where(r => !r.Dead)
            .OrderBy(r => r.Metric)
            .Select(r => new CidrEntry<Route>(r.Destination, r)));
    }

    /// <summary>The routes, in the order given.</summary>
    public ImmutableArray<Route> Routes { get; }

    /// <summary>The route a packet to <paramref name="destination"/> takes, or null when none covers it.</summary>
    public Route? Lookup(IPAddress destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return _chosen.TryLookup(destination, out var entry) ? entry.Value : null;
    }
}
