namespace Antrea.Migration.Connectivity;

/// <summary>How far a request had come.</summary>
internal enum ProbeStage
{
    /// <summary>Nothing was done yet.</summary>
    Queued,

    /// <summary>Waiting for name resolution.</summary>
    Resolving,

    /// <summary>Waiting for the connection.</summary>
    Connecting,

    /// <summary>Connected (for HTTPS, the handshake may still be under way); waiting for the response.</summary>
    Connected,
}

/// <summary>A cancelled request that knows how far it had come: a time-out in name resolution is a DNS failure.</summary>
internal sealed class ProbeInterruptedException(ProbeStage stage, OperationCanceledException cause)
    : OperationCanceledException(cause.Message, cause, cause.CancellationToken)
{
    public ProbeStage Stage { get; } = stage;
}
