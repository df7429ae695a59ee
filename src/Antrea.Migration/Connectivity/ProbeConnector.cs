using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Connectivity;

/// <summary>How far a request has come; written by the connecting thread, read by the sending one.</summary>
internal sealed class ProbeProgress
{
    private volatile ProbeStage _stage;

    public ProbeStage Stage
    {
        get => _stage;
        set => _stage = value;
    }
}

/// <summary>Name resolution and TCP by the machine's own means, for all transports.</summary>
internal static class ProbeConnector
{
    /// <summary>Where a probe's URL points.</summary>
    /// <exception cref="ArgumentException">It names no port, and its scheme has none of its own.</exception>
    public static DnsEndPoint EndPointOf(Uri target, int defaultPort = -1)
    {
        ArgumentNullException.ThrowIfNull(target);
        var port = target.Port > 0 ? target.Port : defaultPort;
        return port > 0 && target.IdnHost.Length > 0
            ? new DnsEndPoint(target.IdnHost, port)
            : throw new ArgumentException($"'{target}' names no host and port, for example tcp://nginx-origin:80.", nameof(target));
    }

    public static async ValueTask<IPAddress[]> ResolveAsync(string host, ProbeProgress progress, CancellationToken cancellationToken)
    {
        progress.Stage = ProbeStage.Resolving;
        IPAddress[] addresses = IPAddress.TryParse(host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
        progress.Stage = ProbeStage.Connecting;
        return addresses;
    }

    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, ProbeProgress progress, CancellationToken cancellationToken)
    {
        var addresses = await ResolveAsync(endPoint.Host, progress, cancellationToken).ConfigureAwait(false);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The same through <paramref name="connect"/> where one is given.</summary>
    public static async ValueTask<Stream> ConnectAsync(
        Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? connect,
        DnsEndPoint endPoint,
        ProbeProgress progress,
        CancellationToken cancellationToken)
    {
        progress.Stage = ProbeStage.Connecting;
        var stream = connect is null
            ? await ConnectAsync(endPoint, progress, cancellationToken).ConfigureAwait(false)
            : await connect(endPoint, cancellationToken).ConfigureAwait(false);
        progress.Stage = ProbeStage.Connected;
        return stream;
    }
}
