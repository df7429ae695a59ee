using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>Listens in a namespace for a program of the lab. Where there is none, it answers every HTTP request with who it is and the client's
/// address as it sees it.</summary>
internal sealed class KernelResponder : IAsyncDisposable
{
    private const int Backlog = 512;
    private const int HeadLimit = 2048;

    private readonly CancellationTokenSource _stopped = new();
    private readonly Socket _listener;
    private readonly string _name;
    private readonly Action<Socket>? _serve;
    private readonly Task _accepting;

    /// <param name="space">Where to listen.</param>
    /// <param name="name">Who answers.</param>
    /// <param name="at">A port on every address of a family.</param>
    /// <param name="serve">Takes each connection over; null for the answer of its own.</param>
    public KernelResponder(KernelNamespace space, string name, IPEndPoint at, Action<Socket>? serve)
    {
        _serve = serve;
        _name = name;
        _listener = KernelThread.OpenSocket(space.Handle, ProtocolType.Tcp, at.AddressFamily);
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(at);
        _listener.Listen(Backlog);
        _accepting = AcceptAsync();
    }

    /// <summary>Asks whoever listens at the other end of a connected socket.</summary>
    /// <returns>The answer's text; null when the connection ended without one.</returns>
    public static async Task<string?> AskAsync(Socket socket, CancellationToken cancellationToken)
    {
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        var answer = new byte[HeadLimit];
        var length = 0;
        while (length < answer.Length && await socket.ReceiveAsync(answer.AsMemory(length), cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            length += read;
        }

        return Encoding.ASCII.GetString(answer, 0, length).Split("\r\n\r\n") is [_, { Length: > 0 } body] ? body.TrimEnd() : null;
    }

    /// <summary>The client's address in an answer of a responder's own; null in others.</summary>
    public static IPAddress? SourceIn(string answer) =>
        answer.Split(' ') is [_, var source] && IPAddress.TryParse(source, out var address) ? address : null;

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        _listener.Dispose();
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stopped.Token).ConfigureAwait(false);
                if (_serve is not null)
                {
                    _serve(client);
                    continue;
                }

                serving.RemoveAll(task => task.IsCompleted);
                serving.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            await Task.WhenAll(serving).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var _ = client;
        try
        {
            var seen = ((IPEndPoint)client.RemoteEndPoint!).Address;
            var head = new byte[HeadLimit];
            var length = 0;
            while (head.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
            {
                var read = length == head.Length ? 0 : await client.ReceiveAsync(head.AsMemory(length), _stopped.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    return;
                }

                length += read;
            }

            var body = $"{_name} {seen}\n";
            await client.SendAsync(
                Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"),
                _stopped.Token).ConfigureAwait(false);
            client.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The client is gone.
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // The lab ends.
        }
    }
}
