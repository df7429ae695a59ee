using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>An address of a device with the prefix length it was given.</summary>
/// <param name="Address">IPv4 or IPv6.</param>
/// <param name="PrefixLength">Shorter than the address brings a connected route.</param>
internal readonly record struct LinkAddress(IPAddress Address, int PrefixLength)
{
    private const int KernelMetric = 256;

    private bool IsIPv6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>An address alone, without a network.</summary>
    public static LinkAddress Host(IPAddress address) => new(address, Cidr.Host(address).PrefixLength);

    /// <summary>The first address of a family; null when there is none.</summary>
    public static IPAddress? Of(ImmutableArray<LinkAddress> addresses, AddressFamily family) =>
        addresses.FirstOrDefault(one => one.Address.AddressFamily == family).Address;

    /// <summary>The routes that a device's addresses bring along.</summary>
    public static IEnumerable<Route> ConnectedBy(ImmutableArray<LinkAddress> addresses, string device) =>
        addresses.Where(one => one.PrefixLength < Cidr.Host(one.Address).PrefixLength).Select(one => new Route
        {
            Destination = Cidr.Containing(one.Address, one.PrefixLength),
            Device = device,
            Protocol = "kernel",
            Scope = one.IsIPv6 ? null : "link",
            Source = one.IsIPv6 ? null : one.Address,
            Metric = one.IsIPv6 ? KernelMetric : 0,
        });

    /// <summary>Whether it is the last address of this IPv4 network.</summary>
    public bool IsBroadcast(IPAddress address) =>
        !IsIPv6 && PrefixLength < 31 && Cidr.Containing(Address, PrefixLength).LastAddress.Equals(address);

    /// <summary>Whether it is the first address of this IPv6 network, which every router on it has (RFC 4291, 2.6.1).</summary>
    /// <remarks>Source: Linux <c>net/ipv6/addrconf.c</c> (addrconf_join_anycast).</remarks>
    public bool IsRoutersAnycast(IPAddress address) =>
        IsIPv6 && PrefixLength < 127 && Cidr.Containing(Address, PrefixLength).FirstAddress.Equals(address);
}
