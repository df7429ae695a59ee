using System.Globalization;
using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>The five-tuple of one packet, in the direction the packet goes.</summary>
internal readonly record struct Flow(
    TransportProtocol Protocol, IPAddress Source, int SourcePort, IPAddress Destination, int DestinationPort)
{
    public Flow Reversed => new(Protocol, Destination, DestinationPort, Source, SourcePort);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Source}:{SourcePort} > {Destination}:{DestinationPort}");
}

/// <summary>Which packet of a connection it is.</summary>
internal enum PacketKind
{
    /// <summary>TCP's first, or the UDP request.</summary>
    Open,

    /// <summary>TCP's SYN-ACK, or the UDP reply.</summary>
    Accept,

    /// <summary>The client's ACK, with its data.</summary>
    Acknowledge,

    /// <summary>The server's first data segment.</summary>
    Data,

    /// <summary>TCP's reset, or ICMP port unreachable.</summary>
    Reset,
}

/// <summary>One packet on its way.</summary>
/// <param name="Kind">Which one of its connection.</param>
/// <param name="Flow">Its five-tuple here and now.</param>
/// <param name="Ttl">How many more routers it may cross.</param>
/// <param name="HostLocal">Antrea's mark on what the Node itself sends into <c>antrea-gw0</c>.</param>
internal sealed record Packet(PacketKind Kind, Flow Flow, int Ttl = 64, bool HostLocal = false)
{
    public IPAddress Source => Flow.Source;

    public IPAddress Destination => Flow.Destination;

    public string Name => (Kind, Flow.Protocol) switch
    {
        (PacketKind.Open, TransportProtocol.Tcp) => "SYN",
        (PacketKind.Accept, TransportProtocol.Tcp) => "SYN-ACK",
        (PacketKind.Acknowledge, _) => "ACK",
        (PacketKind.Data, _) => "DATA",
        (PacketKind.Reset, TransportProtocol.Tcp) => "RST",
        (PacketKind.Reset, _) => "ICMP",
        (PacketKind.Open, _) => "REQUEST",
        _ => "REPLY",
    };

    public Packet WithSource(IPAddress address, int port) =>
        this with { Flow = Flow with { Source = address, SourcePort = port } };

    public Packet WithDestination(IPAddress address, int port) =>
        this with { Flow = Flow with { Destination = address, DestinationPort = port } };
}
