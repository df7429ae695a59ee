using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>What one table has more and less than another, which it shares with others.</summary>
/// <remarks>Takes the memory of its own routes only. A look-up asks the routes added and the shared table, and goes to the
/// shared table's shorter prefixes only where the longest one's routes are all taken away.</remarks>
internal sealed class RouteDifference
{
    private readonly RouteTable _shared;
    private readonly ImmutableArray<Route> _removed;
    private readonly ILookup<Cidr, Route> _removedTo;
    private readonly RouteTable _added;

    /// <summary>Notes the difference to a table that is none itself.</summary>
    public RouteDifference(RouteTable shared, IEnumerable<Route> added, IEnumerable<Route> removed)
    {
        _shared = shared;
        _removed = [.. removed];
        _removedTo = _removed.ToLookup(r => r.Destination);
        _added = new RouteTable(added);
    }

    /// <summary>The routes added, then those of the shared table that are left.</summary>
    public ImmutableArray<Route> Routes => [.. _added.Routes, .. _shared.Routes.Where(IsLeft)];

    /// <summary>The route a packet takes; of routes as good as each other one added.</summary>
    public Route? Lookup(IPAddress destination)
    {
        var shared = _shared.Lookup(destination);
        if (shared is not null && !IsLeft(shared))
        {
            shared = _shared.Covering(destination).FirstOrDefault(IsLeft);
        }

        var added = _added.Lookup(destination);
        return added is null || (shared is not null && IsBetter(shared, added)) ? shared : added;
    }

    /// <summary>The difference to the same shared table when more is added and removed.</summary>
    public RouteDifference With(IEnumerable<Route> added, IReadOnlySet<Route> removed) =>
        new(_shared, [.. added, .. _added.Routes.Where(r => !removed.Contains(r))], _removed.Concat(removed));

    private static bool IsBetter(Route route, Route than) =>
        route.Destination.PrefixLength > than.Destination.PrefixLength
        || (route.Destination.PrefixLength == than.Destination.PrefixLength && route.Metric < than.Metric);

    private bool IsLeft(Route route) => !_removedTo[route.Destination].Contains(route);
}
