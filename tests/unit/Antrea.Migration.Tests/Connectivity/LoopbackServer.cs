using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>A TCP server on the loopback address that reads a request's head and then does what it is told.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Socket, CancellationToken, Task> _answer;
    private readonly Task _running;
    private int _connections;
    private int _requests;

    /// <param name="answer">Called for each request; the connection is kept until it returns.</param>
    public LoopbackServer(Func<Socket, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _running = AcceptAsync();
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}/");

    public int Connections => _connections;

    public int Requests => _requests;

    public static LoopbackServer Answering(string response) =>
        new((socket, stop) => socket.SendAsync(Encoding.ASCII.GetBytes(response), stop).AsTask());

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                connections.Add(ServeAsync(socket));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[4096];
            var text = "";
            int read;
            while ((read = await socket.ReceiveAsync(buffer, _stop.Token)) > 0)
            {
                text += Encoding.ASCII.GetString(buffer, 0, read);
                if (text.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                {
                    text = "";
                    Interlocked.Increment(ref _requests);
                    await _answer(socket, _stop.Token);
                }
            }
        }
    }
}
