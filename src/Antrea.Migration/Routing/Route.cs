using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>One route of a Node's or a Pod's kernel, with the fields that decide where a packet goes.</summary>
/// <remarks>Names and meaning follow iproute2 (<c>ip route</c>, <c>ip -j route</c>). Two routes are equal when all
/// their fields are, next hops compared one by one.</remarks>
public sealed record Route
{
    /// <summary>The destination; <c>0.0.0.0/0</c> or <c>::/0</c> for <c>default</c>.</summary>
    public required Cidr Destination { get; init; }

    /// <summary>What kind of route it is; <see cref="RouteType.Unicast"/> unless the text says otherwise.</summary>
    public RouteType Type { get; init; }

    /// <summary>The next hop (<c>via</c>); null for an on-link route and for one with <see cref="NextHops"/>. An IPv4
    /// route may have an IPv6 next hop (<c>via inet6</c>).</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The device (<c>dev</c>); null for a blackhole and its kin.</summary>
    public string? Device { get; init; }

    /// <summary>Who wrote it (<c>proto</c>): <c>kernel</c>, <c>bird</c>, <c>80</c>…; null where iproute2 prints none
    /// (boot).</summary>
    public string? Protocol { get; init; }

    /// <summary>The source address the kernel prefers (<c>src</c>).</summary>
    public IPAddress? Source { get; init; }

    /// <summary>The <c>scope</c>; null for global.</summary>
    public string? Scope { get; init; }

    /// <summary>The metric, 0 to 4294967295; 0 where none is printed. The lowest wins among equal
    /// destinations.</summary>
    public long Metric { get; init; }

    /// <summary>The table's name or number; <c>main</c> unless the text says otherwise.</summary>
    public string Table { get; init; } = "main";

    /// <summary>Whether the next hop is taken to be on the link although no address covers it
    /// (<c>onlink</c>).</summary>
    public bool OnLink { get; init; }

    /// <summary>Whether the kernel has given the route up (<c>dead</c>): it is listed but not used.</summary>
    public bool Dead { get; init; }

    /// <summary>Whether the device has no carrier (<c>linkdown</c>). The kernel uses such a route all the same unless
    /// told otherwise.</summary>
    public bool LinkDown { get; init; }

    /// <summary>The next hops of a multipath route, in the order printed; empty for any other route.</summary>
    public ImmutableArray<RouteNextHop> NextHops { get; init; } = [];

    /// <summary>Whether all fields are equal.</summary>
    public bool Equals(Route? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && Destination == other.Destination
            && Type == other.Type
            && Metric == other.Metric
            && (OnLink, Dead, LinkDown) == (other.OnLink, other.Dead, other.LinkDown)
            && Device == other.Device
            && Protocol == other.Protocol
            && Scope == other.Scope
            && Table == other.Table
            && Equals(Gateway, other.Gateway)
            && Equals(Source, other.Source)
            && NextHops.AsSpan().SequenceEqual(other.NextHops.AsSpan()));

    /// <inheritdoc/>
    /// <remarks>Of routes to one destination few have the same gateway and metric, so no more than that is looked at.</remarks>
    public override int GetHashCode() => HashCode.Combine(Destination, Type, Gateway, Metric);

    /// <summary>The route as <c>ip route</c> prints it, for example <c>10.10.4.128/26 via 172.18.0.19 dev tunl0 proto
    /// bird onlink</c>; next hops follow on lines of their own. <see cref="RouteParser.ParseText"/> reads it
    /// back.</summary>
    public override string ToString() => RouteFormat.Write(this);
}
