using System.Collections.Frozen;

namespace Antrea.Migration.Routing;

/// <summary>The words iproute2 prints about a route that are only passed over here.</summary>
/// <remarks>Source: iproute2 6.x <c>ip/iproute.c</c>, <c>lib/rt_names.c</c> and ip-route(8).</remarks>
internal static class RouteWords
{
    /// <summary>Flags that change nothing in where a packet goes.</summary>
    public static readonly FrozenSet<string> OtherFlags = Set(
        "pervasive", "offload", "trap", "notify", "unresolved", "rt_offload", "rt_trap", "rt_offload_failed", "offload_failed", "cache",
        "cloned", "redirected", "equalize");

    /// <summary>Attributes with one value; <c>lock</c> may stand before it.</summary>
    public static readonly FrozenSet<string> OtherAttributes = Set(
        "mtu", "advmss", "window", "rtt", "rttvar", "rto_min", "ssthresh", "cwnd", "initcwnd", "initrwnd", "reordering", "hoplimit",
        "features", "quickack", "congctl", "fastopen_no_cookie", "pref", "error", "expires", "age", "users", "used", "uid", "mark", "nhid",
        "realm", "realms", "ttl-propagate", "weight");

    /// <summary>Attributes by which a route applies to some packets only, or wraps them.</summary>
    public static readonly FrozenSet<string> NotModelled = Set("from", "tos", "dsfield", "iif", "oif", "encap");

    /// <summary>The attributes that are read, as text has them.</summary>
    public static readonly FrozenSet<string> Read = Set(
        "via", "dev", "proto", "protocol", "table", "scope", "src", "metric", "preference", "onlink", "dead", "linkdown", "nexthop");

    /// <summary>The word that <paramref name="word"/> begins with, for a hint; null when there is none.</summary>
    public static string? Meant(string word) =>
        Read.Concat(OtherFlags).Concat(OtherAttributes)
            .Where(w => word.StartsWith(w, StringComparison.OrdinalIgnoreCase))
            .MaxBy(w => w.Length);

    private static FrozenSet<string> Set(params string[] words) => words.ToFrozenSet(StringComparer.Ordinal);
}
