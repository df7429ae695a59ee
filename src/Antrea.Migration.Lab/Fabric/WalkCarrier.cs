using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>The walk decides, and a loopback socket carries the bytes.</summary>
/// <param name="fabric">What is walked.</param>
internal sealed class WalkCarrier(SimulatedFabric fabric) : IConnectionCarrier
{
    /// <summary>How long the kernel waits for an answer to each SYN: each repetition meets the network as it is then.</summary>
    private static readonly ImmutableArray<TimeSpan> SynWaits = [.. Enumerable.Range(0, 7).Select(i => TimeSpan.FromSeconds(1 << i))];

    public Task CaughtUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask<Stream> ConnectAsync(NetworkNamespace source, IPEndPoint destination, CancellationToken cancellationToken)
    {
        var verdict = Walk(source, destination);
        for (var i = 0; i < SynWaits.Length && verdict.Outcome == ConnectionOutcome.TimedOut; i++)
        {
            await Task.Delay(SynWaits[i], fabric.Time, cancellationToken).ConfigureAwait(false);
            verdict = i < SynWaits.Length - 1 ? Walk(source, destination) : verdict;
        }

        if (verdict.Delay > TimeSpan.Zero)
        {
            await Task.Delay(verdict.Delay, fabric.Time, cancellationToken).ConfigureAwait(false);
        }

        return verdict.Outcome == ConnectionOutcome.Delivered
            ? await OpenAsync(verdict, cancellationToken).ConfigureAwait(false)
            : throw Failure(verdict);
    }

    public Task<bool> AnswersAsync(NetworkNamespace source, IPEndPoint destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        var verdict = Walk(source, destination);
        return Task.FromResult(verdict.Outcome == ConnectionOutcome.Delivered && verdict.Delay < patience);
    }

    public async Task<string?> ExchangeAsync(
        NetworkNamespace source, IPEndPoint destination, TimeSpan patience, CancellationToken cancellationToken)
    {
        var verdict = fabric.Connect(source, destination.Address, destination.Port, TransportProtocol.Udp);
        if (verdict.Outcome == ConnectionOutcome.TimedOut)
        {
            await Task.Delay(patience, fabric.Time, cancellationToken).ConfigureAwait(false);
        }

        return verdict.Outcome == ConnectionOutcome.Delivered ? null : verdict.Reason ?? verdict.Outcome.ToString();
    }

    private ConnectionVerdict Walk(NetworkNamespace source, IPEndPoint destination) =>
        fabric.Connect(source, destination.Address, destination.Port);

    private static async ValueTask<Stream> OpenAsync(ConnectionVerdict verdict, CancellationToken cancellationToken)
    {
        if (verdict.Listener?.EndPoint is not { } endPoint)
        {
            throw new InvalidOperationException(
                $"{verdict.Receiver} listens for walks only, behind {verdict.Requested}: it has no loopback socket.");
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SocketException Failure(ConnectionVerdict verdict)
    {
        var error = verdict.Outcome switch
        {
            ConnectionOutcome.Refused => SocketError.ConnectionRefused,
            ConnectionOutcome.HostUnreachable => SocketError.HostUnreachable,
            ConnectionOutcome.NoRoute => SocketError.NetworkUnreachable,
            _ => SocketError.TimedOut,
        };
        return new SocketException((int)error, $"{verdict.Source} -> {verdict.Requested}: {verdict.Reason}");
    }
}
