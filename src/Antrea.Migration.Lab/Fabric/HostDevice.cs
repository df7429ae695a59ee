using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What leaving by a Node's device does to a packet.</summary>
internal enum HostDeviceKind
{
    /// <summary><c>eth0</c>: the physical network, one flat L2 for all Nodes.</summary>
    Uplink,

    /// <summary><c>tunl0</c>: wrapped for the Node whose address is the route's next hop.</summary>
    IpipTunnel,

    /// <summary><c>vxlan.calico</c> and <c>vxlan-v6.calico</c>: wrapped for the Node whose tunnel address is the route's next hop.</summary>
    VxlanTunnel,

    /// <summary><c>antrea-gw0</c>: the Node's port of its OVS bridge.</summary>
    AntreaGateway,

    /// <summary>Anything else with an address (a dummy, <c>kube-ipvs0</c>): nothing leaves by it.</summary>
    Other,
}

/// <summary>A device of a Node other than the <c>cali…</c> veths.</summary>
/// <param name="Name">For example <c>tunl0</c>.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Addresses">Its addresses, link-local ones left out.</param>
internal sealed record HostDevice(string Name, HostDeviceKind Kind, ImmutableArray<LinkAddress> Addresses)
{
    /// <summary>A device with one address, alone unless a prefix length says otherwise, or with none.</summary>
    public HostDevice(string name, HostDeviceKind kind, IPAddress? address, int? prefixLength = null)
        : this(name, kind, address is null ? [] : [prefixLength is { } length ? new LinkAddress(address, length) : LinkAddress.Host(address)])
    {
    }

    /// <summary>Its first address of a family; null when it has none.</summary>
    public IPAddress? AddressOf(AddressFamily family) => LinkAddress.Of(Addresses, family);

    public bool Holds(IPAddress address) => Addresses.Any(one => one.Address.Equals(address));
}

/// <summary>The Node's end of a Calico Pod's interface.</summary>
/// <param name="Name"><c>cali</c> and eleven hex digits.</param>
/// <param name="Pod">The Pod at the other end.</param>
/// <param name="PodInterface">The Pod's name for its end, usually <c>eth0</c>.</param>
/// <param name="Policy">What felix enforces there; null allows everything.</param>
internal sealed record WorkloadVeth(string Name, PodNetns Pod, string PodInterface, IPolicyEnforcer? Policy = null);
