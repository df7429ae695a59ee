using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Benchmarks;

/// <summary>An HTTP server in this process that answers whatever comes with one small page, and allocates for connections only.</summary>
/// <remarks>A thread a connection, and requests that fit one read: what is measured beside it is the client.</remarks>
internal sealed class HelloServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public HelloServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public Uri Url { get; }

    public void Dispose() => _listener.Dispose();

    private static void Serve(Socket socket)
    {
        using (socket)
        {
            socket.NoDelay = true;
            Span<byte> request = stackalloc byte[4096];
            while (socket.Receive(request, SocketFlags.None, out var error) > 0 && error == SocketError.Success)
            {
                socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"u8, SocketFlags.None, out _);
            }
        }
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                new Thread(() => Serve(socket), maxStackSize: 128 * 1024) { IsBackground = true }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The listener was closed.
        }
    }
}
