using System.Globalization;

namespace Antrea.Migration.Routing;

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
