namespace Antrea.Migration.Connectivity;

/// <summary>Why a probe request failed. The order is that of a request's life: name, connection, encryption, answer.</summary>
public enum ProbeFailureCause
{
    /// <summary>It did not fail.</summary>
    None,

    /// <summary>The host name did not resolve, or no answer about it came in time.</summary>
    Dns,

    /// <summary>The address answered that nobody listens on the port.</summary>
    Refused,

    /// <summary>A router or the own kernel says that there is no way to the address.</summary>
    Unreachable,

    /// <summary>No connection, or no complete response, in time.</summary>
    Timeout,

    /// <summary>The connection was made and then broken by the other side, before the response was complete.</summary>
    Reset,

    /// <summary>A complete response whose status is not 200.</summary>
    HttpStatus,

    /// <summary>The TLS handshake failed or the certificate was not accepted.</summary>
    Tls,

    /// <summary>Anything else; the outcome's detail says what.</summary>
    Other,
}
