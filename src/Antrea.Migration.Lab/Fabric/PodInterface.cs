using System.Net;

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
/// <param name="Address">Its IPv4 address.</param>
/// <param name="PrefixLength">32 for Calico; the PodCIDR's length for Antrea, whose whole PodCIDR is on the link then.</param>
/// <param name="Attachment">What kind of thing the other end is.</param>
/// <param name="Node">The Node the other end is at.</param>
/// <param name="HostSide">The other end's name: the <c>cali…</c> veth, or the OVS port.</param>
internal sealed record PodInterface(
    string Name, IPAddress Address, int PrefixLength, AttachmentKind Attachment, HostNetns Node, string HostSide)
{
    /// <summary>The MAC address, for display; nothing is decided by it.</summary>
    public string? MacAddress { get; init; }
}
