using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>One route of a Node's or a Pod's kernel, with the fields that decide where a packet goes.</summary>
/// <remarks>Names and meaning follow iproute2 (<c>ip route</c>, <c>ip -j route</c>).</remarks>
public sealed record Route
{
    /// <summary>The destination; <c>0.0.0.0/0</c> or <c>::/0</c> for <c>default</c>.</summary>
    public required Cidr Destination { get; init; }

    /// <summary>What kind of route it is; <see cref="RouteType.Unicast"/> unless the text says otherwise.</summary>
    public RouteType Type { get; init; }

    /// <summary>The next hop (<c>via</c>); null for an on-link route.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The device (<c>dev</c>); null for a blackhole and its kin.</summary>
    public string? Device { get; init; }

    /// <summary>Who wrote it (<c>proto</c>): <c>kernel</c>, <c>bird</c>, <c>80</c>…; null where iproute2 prints none (boot).</summary>
    public string? Protocol { get; init; }

    /// <summary>The source address the kernel prefers (<c>src</c>).</summary>
    public IPAddress? Source { get; init; }

    /// <summary>The <c>scope</c>; null for global.</summary>
    public string? Scope { get; init; }

    /// <summary>The metric; 0 where none is printed. The lowest wins among equal destinations.</summary>
    public int Metric { get; init; }

    /// <summary>The table's name or number; <c>main</c> unless the text says otherwise.</summary>
    public string Table { get; init; } = "main";

    /// <summary>Whether the next hop is taken to be on the link although no address covers it (<c>onlink</c>).</summary>
    public bool OnLink { get; init; }
}
