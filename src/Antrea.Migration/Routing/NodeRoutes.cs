using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Routing;

/// <summary>The rules and tables of one kernel, a Node's or a Pod's, and the walk the kernel makes through them for a packet.</summary>
/// <remarks>
/// <para><b>Walk.</b> The rules of the packet's family are asked by priority, rules of one priority in the order given. A rule that looks a
/// table up decides if the table has a route that is not a <see cref="RouteType.Throw"/> and not suppressed; otherwise the next rule is
/// asked. Routes that drop (blackhole, unreachable, prohibit) are never suppressed. A <c>goto</c> whose target is missing is passed over. Source: Linux <c>net/core/fib_rules.c</c> and
/// <c>net/ipv4/fib_rules.c</c>.</para>
/// <para><b>Defaults.</b> A family without any rule has the kernel's own: <c>local</c> at 0, <c>main</c> at 32766, and for IPv4
/// <c>default</c> at 32767.</para>
/// <para>Tables are known by number too: 255 is <c>local</c>, 254 <c>main</c>, 253 <c>default</c>. Nodes of one cluster have most routes in
/// common: <see cref="With"/> and <see cref="Share"/> keep those once. Immutable and safe for use by several threads; a table is made ready
/// for look-ups when it is first asked.</para>
/// </remarks>
public sealed class NodeRoutes
{
    private readonly ImmutableArray<Route> _routes;
    private readonly Lazy<Dictionary<Route, int>> _counts;
    private readonly ImmutableSortedDictionary<string, Lazy<RouteTable>> _tables;

    /// <summary>Takes the routes and rules of one kernel.</summary>
    /// <param name="node">What the kernel is called, usually its Node's name.</param>
    /// <param name="routes">The routes of all tables, those of one table in the order the kernel lists them.</param>
    /// <param name="rules">The rules of both families, in any order; null or empty for the kernel's own.</param>
    public NodeRoutes(string node, IEnumerable<Route> routes, IEnumerable<RouteRule>? rules = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(node);
        ArgumentNullException.ThrowIfNull(routes);
        Node = node;
        _routes = [.. routes];
        _counts = new(() => _routes.CountBy(r => r).ToDictionary());
        Rules = InOrder([.. rules ?? []]);
        _tables = _routes.GroupBy(r => Canonical(r.Table), StringComparer.Ordinal).ToImmutableSortedDictionary(
            g => g.Key, g => new Lazy<RouteTable>(() => new RouteTable(g)), StringComparer.Ordinal);
    }

    private NodeRoutes(string node, NodeRoutesDifference difference, ImmutableArray<RouteRule> rules)
    {
        (Node, Difference, Rules) = (node, difference, rules);
        _routes = [];
        _counts = new(() => []);
        _tables = difference.Tables();
    }

    /// <summary>What the kernel is called.</summary>
    public string Node { get; }

    /// <summary>The routes of all tables, in the order given.</summary>
    /// <remarks>Where routes are shared with another kernel, they are put together at each call.</remarks>
    public ImmutableArray<Route> Routes => Difference?.Routes() ?? _routes;

    /// <summary>How many routes there are.</summary>
    public int RouteCount => Difference?.RouteCount ?? _routes.Length;

    /// <summary>The rules, IPv4's first, by priority.</summary>
    public ImmutableArray<RouteRule> Rules { get; }

    /// <summary>What the kernel has more and less than another; null where it shares nothing.</summary>
    internal NodeRoutesDifference? Difference { get; }

    /// <summary>The names of the tables.</summary>
    internal IEnumerable<string> TableNames => _tables.Keys;

    /// <summary>How often a kernel that shares nothing lists a route.</summary>
    internal int CountOf(Route route) => _counts.Value.GetValueOrDefault(route);

    /// <summary>Another kernel, which differs from this one in a few routes and shares the others' memory.</summary>
    /// <param name="node">What the other kernel is called.</param>
    /// <param name="added">Routes that it has more, listed before the others.</param>
    /// <param name="removed">Routes that it lacks, every one that is equal to one of these; those that are not there do no harm.</param>
    /// <param name="rules">Its rules; null for the same.</param>
    public NodeRoutes With(string node, IEnumerable<Route> added, IEnumerable<Route> removed, IEnumerable<RouteRule>? rules = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(node);
        ArgumentNullException.ThrowIfNull(added);
        ArgumentNullException.ThrowIfNull(removed);
        return new NodeRoutes(
            node, Difference?.With([.. added], removed.ToHashSet()) ?? new NodeRoutesDifference(this, [.. added], removed.ToHashSet()),
            rules is null ? Rules : InOrder([.. rules]));
    }

    /// <summary>The same kernels, those that have most routes in common with the first one sharing its memory.</summary>
    /// <param name="nodes">Kernels; asked for one at a time, so that not all of them need to be in memory at once.</param>
    public static IEnumerable<NodeRoutes> Share(IEnumerable<NodeRoutes> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        SharedRoutes? shared = null;
        foreach (var node in nodes)
        {
            shared ??= new SharedRoutes(node);
            yield return shared.Of(node);
        }
    }

    /// <summary>Whether it has any route of a family; what was saved by <c>ip route</c> has none of IPv6's.</summary>
    /// <param name="family"><see cref="AddressFamily.InterNetwork"/> or <see cref="AddressFamily.InterNetworkV6"/>.</param>
    public bool Tells(AddressFamily family) => Routes.Any(r => r.Destination.IsIPv6 == (family == AddressFamily.InterNetworkV6));

    /// <summary>The table of that name or number; null when it has no route.</summary>
    public RouteTable? Table(string name) => _tables.GetValueOrDefault(Canonical(name))?.Value;

    /// <summary>What the kernel decides for a packet.</summary>
    public RouteDecision Lookup(RoutePacket packet)
    {
        ArgumentNullException.ThrowIfNull(packet);
        for (var at = 0; at < Rules.Length; at++)
        {
            var rule = Rules[at];
            if (!rule.Fits(packet))
            {
                continue;
            }

            switch (rule.Action)
            {
                case RouteRuleAction.Lookup:
                    if (Table(rule.Table)?.Lookup(packet.Destination) is { Type: not RouteType.Throw } route
                        && (IsDrop(route.Type) || !(rule.SuppressPrefixLength >= route.Destination.PrefixLength)))
                    {
                        return new RouteDecision(rule, route);
                    }

                    break;
                case RouteRuleAction.Goto:
                    at = TargetOf(at) is { } target ? target - 1 : at;
                    break;
                case RouteRuleAction.Nop:
                    break;
                default:
                    return new RouteDecision(rule, null);
            }
        }

        return new RouteDecision(null, null);
    }

    /// <summary>What the kernel decides for a packet of the host's own that has no source yet.</summary>
    public RouteDecision Lookup(IPAddress destination) => Lookup(new RoutePacket(destination));

    /// <summary>A table's name, or its number where it has none.</summary>
    internal static string Canonical(string table) => table switch
    {
        "255" => "local",
        "254" => RouteFormat.MainTable,
        "253" => RouteFormat.Default,
        _ => table,
    };

    private static bool IsDrop(RouteType type) => type is RouteType.Blackhole or RouteType.Unreachable or RouteType.Prohibit;

    private static ImmutableArray<RouteRule> InOrder(List<RouteRule> given) =>
    [
        .. given
            .Concat(given.Exists(r => !r.IsIPv6) ? [] : KernelRules(isIPv6: false))
            .Concat(given.Exists(r => r.IsIPv6) ? [] : KernelRules(isIPv6: true))
            .OrderBy(r => r.IsIPv6).ThenBy(r => r.Priority),
    ];

    private static IEnumerable<RouteRule> KernelRules(bool isIPv6)
    {
        yield return new RouteRule { Priority = 0, IsIPv6 = isIPv6, Table = "local" };
        yield return new RouteRule { Priority = 32766, IsIPv6 = isIPv6 };
        if (!isIPv6)
        {
            yield return new RouteRule { Priority = 32767, Table = RouteFormat.Default };
        }
    }

    /// <summary>The first rule of the target's priority; a goto only goes on, never back.</summary>
    private int? TargetOf(int at)
    {
        for (var i = at + 1; i < Rules.Length && Rules[i].IsIPv6 == Rules[at].IsIPv6; i++)
        {
            if (Rules[i].Priority == Rules[at].Target)
            {
                return Rules[i].Priority > Rules[at].Priority ? i : null;
            }
        }

        return null;
    }
}
