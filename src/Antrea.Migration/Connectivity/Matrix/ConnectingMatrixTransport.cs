using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Connectivity;

/// <summary>Opens connections by a function of the caller's: in process, as a lab does.</summary>
public sealed class ConnectingMatrixTransport : IMatrixTransport
{
    private readonly Func<MatrixEndpoint, DnsEndPoint, CancellationToken, ValueTask<Stream>> _connect;
    private readonly TimeProvider _time;

    /// <summary>Creates the transport.</summary>
    /// <param name="connect">Opens a stream from an endpoint to a target. A failure is a
    /// <see cref="System.Net.Sockets.SocketException"/> with the code a socket would give; <see cref="ArgumentException"/> and
    /// <see cref="IOException"/> mean that nothing can be opened from there.</param>
    /// <param name="time">The clock of the time-out; null for the system's.</param>
    public ConnectingMatrixTransport(Func<MatrixEndpoint, DnsEndPoint, CancellationToken, ValueTask<Stream>> connect, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(connect);
        (_connect, _time) = (connect, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProbeOutcome>> TryAsync(
        MatrixEndpoint source, ImmutableArray<DnsEndPoint> targets, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        return [.. await Task.WhenAll(targets.Select(t => TryAsync(source, t, timeout, cancellationToken))).ConfigureAwait(false)];
    }

    private async Task<ProbeOutcome> TryAsync(MatrixEndpoint source, DnsEndPoint target, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var stream = await _connect(source, target, linked.Token).ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            return ProbeOutcome.Success;
        }
        catch (Exception e) when (e is ArgumentException or IOException { InnerException: null })
        {
            throw new MigrationException(e.Message, "Look whether the Pod still runs, then run the command again.", e);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return e is OperationCanceledException
                ? ProbeJudge.Judge(new ProbeInterruptedException(ProbeStage.Connecting, (OperationCanceledException)e), timeout)
                : ProbeJudge.Judge(e, timeout);
        }
    }
}
