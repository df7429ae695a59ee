using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antrea.Migration.IntegrationTests.Connectivity;

/// <summary>An HTTP server on the loopback address that can be frozen: connections are still made and requests still taken, but nothing is
/// answered until it thaws; then everything is.</summary>
internal sealed class FrozenServer : IAsyncDisposable
{
    private static readonly byte[] Hello = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _running;
    private volatile TaskCompletionSource? _thawed;
    private int _answered;

    public FrozenServer()
    {
        _listener.Start(1024);
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _running = AcceptAsync();
    }

    public Uri Url { get; }

    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Answers nothing for a time; says how long it was on this machine.</summary>
    public async Task<TimeSpan> FreezeAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var frozen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _thawed = frozen;
        var since = Stopwatch.GetTimestamp();
        await Task.Delay(time, cancellationToken);
        var took = Stopwatch.GetElapsedTime(since);
        _thawed = null;
        frozen.SetResult();
        return took;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            _connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            var request = new byte[4096];
            while (await socket.ReceiveAsync(request, _stop.Token) > 0)
            {
                if (_thawed is { } thawed)
                {
                    await thawed.Task.WaitAsync(_stop.Token);
                }

                await socket.SendAsync(Hello, _stop.Token);
                Interlocked.Increment(ref _answered);
            }
        }
    }
}
