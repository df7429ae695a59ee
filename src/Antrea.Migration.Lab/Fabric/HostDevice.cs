using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What leaving by a Node's device does to a packet.</summary>
internal enum HostDeviceKind
{
    /// <summary><c>eth0</c>: the physical network, one flat L2 for all Nodes.</summary>
    Uplink,

    /// <summary><c>tunl0</c>: wrapped for the Node whose address is the route's next hop.</summary>
    IpipTunnel,

    /// <summary><c>vxlan.calico</c>: wrapped for the Node whose tunnel address is the route's next hop.</summary>
    VxlanTunnel,

    /// <summary><c>antrea-gw0</c>: the Node's port of its OVS bridge.</summary>
    AntreaGateway,

    /// <summary>Anything else with an address (a dummy, <c>kube-ipvs0</c>): nothing leaves by it.</summary>
    Other,
}

/// <summary>A device of a Node other than the <c>cali…</c> veths.</summary>
/// <param name="Name">For example <c>tunl0</c>.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Address">Its IPv4 address, or null.</param>
/// <param name="PrefixLength">The address's prefix length; shorter than 32 brings a connected route.</param>
internal sealed record HostDevice(string Name, HostDeviceKind Kind, IPAddress? Address, int PrefixLength = 32);

/// <summary>The Node's end of a Calico Pod's interface.</summary>
/// <param name="Name"><c>cali</c> and eleven hex digits.</param>
/// <param name="Pod">The Pod at the other end.</param>
/// <param name="PodInterface">The Pod's name for its end, usually <c>eth0</c>.</param>
/// <param name="Policy">What felix enforces there; null allows everything.</param>
internal sealed record WorkloadVeth(string Name, PodNetns Pod, string PodInterface, IPolicyEnforcer? Policy = null);
