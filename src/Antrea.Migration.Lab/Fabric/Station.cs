using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Where a packet is about to be looked at, or where its way ended. A closed family.</summary>
internal abstract record Station
{
    /// <summary>A packet enters a Node by one of its devices.</summary>
    public sealed record HostIn(HostNetns Host, string Device, Packet Packet) : Station;

    /// <summary>A Node's own program sends a packet.</summary>
    public sealed record HostOut(HostNetns Host, Packet Packet) : Station;

    /// <summary>A packet enters a bridge by a Pod's port; <paramref name="NextHop"/> is whose MAC address it carries.</summary>
    public sealed record BridgeFromPod(HostNetns Host, OvsPort Port, Packet Packet, IPAddress NextHop) : Station;

    /// <summary>A packet enters a bridge by <c>antrea-gw0</c>.</summary>
    public sealed record BridgeFromGateway(HostNetns Host, Packet Packet, IPAddress NextHop) : Station;

    /// <summary>A packet enters a bridge by its tunnel port.</summary>
    public sealed record BridgeFromTunnel(HostNetns Host, Packet Packet) : Station;

    /// <summary>A packet enters a Pod.</summary>
    public sealed record PodIn(PodNetns Pod, string Device, Packet Packet) : Station;

    /// <summary>The packet reached a namespace that has its destination address.</summary>
    public sealed record Arrived(NetworkNamespace At, Packet Packet) : Station;

    /// <summary>The packet is no more.</summary>
    /// <param name="Outcome">What its sender learns of it, when it was the first packet of a connection.</param>
    /// <param name="Reason">Where and why, for a person.</param>
    public sealed record Lost(ConnectionOutcome Outcome, string Reason) : Station;
}
