using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>A route while it is read. A <c>default</c> gets its family only at the end, when all its addresses are
/// known.</summary>
internal sealed class RouteDraft(string place)
{
    /// <summary>Where it began.</summary>
    public string Place { get; } = place;

    public RouteType Type { get; set; }

    /// <summary>The destination; null for <c>default</c>.</summary>
    public Cidr? Destination { get; set; }

    /// <summary>What belongs to the first way: the only one, unless next hops follow.</summary>
    public HopDraft Hop { get; } = new();

    public string? Protocol { get; set; }

    public IPAddress? Source { get; set; }

    public string? Scope { get; set; }

    public long Metric { get; set; }

    public string Table { get; set; } = RouteFormat.MainTable;

    /// <summary>Whether an attribute was there that only IPv6 routes have.</summary>
    public bool SaysIPv6 { get; set; }

    public List<HopDraft> NextHops { get; } = [];

    /// <summary>Reads a destination as printed: <c>default</c>, a prefix, or an address for a prefix of full
    /// length.</summary>
    /// <param name="text">The text.</param>
    /// <param name="findings">Told of host bits.</param>
    /// <param name="error">What is wrong, or null.</param>
    public bool TrySetDestination(string text, RouteFindings findings, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (text == RouteFormat.Default)
        {
            return true;
        }

        if (!text.Contains('/', StringComparison.Ordinal) && TryParseAddress(text, out var address))
        {
            Destination = Cidr.Host(address);
            return true;
        }

        if (Cidr.TryParse(text, out var cidr))
        {
            Destination = cidr;
            return true;
        }

        if (Cidr.TryParseMasked(text, out cidr, out _))
        {
            findings.HostBits(Place, text, cidr);
            Destination = cidr;
            return true;
        }

        error = $"'{RouteFindings.Quote(text)}' is neither a destination nor a type of route";
        return false;
    }

    /// <summary>Finishes the route, or says what does not fit together.</summary>
    public bool TryFinish(bool defaultIsIPv6, [NotNullWhen(true)] out Route? route, [NotNullWhen(false)] out string? error)
    {
        var isIPv6 = Destination?.IsIPv6 ?? FamilyOfDefault(defaultIsIPv6);
        route = null;
        if (Source is not null && (Source.AddressFamily == AddressFamily.InterNetworkV6) != isIPv6)
        {
            error = $"the source {Source} is of another family than the destination";
            return false;
        }

        if (isIPv6 && NextHops.Append(Hop).FirstOrDefault(h => h.Gateway?.AddressFamily == AddressFamily.InterNetwork) is { } odd)
        {
            error = $"an IPv6 route cannot have the next hop {odd.Gateway}";
            return false;
        }

        error = null;
        route = new Route
        {
            Destination = Destination ?? Cidr.Containing(isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0),
            Type = Type,
            Gateway = Hop.Gateway,
            Device = Hop.Device,
            Protocol = Protocol,
            Source = Source,
            Scope = Scope,
            Metric = Metric,
            Table = Table,
            OnLink = Hop.OnLink,
            Dead = Hop.Dead,
            LinkDown = Hop.LinkDown,
            NextHops = [.. NextHops.Select(h => h.ToNextHop())],
        };
        return true;
    }

    /// <summary>Reads an address; refuses what .NET takes for one but iproute2 never prints.</summary>
    public static bool TryParseAddress(string text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        var length = text.Contains(':', StringComparison.Ordinal) ? 128 : 32;
        if (!Cidr.TryParse(string.Create(CultureInfo.InvariantCulture, $"{text}/{length}"), out var cidr))
        {
            return false;
        }

        address = cidr.FirstAddress;
        return true;
    }

    private bool FamilyOfDefault(bool defaultIsIPv6)
    {
        if (SaysIPv6)
        {
            return true;
        }

        if (Source is not null)
        {
            return Source.AddressFamily == AddressFamily.InterNetworkV6;
        }

        return NextHops.Append(Hop).FirstOrDefault(h => h.Gateway is not null) is { } hop
            ? hop is { GatewayFamilyNamed: false, Gateway.AddressFamily: AddressFamily.InterNetworkV6 }
            : defaultIsIPv6;
    }
}

/// <summary>One way of a route while it is read.</summary>
internal sealed class HopDraft
{
    public IPAddress? Gateway { get; set; }

    /// <summary>Whether the text named the next hop's family (<c>via inet6</c>), which it does when the route is of the
    /// other.</summary>
    public bool GatewayFamilyNamed { get; set; }

    public string? Device { get; set; }

    public int Weight { get; set; } = 1;

    public bool OnLink { get; set; }

    public bool Dead { get; set; }

    public bool LinkDown { get; set; }

    /// <summary>Takes in a flag; false when iproute2 has none of that name.</summary>
    public bool TrySetFlag(string flag)
    {
        switch (flag)
        {
            case "onlink":
                OnLink = true;
                return true;
            case "dead":
                Dead = true;
                return true;
            case "linkdown":
                LinkDown = true;
                return true;
            default:
                return RouteWords.OtherFlags.Contains(flag);
        }
    }

    public RouteNextHop ToNextHop() => new()
    {
        Gateway = Gateway,
        Device = Device,
        Weight = Weight,
        OnLink = OnLink,
        Dead = Dead,
        LinkDown = LinkDown,
    };
}
