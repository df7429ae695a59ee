using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What a Pod's interface is plugged into at its Node.</summary>
internal enum AttachmentKind
{
    /// <summary>A veth whose other end, <c>cali…</c>, is a routed interface of the Node.</summary>
    CalicoVeth,

    /// <summary>A port of the Node's OVS bridge.</summary>
    OvsPort,
}

/// <summary>One interface of a Pod.</summary>
/// <param name="Name">For example <c>eth0</c> or <c>net1</c>.</param>
/// <param name="Addresses">Its addresses, one of a family: alone for Calico; with the PodCIDR's length for Antrea, whose whole PodCIDR is on the
/// link then. Link-local ones are left out.</param>
/// <param name="Attachment">What kind of thing the other end is.</param>
/// <param name="Node">The Node the other end is at.</param>
/// <param name="HostSide">The other end's name: the <c>cali…</c> veth, or the OVS port.</param>
internal sealed record PodInterface(
    string Name, ImmutableArray<LinkAddress> Addresses, AttachmentKind Attachment, HostNetns Node, string HostSide)
{
    /// <summary>Its address of a family; null when it has none.</summary>
    public IPAddress? AddressOf(AddressFamily family) => LinkAddress.Of(Addresses, family);

    public bool Holds(IPAddress address) => Addresses.Any(one => one.Address.Equals(address));

    /// <summary>The MAC address, for display; nothing is decided by it.</summary>
    public string? MacAddress { get; init; }
}
