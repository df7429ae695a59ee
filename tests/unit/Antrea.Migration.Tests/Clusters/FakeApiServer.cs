using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using k8s;

namespace Antrea.Migration.Tests.Clusters;

/// <summary>What the fake answers.</summary>
internal sealed record FakeAnswer(string Body, int Status = 200, string? RetryAfter = null);

/// <summary>An API server on the loopback that answers what a test tells it to.</summary>
internal sealed class FakeApiServer : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Func<string, FakeAnswer?> _answer;
    private readonly Task _serving;

    /// <summary>Starts serving; null means 404.</summary>
    public FakeApiServer(Func<string, FakeAnswer?> answer)
    {
        _answer = answer;
        (_listener, Address) = Listen();
        _serving = Task.Run(ServeAsync);
        Client = new Kubernetes(new KubernetesClientConfiguration { Host = Address, AccessToken = "secret-token" });
    }

    public string Address { get; }

    public Kubernetes Client { get; }

    /// <summary>Path and query of every request, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>The credentials of every request.</summary>
    public ConcurrentQueue<string?> Credentials { get; } = [];

    public void Dispose()
    {
        Client.Dispose();
        _listener.Close();
        _serving.Wait();
    }

    private static (HttpListener Listener, string Address) Listen()
    {
        // HttpListener cannot choose a port itself; the one found may be taken in between, so more than one is tried.
        for (var attempt = 0; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add(address);
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (attempt < 10)
            {
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                await AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The listener was closed, or the client went away before it had its answer: the loop's condition tells.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var path = context.Request.RawUrl!.TrimStart('/');
        Requests.Enqueue(path);
        Credentials.Enqueue(context.Request.Headers["Authorization"]);
        var answer = _answer(path) ?? new FakeAnswer("""{"kind":"Status","message":"the server could not find it","reason":"NotFound","code":404}""", 404);
        context.Response.StatusCode = answer.Status;
        if (answer.RetryAfter is { } wait)
        {
            context.Response.AddHeader("Retry-After", wait);
        }

        context.Response.ContentType = "application/json";
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.Body));
        context.Response.Close();
    }
}

/// <summary>A clock whose waits are over at once, and which remembers how long they would have been.</summary>
internal sealed class ImpatientTimeProvider : TimeProvider
{
    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.Zero)
        {
            Waits.Enqueue(dueTime);
        }

        return base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
    }
}
