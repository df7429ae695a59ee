namespace Antrea.Migration.Lab.Fabric;

/// <summary>One thing that happened to one packet on its way.</summary>
/// <param name="Packet">Which packet: <c>SYN</c>, <c>SYN-ACK</c>, <c>ACK</c>, <c>DATA</c>, <c>RST</c>, or <c>REQUEST</c>,
/// <c>REPLY</c>, <c>ICMP</c> of UDP.</param>
/// <param name="Where">The Pod (<c>NAMESPACE/NAME</c>), the Node, or the Node's bridge (<c>NODE br-int</c>).</param>
/// <param name="Device">The interface or port there; null where none matters.</param>
/// <param name="What">What happened, with the rule, route or table that made it so.</param>
/// <param name="Flow">The packet's addresses and ports after it happened: <c>10.10.1.2:40000 > 10.10.72.1:80</c>.</param>
public sealed record Hop(string Packet, string Where, string? Device, string What, string Flow)
{
    /// <summary>One line, columns aligned for usual name lengths.</summary>
    public override string ToString() =>
        $"{Packet,-8} {(Device is null ? Where : $"{Where} {Device}"),-34} {Flow,-42} {What}";
}
