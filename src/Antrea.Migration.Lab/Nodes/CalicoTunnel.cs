using System.Net.Sockets;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>One of the three devices by which Calico tunnels, and the names under which its address is kept.</summary>
/// <param name="Device">The device.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Annotation">Of the Node: the device's address.</param>
/// <param name="Handle">What the allocation's handle begins with; the Node's name follows.</param>
/// <param name="Type">The allocation's <c>type</c>.</param>
/// <param name="Family">Which family's Pods it serves.</param>
internal sealed record CalicoTunnel(
    string Device, HostDeviceKind Kind, string Annotation, string Handle, string Type, AddressFamily Family = AddressFamily.InterNetwork)
{
    public static readonly CalicoTunnel Ipip = new(
        "tunl0", HostDeviceKind.IpipTunnel, "projectcalico.org/IPv4IPIPTunnelAddr", "ipip-tunnel-addr-", "ipipTunnelAddress");

    public static readonly CalicoTunnel Vxlan = new(
        "vxlan.calico", HostDeviceKind.VxlanTunnel, "projectcalico.org/IPv4VXLANTunnelAddr", "vxlan-tunnel-addr-", "vxlanTunnelAddress");

    public static readonly CalicoTunnel Vxlan6 = new(
        Fabric.Kernel.HostLayout.VxlanTunnel6,
        HostDeviceKind.VxlanTunnel,
        "projectcalico.org/IPv6VXLANTunnelAddr",
        "vxlan-v6-tunnel-addr-",
        "vxlanV6TunnelAddress",
        AddressFamily.InterNetworkV6);

    /// <summary>Whether a pool's Pods are reached by it.</summary>
    public bool Serves(CalicoPoolView pool) =>
        pool.Cidr.IsIPv6 == (Family == AddressFamily.InterNetworkV6) && (this == Ipip ? pool.Ipip : pool.Vxlan) != "Never";
}
