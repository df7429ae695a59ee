using System.Net;
using Antrea.Migration.Routing;
using CsCheck;

namespace Antrea.Migration.Tests.Generators;

/// <summary>Routes as a kernel could have them.</summary>
internal static class RouteGen
{
    private static readonly Gen<string?> Device = Gen.OneOf<string?>("eth0", "tunl0", "antrea-gw0", "cali0a1b2c3d4e5", "via", null);
    private static readonly Gen<string?> Protocol = Gen.OneOf<string?>("kernel", "bird", "80", "static", null);
    private static readonly Gen<string?> Scope = Gen.OneOf<string?>("link", "host", null);
    private static readonly Gen<string> Table = Gen.OneOf("main", "main", "local", "100");
    private static readonly Gen<long> Metric = Gen.OneOf(0L, 0L, 1L, 100L, uint.MaxValue);

    /// <summary>A route to a random or crowded destination, with every field in use now and then.</summary>
    public static readonly Gen<Route> Any =
        Gen.Select(Gen.OneOf(new[] { AddressGen.AnyCidr, AddressGen.CrowdedCidr }), Gen.Enum<RouteType>(), Hop(), Hop().Array[0, 3])
            .SelectMany((destination, type, hop, hops) =>
                Gen.Select(Protocol, Scope, Table, Metric, AddressGen.Any, Gen.Bool)
                    .Select((protocol, scope, table, metric, source, hasSource) => new Route
                    {
                        Destination = destination,
                        Type = type,
                        Gateway = Fits(hop.Gateway, destination.IsIPv6),
                        Device = hop.Device,
                        OnLink = hop.OnLink,
                        Dead = hop.Dead,
                        LinkDown = hop.LinkDown,
                        Protocol = protocol,
                        Scope = scope,
                        Table = table,
                        Metric = metric,
                        Source = hasSource && IsIPv6(source) == destination.IsIPv6 ? source : null,
                        NextHops = [.. hops.Select(h => h with { Gateway = Fits(h.Gateway, destination.IsIPv6) })],
                    }));

    /// <summary>Up to 40 routes among crowded destinations, many of them equal but for the metric.</summary>
    public static readonly Gen<Route[]> Table40 =
        Gen.Select(AddressGen.CrowdedCidr, Gen.Long[0, 2], Gen.Int[0, 9])
            .Select((destination, metric, dead) => new Route { Destination = destination, Metric = metric, Dead = dead == 0 })
            .Array[0, 40]
            .Select(routes => routes.Select((r, i) => r with { Device = $"d{i}" }).ToArray());

    private static Gen<RouteNextHop> Hop() =>
        Gen.Select(AddressGen.Any, Gen.Bool, Device, Gen.Int[1, 256], Gen.Bool, Gen.Bool, Gen.Bool)
            .Select((gateway, hasGateway, device, weight, onLink, dead, linkDown) => new RouteNextHop
            {
                Gateway = hasGateway ? gateway : null,
                Device = device,
                Weight = weight,
                OnLink = onLink,
                Dead = dead,
                LinkDown = linkDown,
            });

    private static IPAddress? Fits(IPAddress? gateway, bool isIPv6) =>
        gateway is null || (isIPv6 && !IsIPv6(gateway)) ? null : gateway;

    private static bool IsIPv6(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
}
