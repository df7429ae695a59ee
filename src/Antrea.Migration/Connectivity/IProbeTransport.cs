namespace Antrea.Migration.Connectivity;

/// <summary>Sends one probe request and waits for the whole response. It sends; it never judges.</summary>
/// <remarks>Implementations must be safe for use by several workers at once.</remarks>
public interface IProbeTransport
{
    /// <summary>Sends one request to <paramref name="target"/>.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="cancellationToken">The prober's time limit and its caller's cancellation in one; must be honoured
    /// promptly, else a hanging request holds its worker.</param>
    /// <returns>The response, whatever its status.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <remarks>Any other exception means that no complete response arrived. A
    /// <see cref="System.Net.Sockets.SocketException"/> anywhere in its chain decides the
    /// <see cref="ProbeFailureCause"/>.</remarks>
    Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken);
}
