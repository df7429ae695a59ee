using System.Globalization;
using System.Net;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>The number that an IP packet names its payload's protocol by.</summary>
/// <param name="Number">0–255.</param>
public readonly record struct IPProtocol(byte Number)
{
    /// <summary>TCP, 6.</summary>
    public static readonly IPProtocol Tcp = new(6);

    /// <summary>UDP, 17.</summary>
    public static readonly IPProtocol Udp = new(17);

    /// <summary>SCTP, 132.</summary>
    public static readonly IPProtocol Sctp = new(132);

    /// <summary>ICMP for IPv4, 1.</summary>
    public static readonly IPProtocol Icmp = new(1);

    /// <summary>ICMP for IPv6, 58.</summary>
    public static readonly IPProtocol IcmpV6 = new(58);

    /// <summary>Whether packets of the protocol have ports that policies know.</summary>
    public bool HasPorts => Number is 6 or 17 or 132;

    /// <summary>The number of a protocol that ports are declared for; 0 for another name.</summary>
    internal static byte NumberOf(string name) => name switch
    {
        "TCP" => 6,
        "UDP" => 17,
        "SCTP" => 132,
        _ => 0,
    };

    /// <summary>The name policies use, or the number.</summary>
    public override string ToString() => Number switch
    {
        6 => "TCP",
        17 => "UDP",
        132 => "SCTP",
        1 => "ICMP",
        58 => "ICMPv6",
        _ => Number.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>The first packet of a flow, as policies see it: after Service addresses have been replaced by those of a backend.</summary>
/// <param name="Source">The sender.</param>
/// <param name="Destination">The receiver.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="SourcePort">0–65535; 0 for a protocol without ports.</param>
/// <param name="DestinationPort">0–65535; 0 for a protocol without ports.</param>
public sealed record Traffic(
    TrafficEndpoint Source, TrafficEndpoint Destination, IPProtocol Protocol, int SourcePort, int DestinationPort)
{
    /// <summary>The message of an ICMP or ICMPv6 packet; null for other protocols.</summary>
    public IcmpMessage? Icmp { get; init; }

    /// <summary><c>shop/web (10.1.0.10) → 203.0.113.7 TCP 443</c>, <c>… ICMP 8/0</c>; the source port is shown when it is not 40000.</summary>
    public override string ToString()
    {
        var ports = Icmp is { } message ? $" {message}" : Protocol.HasPorts ? string.Create(CultureInfo.InvariantCulture, $" {DestinationPort}") : "";
        var from = Protocol.HasPorts && SourcePort != UsualSourcePort
            ? string.Create(CultureInfo.InvariantCulture, $" from port {SourcePort}")
            : "";
        return $"{Source} → {Destination} {Protocol}{ports}{from}";
    }

    internal const int UsualSourcePort = 40000;
}

/// <summary>What an ICMP or ICMPv6 packet says.</summary>
/// <param name="Type">0–255; 8 asks for an echo over IPv4, 128 over IPv6.</param>
/// <param name="Code">0–255.</param>
public readonly record struct IcmpMessage(byte Type, byte Code)
{
    /// <summary><c>TYPE/CODE</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Type}/{Code}");
}

/// <summary>One end of a flow.</summary>
/// <param name="Address">The address in the packet.</param>
/// <param name="Pod">The Pod that has the address; null for anything that is no Pod with an address of its own.</param>
public sealed record TrafficEndpoint(IPAddress Address, PolicyPod? Pod = null)
{
    /// <summary><c>namespace/pod (address)</c>, or the address.</summary>
    public override string ToString() => Pod is null ? Address.ToString() : $"{Pod} ({Address})";
}
