using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Antrea.Migration.Connectivity;

/// <summary>Asks a DNS server one question over UDP: whether datagrams get there and back, and whether the name resolves.</summary>
/// <remarks>
/// <para><b>Target.</b> <c>dns://server[:53]/name</c>, for AAAA records with <c>?AAAA</c> behind it. One datagram a request and no second
/// try: a lost one is a lost request.</para>
/// <para>An answer with records counts as <see cref="ProbeResponse.Success"/>; one without is a failure by
/// <see cref="ProbeFailureCause.Dns"/>, and so is none in time. Safe for use by several workers.</para>
/// </remarks>
public sealed class DnsProbeTransport : IProbeTransport
{
    private const int Port = 53;
    private const ushort A = 1;
    private const ushort Aaaa = 28;

    /// <inheritdoc/>
    public async Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken)
    {
        var server = ProbeConnector.EndPointOf(target, Port);
        var query = DnsMessage.Query(
            (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), Uri.UnescapeDataString(target.AbsolutePath.TrimStart('/')), TypeOf(target));
        var progress = new ProbeProgress();
        try
        {
            var addresses = await ProbeConnector.ResolveAsync(server.Host, progress, cancellationToken).ConfigureAwait(false);
            using var socket = new Socket(addresses[0].AddressFamily, SocketType.Dgram, ProtocolType.Udp);

            // Connected, so that nobody else's datagrams arrive and a closed port is heard of.
            await socket.ConnectAsync(addresses[0], server.Port, cancellationToken).ConfigureAwait(false);
            progress.Stage = ProbeStage.Resolving;
            await socket.SendAsync(query, cancellationToken).ConfigureAwait(false);
            var answer = new byte[4096];
            int length;
            do
            {
                length = await socket.ReceiveAsync(answer, cancellationToken).ConfigureAwait(false);
            }
            while (!DnsMessage.Answers(answer.AsSpan(0, length), query));

            return DnsMessage.FaultOf(answer) is { } fault ? throw fault : ProbeResponse.Success(length);
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new ProbeInterruptedException(progress.Stage, exception);
        }
    }

    /// <exception cref="ArgumentException">The URL asks for another type.</exception>
    private static ushort TypeOf(Uri target) => target.Query.ToUpperInvariant() switch
    {
        "" or "?A" => A,
        "?AAAA" => Aaaa,
        _ => throw new ArgumentException($"'{target}' asks for neither A nor AAAA records.", nameof(target)),
    };
}
