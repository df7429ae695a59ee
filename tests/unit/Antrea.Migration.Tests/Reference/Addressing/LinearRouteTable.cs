using System.Net;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Tests.Reference.Addressing;

/// <summary>The slow twin of <see cref="RouteTable"/>: compares the destination with every route.</summary>
internal sealed class LinearRouteTable(IEnumerable<Route> routes)
{
    private readonly List<Route> _routes = [.. routes];

    public Route? Lookup(IPAddress destination)
    {
        Route? best = null;
        foreach (var route in _routes)
        {
            if (route.Dead || !route.Destination.Contains(destination))
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
