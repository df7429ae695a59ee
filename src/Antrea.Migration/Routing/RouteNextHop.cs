using System.Net;

namespace Antrea.Migration.Routing;

/// <summary>One of the ways of a multipath route.</summary>
public sealed record RouteNextHop
{
    /// <summary>The next hop (<c>via</c>); null when the destination is on the link.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The device (<c>dev</c>).</summary>
    public string? Device { get; init; }

    /// <summary>Its share of the flows relative to the others, 1 to 256.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>See <see cref="Route.OnLink"/>.</summary>
    public bool OnLink { get; init; }

    /// <summary>See <see cref="Route.Dead"/>.</summary>
    public bool Dead { get; init; }

    /// <summary>See <see cref="Route.LinkDown"/>.</summary>
    public bool LinkDown { get; init; }
}
