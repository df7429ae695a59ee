namespace Antrea.Migration.Routing;

/// <summary>What a route does with a packet.</summary>
public enum RouteType
{
    /// <summary>Sends it on.</summary>
    Unicast,

    /// <summary>Delivers it to this host.</summary>
    Local,

    /// <summary>A broadcast address of this host's.</summary>
    Broadcast,

    /// <summary>A multicast range.</summary>
    Multicast,

    /// <summary>An IPv6 anycast address of this host's.</summary>
    Anycast,

    /// <summary>Drops it in silence.</summary>
    Blackhole,

    /// <summary>Answers with ICMP unreachable.</summary>
    Unreachable,

    /// <summary>Answers with ICMP prohibited.</summary>
    Prohibit,

    /// <summary>Ends the look-up in this table; the next rule decides.</summary>
    Throw,
}
