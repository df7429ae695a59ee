using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Connectivity;

/// <summary>Makes a TCP connection and closes it again: whether packets get there and back, whatever is spoken above.</summary>
/// <remarks>
/// <para><b>Target.</b> <c>tcp://host:port</c>; of another URL its host and port. The name is resolved for each request.</para>
/// <para>A connection that was made counts as <see cref="ProbeResponse.Success"/>. Safe for use by several workers.</para>
/// </remarks>
public sealed class TcpConnectProbeTransport : IProbeTransport
{
    private readonly Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? _connect;

    /// <summary>Creates the transport.</summary>
    /// <param name="connect">As for <see cref="HttpProbeTransport"/>: opens a connected stream or throws a
    /// <see cref="SocketException"/>; <see langword="null"/> for the machine's own means.</param>
    public TcpConnectProbeTransport(Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? connect = null) => _connect = connect;

    /// <inheritdoc/>
    public async Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken)
    {
        var endPoint = ProbeConnector.EndPointOf(target);
        var progress = new ProbeProgress();
        try
        {
            var stream = await ProbeConnector.ConnectAsync(_connect, endPoint, progress, cancellationToken).ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            return ProbeResponse.Success(0);
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new ProbeInterruptedException(progress.Stage, exception);
        }
    }
}
