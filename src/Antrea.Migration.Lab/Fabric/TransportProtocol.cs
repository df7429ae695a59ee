namespace Antrea.Migration.Lab.Fabric;

/// <summary>The transport a packet of the simulated fabric carries.</summary>
public enum TransportProtocol
{
    /// <summary>TCP: judged by its handshake and the first segment that comes back.</summary>
    Tcp,

    /// <summary>UDP: judged by one request and its reply.</summary>
    Udp,
}
