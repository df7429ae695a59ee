using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <content>Sockets inside the namespaces.</content>
internal sealed partial class KernelFabric
{
    private static readonly byte[] Query = "lab"u8.ToArray();

    /// <summary>Sends one HTTP request on a connection of its own, as a program in <paramref name="source"/> would.</summary>
    /// <param name="source">A Pod or Node of the model.</param>
    /// <param name="destination">The address asked for.</param>
    /// <param name="port">1–65535.</param>
    /// <param name="patience">How long the client waits; longer than <see cref="ArpTime"/>, or EHOSTUNREACH looks like a time-out.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<KernelProbe> ProbeAsync(
        NetworkNamespace source, IPAddress destination, int port, TimeSpan patience, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var socket = Open(source, ProtocolType.Tcp, destination);
        limit.CancelAfter(patience);
        var started = TimeProvider.System.GetTimestamp();
        var isConnected = false;
        try
        {
            await socket.ConnectAsync(new IPEndPoint(destination, port), limit.Token).ConfigureAwait(false);
            isConnected = true;
            return await KernelResponder.AskAsync(socket, limit.Token).ConfigureAwait(false) is { } answer
                ? Ended(ConnectionOutcome.Delivered, SocketError.Success) with { Receiver = answer.Split(' ')[0], SourceSeen = KernelResponder.SourceIn(answer) }
                : Ended(ConnectionOutcome.TimedOut, SocketError.ConnectionReset);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Ended(ConnectionOutcome.TimedOut, SocketError.TimedOut);
        }
        catch (SocketException e)
        {
            return Ended(OutcomeOf(e.SocketErrorCode, isConnected), e.SocketErrorCode);
        }

        KernelProbe Ended(ConnectionOutcome outcome, SocketError error) =>
            new(outcome, TimeProvider.System.GetElapsedTime(started), null, null, error);
    }

    /// <summary>Sends one HTTP request, and hears every namespace meanwhile.</summary>
    /// <param name="source">A Pod or Node of the model.</param>
    /// <param name="destination">An address and a port.</param>
    /// <param name="patience">How long the client waits.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<LiveTrace> CaptureAsync(
        NetworkNamespace source, IPEndPoint destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var capture = await KernelCapture.StartAsync(_spaces.All, cancellationToken).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var socket = Open(source, ProtocolType.Tcp, destination.Address);
        socket.Bind(new IPEndPoint(AnyOf(destination.Address), 0));
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        limit.CancelAfter(patience);
        var started = TimeProvider.System.GetTimestamp();
        var isConnected = false;
        ConnectionOutcome outcome;
        try
        {
            await socket.ConnectAsync(destination, limit.Token).ConfigureAwait(false);
            isConnected = true;
            outcome = await KernelResponder.AskAsync(socket, limit.Token).ConfigureAwait(false) is null ? ConnectionOutcome.TimedOut : ConnectionOutcome.Delivered;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            outcome = ConnectionOutcome.TimedOut;
        }
        catch (SocketException e)
        {
            outcome = OutcomeOf(e.SocketErrorCode, isConnected);
        }

        var duration = TimeProvider.System.GetElapsedTime(started);
        socket.Dispose();
        return new LiveTrace(source.Name, destination, outcome, duration, capture.Drain(port));
    }

    public async ValueTask<Stream> ConnectAsync(NetworkNamespace source, IPEndPoint destination, CancellationToken cancellationToken)
    {
        var socket = Open(source, ProtocolType.Tcp, destination.Address);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(destination, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async Task<bool> AnswersAsync(NetworkNamespace source, IPEndPoint destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            await (await ConnectAsync(source, destination, limit.Token).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public async Task<string?> ExchangeAsync(
        NetworkNamespace source, IPEndPoint destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            using var socket = Open(source, ProtocolType.Udp, destination.Address);

            // In turn: a port that was used just now would still lead to an endpoint that has gone. kube-proxy makes conntrack forget those.
            socket.Bind(new IPEndPoint(AnyOf(destination.Address), _model.NextPort()));
            await socket.ConnectAsync(destination, limit.Token).ConfigureAwait(false);
            await socket.SendAsync(Query, limit.Token).ConfigureAwait(false);
            await socket.ReceiveAsync(new byte[Query.Length], limit.Token).ConfigureAwait(false);
            return null;
        }
        catch (SocketException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "nothing comes back";
        }
    }

    /// <exception cref="SocketException">The Pod or Node is not there, or not any more.</exception>
    private Socket Open(NetworkNamespace source, ProtocolType protocol, IPAddress destination)
    {
        if (_spaces.Find(source) is { } space)
        {
            try
            {
                return KernelThread.OpenSocket(space.Handle, protocol, destination.AddressFamily);
            }
            catch (ObjectDisposedException)
            {
                // Its namespace was removed just now.
            }
        }

        throw new SocketException((int)SocketError.NetworkUnreachable, $"{source.Name} has no network");
    }

    private static IPAddress AnyOf(IPAddress destination) => LayoutWords.IsIPv6(destination) ? IPAddress.IPv6Any : IPAddress.Any;

    private static ConnectionOutcome OutcomeOf(SocketError error, bool isConnected) => error switch
    {
        SocketError.ConnectionRefused when !isConnected => ConnectionOutcome.Refused,
        SocketError.HostUnreachable => ConnectionOutcome.HostUnreachable,
        SocketError.NetworkUnreachable or SocketError.InvalidArgument or SocketError.AccessDenied => ConnectionOutcome.NoRoute,
        _ => ConnectionOutcome.TimedOut,
    };
}
