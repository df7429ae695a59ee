using System.Net;

namespace Antrea.Migration.Connectivity;

/// <summary>One TCP connection that stays open, over which each request sends 16 bytes and waits until they come back: whether
/// established connections survive.</summary>
/// <remarks>
/// <para><b>Target.</b> <c>stream://host:port</c> of a server that sends back what it gets (the echo service of RFC 862). One
/// transport has one connection, so one target at a time.</para>
/// <para><b>Loss.</b> A request whose time is up leaves the connection as it is: TCP may still deliver, and the later answer is
/// read and forgotten. When the connection breaks, every request on it fails, and the next one connects anew. Bytes that differ
/// break it too, and so do <see cref="MostWaiting"/> requests without an answer.</para>
/// <para>Safe for use by several workers; requests do not wait for one another's answers.</para>
/// </remarks>
public sealed class TcpStreamProbeTransport : IProbeTransport, IAsyncDisposable
{
    /// <summary>How many requests may wait for their bytes on one connection.</summary>
    public const int MostWaiting = 10_000;

    private readonly Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? _connect;
    private readonly SemaphoreSlim _gate = new(1);
    private EchoConnection? _connection;

    /// <summary>Creates the transport; the first request connects.</summary>
    /// <param name="connect">As for <see cref="HttpProbeTransport"/>; <see langword="null"/> for the machine's own
    /// means.</param>
    public TcpStreamProbeTransport(Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? connect = null) => _connect = connect;

    /// <inheritdoc/>
    public async Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken)
    {
        var endPoint = ProbeConnector.EndPointOf(target);
        var progress = new ProbeProgress();
        try
        {
            var answer = await WriteAsync(endPoint, progress, cancellationToken).ConfigureAwait(false);
            await answer.WaitAsync(cancellationToken).ConfigureAwait(false);
            return ProbeResponse.Success(EchoConnection.FrameLength);
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new ProbeInterruptedException(progress.Stage, exception);
        }
    }

    /// <summary>Closes the connection; requests on it fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Dispose();
    }

    private async Task<Task> WriteAsync(DnsEndPoint endPoint, ProbeProgress progress, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_connection is null || _connection.IsBroken)
            {
                if (_connection is not null)
                {
                    await _connection.DisposeAsync().ConfigureAwait(false);
                    _connection = null;
                }

                _connection = new EchoConnection(
                    await ProbeConnector.ConnectAsync(_connect, endPoint, progress, cancellationToken).ConfigureAwait(false), MostWaiting);
            }

            progress.Stage = ProbeStage.Connected;
            return await _connection.WriteAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }
}
