using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>The web server in a lab Pod: a real loopback socket that answers every request with 200 and a small page.</summary>
/// <remarks>HTTP/1.1, one request a connection, so that each request of a client is a connection the fabric decides on.
/// Disposing it stops accepting, lets the requests under way end, and cuts what is left after a second.</remarks>
internal sealed class PodHttpServer : IAsyncDisposable
{
    private const int MaximumHead = 16 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopped = new();
    private readonly CancellationTokenSource _cut;
    private readonly HashSet<Task> _requests = [];
    private readonly byte[] _answer;
    private readonly Task _accepting;
    private bool _isClosed;

    /// <summary>Starts to listen on a free port.</summary>
    /// <param name="page">The page's text.</param>
    /// <param name="time">The clock of the wait at the end.</param>
    public PodHttpServer(string page, TimeProvider time)
    {
        _cut = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var body = Encoding.UTF8.GetBytes(page);
        _answer =
        [
            .. Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"),
            .. body,
        ];
        _listener.Start(512);
        EndPoint = (IPEndPoint)_listener.LocalEndpoint;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Answers on a connection that came another way; one that comes too late is closed.</summary>
    public void Serve(Socket connection)
    {
        lock (_requests)
        {
            if (!_isClosed)
            {
                Track(ServeAsync(connection));
                return;
            }
        }

        connection.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        Task[] open;
        lock (_requests)
        {
            _isClosed = true;
            open = [.. _requests];
        }

        _cut.CancelAfter(Patience);
        await Task.WhenAll(open).ConfigureAwait(false);
        _stopped.Dispose();
        _cut.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Track(ServeAsync(await _listener.AcceptSocketAsync(_stopped.Token).ConfigureAwait(false)));
            }
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            _listener.Stop();
        }
    }

    private void Track(Task request)
    {
        lock (_requests)
        {
            _requests.Add(request);
        }

        request.ContinueWith(
            done =>
            {
                lock (_requests)
                {
                    _requests.Remove(done);
                }
            },
            TaskScheduler.Default);
    }

    private async Task ServeAsync(Socket socket)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaximumHead);
        try
        {
            using (socket)
            {
                var length = 0;
                while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
                {
                    var read = length == MaximumHead
                        ? 0
                        : await socket.ReceiveAsync(buffer.AsMemory(length, MaximumHead - length), _cut.Token).ConfigureAwait(false);
                    if (read == 0)
                    {
                        return;
                    }

                    length += read;
                }

                await socket.SendAsync(_answer, _cut.Token).ConfigureAwait(false);
                socket.Shutdown(SocketShutdown.Send);

                // Closing with unread input would reset the connection before the client has read the answer.
                while (await socket.ReceiveAsync(buffer, _cut.Token).ConfigureAwait(false) > 0)
                {
                }
            }
        }
        catch (SocketException)
        {
            // The client is gone; nobody is left to tell.
        }
        catch (OperationCanceledException) when (_cut.IsCancellationRequested)
        {
            // The Pod ended while a client was slow.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
