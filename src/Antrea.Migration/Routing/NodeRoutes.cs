using System.Collections.Immutable;
using System.Globalization;
using System.Net;

namespace Antrea.Migration.Routing;

/// <summary>The rules and tables of one kernel, a Node's or a Pod's, and the walk the kernel makes through them for a packet.</summary>
/// <remarks>
/// <para><b>Walk.</b> The rules of the packet's family are asked by priority, rules of one priority in the order given. A rule that looks a
/// table up decides if the table has a route that is not a <see cref="RouteType.Throw"/> and not suppressed; otherwise the next rule is
/// asked. Routes that drop (blackhole, unreachable, prohibit) are never suppressed. A <c>goto</c> whose target is missing is passed over. Source: Linux <c>net/core/fib_rules.c</c> and
/// <c>net/ipv4/fib_rules.c</c>.</para>
/// <para><b>Defaults.</b> A family without any rule has the kernel's own: <c>local</c> at 0, <c>main</c> at 32766, and for IPv4
/// <c>default</c> at 32767.</para>
/// <para>Tables are known by number too: 255 is <c>local</c>, 254 <c>main</c>, 253 <c>default</c>. Immutable and safe for use by several
/// threads; a table is made ready for look-ups when it is first asked.</para>
/// </remarks>
public sealed class NodeRoutes
{
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
        Routes = [.. routes];
        var given = (rules ?? []).ToList();
        Rules =
        [
            .. given
                .Concat(given.Exists(r => !r.IsIPv6) ? [] : KernelRules(isIPv6: false))
                .Concat(given.Exists(r => r.IsIPv6) ? [] : KernelRules(isIPv6: true))
                .OrderBy(r => r.IsIPv6).ThenBy(r => r.Priority),
        ];
        _tables = Routes.GroupBy(r => Canonical(r.Table), StringComparer.Ordinal).ToImmutableSortedDictionary(
            g => g.Key, g => new Lazy<RouteTable>(() => new RouteTable(g)), StringComparer.Ordinal);
    }

    /// <summary>What the kernel is called.</summary>
    public string Node { get; }

    /// <summary>The routes of all tables, in the order given.</summary>
    public ImmutableArray<Route> Routes { get; }

    /// <summary>The rules, IPv4's first, by priority.</summary>
    public ImmutableArray<RouteRule> Rules { get; }

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

/// <summary>What a kernel decides for a packet.</summary>
/// <param name="Rule">The rule that decided; null when none did, and the network is unreachable.</param>
/// <param name="Route">The route that the rule's table has; null when the rule itself drops the packet, or none decided.</param>
public sealed record RouteDecision(RouteRule? Rule, Route? Route)
{
    /// <summary>Whether the packet goes on by a device.</summary>
    public bool IsForwarded => Route is { Type: RouteType.Unicast };

    /// <summary>For example <c>table main: 10.10.4.0/24 via 10.10.4.1 dev antrea-gw0 onlink</c>.</summary>
    public override string ToString() => (Rule, Route) switch
    {
        (null, _) => "no table has a route",
        (_, null) => string.Create(CultureInfo.InvariantCulture, $"rule {Rule}"),
        _ => $"table {NodeRoutes.Canonical(Rule.Table)}: {(Route with { Table = RouteFormat.MainTable }).ToString().ReplaceLineEndings("").Replace("\t", " ", StringComparison.Ordinal)}",
    };
}
