using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antrea.Migration.Routing;

/// <summary>Writes routes in iproute2's words and order; knows those words.</summary>
/// <remarks>Source: iproute2 6.x <c>ip/iproute.c</c> (<c>print_route</c>) as seen in its output.</remarks>
internal static class RouteFormat
{
    public const string Default = "default";
    public const string MainTable = "main";

    private const int OneLine = 96;

    /// <summary>The first word of a line for each type; unicast is what a line without one is.</summary>
    public static readonly ImmutableSortedDictionary<string, RouteType> Types = Enum.GetValues<RouteType>()
        .ToImmutableSortedDictionary(t => t.ToString().ToLowerInvariant(), t => t, StringComparer.Ordinal);

    public static string Write(Route route)
    {
        var text = new StringBuilder(OneLine);
        if (route.Type != RouteType.Unicast)
        {
            text.Append(route.Type.ToString().ToLowerInvariant()).Append(' ');
        }

        var destination = route.Destination;
        _ = destination.PrefixLength == 0 ? text.Append(Default)
            : destination.PrefixLength == (destination.IsIPv6 ? 128 : 32) ? text.Append(CultureInfo.InvariantCulture, $"{destination.FirstAddress}")
            : text.Append(CultureInfo.InvariantCulture, $"{destination}");
        Via(text, destination.IsIPv6, route.Gateway);
        Word(text, "dev", route.Device);
        Word(text, "table", route.Table == MainTable ? null : route.Table);
        Word(text, "proto", route.Protocol);
        Word(text, "scope", route.Scope);
        Word(text, "src", route.Source);
        Word(text, "metric", route.Metric == 0 ? null : route.Metric.ToString(CultureInfo.InvariantCulture));
        Flags(text, route.Dead, route.OnLink, route.LinkDown);

        // The kernel reports a router preference on every IPv6 route, and only there.
        Word(text, "pref", destination.IsIPv6 ? "medium" : null);
        foreach (var hop in route.NextHops)
        {
            text.Append("\n\tnexthop");
            Via(text, destination.IsIPv6, hop.Gateway);
            Word(text, "dev", hop.Device);
            Word(text, "weight", hop.Weight.ToString(CultureInfo.InvariantCulture));
            Flags(text, hop.Dead, hop.OnLink, hop.LinkDown);
        }

        return text.ToString();
    }

    private static void Via(StringBuilder text, bool isIPv6, IPAddress? gateway)
    {
        var foreign = gateway is not null && !isIPv6 && gateway.AddressFamily == AddressFamily.InterNetworkV6;
        Word(text, foreign ? "via inet6" : "via", gateway);
    }

    private static void Flags(StringBuilder text, bool dead, bool onLink, bool linkDown) =>
        text.Append(dead ? " dead" : "").Append(onLink ? " onlink" : "").Append(linkDown ? " linkdown" : "");

    private static void Word(StringBuilder text, string word, string? value)
    {
        if (value is not null)
        {
            text.Append(' ').Append(word).Append(' ').Append(value);
        }
    }

    private static void Word(StringBuilder text, string word, IPAddress? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $" {word} {value}");
        }
    }
}
