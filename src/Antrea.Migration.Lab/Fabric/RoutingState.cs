using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>The routes of all tables of one network namespace, and its rules. Immutable: every change is a new state.</summary>
/// <remarks>Two routes collide when table, destination and metric are equal, as in the kernel (TOS is not modelled).</remarks>
internal sealed class RoutingState
{
    public const string MainTable = "main";

    private const int DefaultMetric6 = 1024;

    public static readonly RoutingState Empty = new([], []);

    // The kernel keeps one trie a table; one RouteTable a table is built when it is first asked.
    private readonly Lazy<ImmutableDictionary<string, RouteTable>> _tables;

    private RoutingState(ImmutableArray<Route> routes, ImmutableArray<RoutingRule> rules)
    {
        Routes = routes;
        Rules = rules;
        _tables = new(() => Routes.GroupBy(route => route.Table, StringComparer.Ordinal)
            .ToImmutableDictionary(group => group.Key, group => new RouteTable(group), StringComparer.Ordinal));
    }

    /// <summary>Every table's routes; among equal destination and metric the kernel's order.</summary>
    public ImmutableArray<Route> Routes { get; }

    /// <summary>By priority; rules of one priority in the order they were added.</summary>
    public ImmutableArray<RoutingRule> Rules { get; }

    /// <summary><c>ip route add</c> (EXCL): false, and the same state, when the route exists already.</summary>
    public bool TryAdd(Route route, out RoutingState changed)
    {
        route = WithMetric(route);
        if (Routes.Any(other => Collide(other, route)))
        {
            changed = this;
            return false;
        }

        changed = new RoutingState(Routes.Add(route), Rules);
        return true;
    }

    /// <summary><c>ip route replace</c>: overwrites the first route with the same key, whoever wrote it, or adds it.</summary>
    public RoutingState Replace(Route route)
    {
        route = WithMetric(route);
        for (var i = 0; i < Routes.Length; i++)
        {
            if (Collide(Routes[i], route))
            {
                return new RoutingState(Routes.SetItem(i, route), Rules);
            }
        }

        return new RoutingState(Routes.Add(route), Rules);
    }

    /// <summary><c>ip route prepend</c>, netlink's <c>RouteAddEcmp</c>: put before its equals, and so looked up first.</summary>
    public RoutingState Prepend(Route route) => new(Routes.Insert(0, WithMetric(route)), Rules);

    public RoutingState Remove(Func<Route, bool> which) => new([.. Routes.Where(route => !which(route))], Rules);

    public RoutingState Add(RoutingRule rule) => new(Routes, [.. Rules.Add(rule).OrderBy(other => other.Priority)]);

    public RoutingState RemoveRules(Func<RoutingRule, bool> which) =>
        new(Routes, [.. Rules.Where(rule => !which(rule))]);

    /// <summary>The route for a packet; null when no table has one. The table <c>local</c> is not part of it.</summary>
    /// <param name="source">The packet's source; null while a socket has none yet.</param>
    /// <param name="destination">The packet's destination.</param>
    public Route? Lookup(IPAddress? source, IPAddress destination)
    {
        foreach (var rule in Rules)
        {
            if (rule.Matches(source, destination) && Ask(rule.Table, destination) is { } found)
            {
                return found;
            }
        }

        return Ask(MainTable, destination);
    }

    /// <summary>The routes of one table, destination and metric with <paramref name="route"/>, itself too, in order.</summary>
    public ImmutableArray<Route> EqualsOf(Route route) => [.. Routes.Where(other => Collide(other, route))];

    private Route? Ask(string table, IPAddress destination)
    {
        var route = _tables.Value.GetValueOrDefault(table)?.Lookup(destination);
        return route is { Type: RouteType.Throw } ? null : route;
    }

    /// <summary>An IPv6 route without a metric gets 1024; the kernel's own for a connected one is 256.</summary>
    private static Route WithMetric(Route route) => route is { Destination.IsIPv6: true, Metric: 0 } ? route with { Metric = DefaultMetric6 } : route;

    private static bool Collide(Route one, Route other) =>
        one.Destination == other.Destination
        && one.Metric == other.Metric
        && string.Equals(one.Table, other.Table, StringComparison.Ordinal);
}
