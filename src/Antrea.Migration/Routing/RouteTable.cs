using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Routing;

/// <summary>The routes of one kernel table and the look-up the kernel would do in it.</summary>
/// <remarks>The longest destination wins; among equal ones the lowest metric; among those the one listed first, as the
/// kernel prepends newer routes of equal metric and lists them in its order. Immutable and safe for use by several threads.</remarks>
public sealed class RouteTable
{
    /// <summary>Keeps <paramref name="routes"/> in the order given.</summary>
    public RouteTable(IEnumerable<Route> routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        Routes = [.. routes];
    }

    /// <summary>The routes, in the order given.</summary>
    public ImmutableArray<Route> Routes { get; }

    /// <summary>The route a packet to <paramref name="destination"/> takes, or null when none covers it.</summary>
    public Route? Lookup(IPAddress destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        Route? best = null;
        foreach (var route in Routes)
        {
            if (!route.Destination.Contains(destination))
            {
                continue;
            }

            if (best is null
                || route.Destination.PrefixLength > best.Destination.PrefixLength
                || (route.Destination.PrefixLength == best.Destination.PrefixLength && route.Metric < best.Metric))
            {
                best = route;
            }
        }

        return best;
    }
}
