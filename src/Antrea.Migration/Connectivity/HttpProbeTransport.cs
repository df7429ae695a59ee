using System.Net;
using System.Net.Http;
using System.Net.Sockets;

namespace Antrea.Migration.Connectivity;

/// <summary>HTTP/1.1 GET over real sockets, or over whatever a connect function opens.</summary>
/// <remarks>
/// <para><b>Connections.</b> By default every request resolves the name again and makes a connection of its own, so that each
/// one sees the path as it is now: a kept connection would go on through conntrack entries that no new client gets. The
/// seed's client does the same in effect: it never reads a body, so that Go can never reuse its connection. Requests that
/// look up one name at the same moment wait for one query, in .NET as in Go: a lost query costs all of them their time.</para>
/// <para><b>Proxies</b> are not used, whatever the environment says: the path to the target is what is probed. Redirects
/// are followed, ten at most, as Go's client does. The body is read to its end.</para>
/// <para>Safe for use by several workers.</para>
/// </remarks>
public sealed class HttpProbeTransport : IProbeTransport, IDisposable
{
    private readonly Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? _connect;
    private readonly HttpMessageInvoker? _shared;

    /// <summary>Creates the transport.</summary>
    /// <param name="connect">Opens a connected stream to a host and port as the URL has them, and gives up when the token is
    /// cancelled; a failure is a <see cref="SocketException"/> with the code a socket would give
    /// (<see cref="SocketError.HostNotFound"/> for a name that does not exist). <see langword="null"/> for name resolution and
    /// TCP by the machine's own means.</param>
    /// <param name="reuseConnections">Keeps connections and their name resolution for later requests.</param>
    public HttpProbeTransport(
        Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? connect = null, bool reuseConnections = false)
    {
        _connect = connect;
        _shared = reuseConnections ? new HttpMessageInvoker(CreateHandler(new ProbeProgress(), CancellationToken.None)) : null;
    }

    /// <inheritdoc/>
    public async Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (_shared is not null)
        {
            return await ExchangeAsync(_shared, target, close: false, cancellationToken).ConfigureAwait(false);
        }

        // One handler a request: its pool cannot hand this request a connection that another one asked for and gave up,
        // and the attempt to connect ends with the request. With a shared pool both happen.
        var progress = new ProbeProgress();
        using var invoker = new HttpMessageInvoker(CreateHandler(progress, cancellationToken));
        try
        {
            return await ExchangeAsync(invoker, target, close: true, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new ProbeInterruptedException(progress.Stage, exception);
        }
        catch (HttpRequestException exception) when (
            cancellationToken.IsCancellationRequested && exception.InnerException is OperationCanceledException)
        {
            // The attempt to connect saw the cancellation before the request did.
            throw new ProbeInterruptedException(progress.Stage, (OperationCanceledException)exception.InnerException);
        }
    }

    /// <summary>Closes the connections kept for reuse.</summary>
    public void Dispose() => _shared?.Dispose();

    private static async Task<ProbeResponse> ExchangeAsync(
        HttpMessageInvoker invoker, Uri target, bool close, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.ConnectionClose = close;
        request.Headers.UserAgent.ParseAdd("antrea-migrator-probe");
        using var response = await invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var length = await DrainAsync(response.Content, cancellationToken).ConfigureAwait(false);
        return new ProbeResponse((int)response.StatusCode, length);
    }

    private static async Task<long> DrainAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var buffer = new byte[4096];
            long length = 0;
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                length += read;
            }

            return length;
        }
    }

    private SocketsHttpHandler CreateHandler(ProbeProgress progress, CancellationToken requestToken) => new()
    {
        UseProxy = false,
        UseCookies = false,
        MaxAutomaticRedirections = 10,
        ConnectCallback = async (context, connectToken) =>
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(requestToken, connectToken);
            return await ProbeConnector.ConnectAsync(_connect, context.DnsEndPoint, progress, linked.Token).ConfigureAwait(false);
        },
    };
}
