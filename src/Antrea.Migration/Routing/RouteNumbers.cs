using System.Collections.Frozen;

namespace Antrea.Migration.Routing;

/// <summary>The numbers that <c>ip -N</c>, and iproute2 without its tables of names, print in place of words.</summary>
/// <remarks>Source: Linux <c>include/uapi/linux/rtnetlink.h</c> (RTN_*, RTPROT_*, RT_SCOPE_*).</remarks>
internal static class RouteNumbers
{
    private static readonly FrozenDictionary<string, RouteType> Types = RouteFormat.Types
        .Concat(Enum.GetValues<RouteType>().Select(t => KeyValuePair.Create(NumberOf(t), t)))
        .ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Protocols = new Dictionary<string, string>
    {
        ["1"] = "redirect",
        ["2"] = "kernel",
        ["3"] = "boot",
        ["4"] = "static",
        ["9"] = "ra",
        ["12"] = "bird",
        ["16"] = "dhcp",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Scopes = new Dictionary<string, string>
    {
        ["0"] = "global",
        ["200"] = "site",
        ["253"] = "link",
        ["254"] = "host",
        ["255"] = "nowhere",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The type of that name or number.</summary>
    public static bool TryType(string text, out RouteType type) => Types.TryGetValue(text, out type);

    /// <summary>A protocol by its name, as far as it has one here; null for the one that iproute2 does not print.</summary>
    public static string? Protocol(string text) => Known(Protocols, text, "boot");

    /// <summary>A scope by its name; null for the one that iproute2 does not print.</summary>
    public static string? Scope(string text) => Known(Scopes, text, "global");

    private static string? Known(FrozenDictionary<string, string> names, string text, string unprinted)
    {
        var name = names.GetValueOrDefault(text, text);
        return name == unprinted ? null : name;
    }

    private static string NumberOf(RouteType type) => type switch
    {
        RouteType.Unicast => "1",
        RouteType.Local => "2",
        RouteType.Broadcast => "3",
        RouteType.Anycast => "4",
        RouteType.Multicast => "5",
        RouteType.Blackhole => "6",
        RouteType.Unreachable => "7",
        RouteType.Prohibit => "8",
        _ => "9",
    };
}
