using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>What became of one request through the kernel.</summary>
/// <param name="Outcome">How it ended for the client; <see cref="ConnectionOutcome.TimedOut"/> also for a connection that came about and was
/// reset then.</param>
/// <param name="Duration">From the first SYN to the answer or the error.</param>
/// <param name="Receiver">Who answered, by its own word; null when nobody did.</param>
/// <param name="SourceSeen">The client's address as the receiver saw it; null when nobody answered.</param>
/// <param name="Error">The socket's error; <see cref="SocketError.Success"/> when there was none, <see cref="SocketError.TimedOut"/> also when
/// the client's patience ended.</param>
internal sealed record KernelProbe(
    ConnectionOutcome Outcome, TimeSpan Duration, string? Receiver, IPAddress? SourceSeen, SocketError Error)
{
    public override string ToString() => Receiver is null
        ? $"{Outcome} ({Error}) after {Duration.TotalSeconds:0.00} s"
        : $"{Outcome}, at {Receiver}, which sees {SourceSeen}, after {Duration.TotalSeconds:0.00} s";
}
