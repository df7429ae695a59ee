namespace Antrea.Migration.Lab.Fabric;

/// <summary>How an attempt to connect ends, as the client sees it.</summary>
public enum ConnectionOutcome
{
    /// <summary>A listener was reached, and its answer came back.</summary>
    Delivered,

    /// <summary>Answered by a reset: nobody listens there, the Service has no endpoint, or a policy rejects.</summary>
    Refused,

    /// <summary>Nothing comes back, or nothing after the handshake: a packet was dropped in silence.</summary>
    TimedOut,

    /// <summary>EHOSTUNREACH: nobody answers ARP for the address.</summary>
    HostUnreachable,

    /// <summary>The client has no route there (ENETUNREACH), or one that says no.</summary>
    NoRoute,
}
