using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Connectivity;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>Real sockets on the loopback address, real faults.</summary>
public class HttpProbeTransportTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static Task<ProbeOutcome> Probe(IProbeTransport transport, Uri target, double timeoutSeconds = 30) =>
        ProbeExchange.SendAsync(
            transport, target, TimeSpan.FromSeconds(timeoutSeconds), TimeProvider.System, CancellationToken.None);

    /// <summary>Lets the time limit pass as soon as the request has got as far as <paramref name="reached"/> says.</summary>
    private static async Task<ProbeOutcome> ProbeUntilTimeUp(IProbeTransport transport, Uri target, Task reached)
    {
        var time = new FakeTimeProvider();
        var probing = ProbeExchange.SendAsync(transport, target, TimeSpan.FromSeconds(2), time, CancellationToken.None);
        await reached;
        InlineTime.Run(() => time.Advance(TimeSpan.FromSeconds(2)));
        return await probing;
    }

    [Test]
    public async Task SendAsync_ACompleteResponse_HasItsStatusAndLength()
    {
        await using var server = LoopbackServer.Answering(Hello);
        using var transport = new HttpProbeTransport();
        Assert.That(
            await transport.SendAsync(server.Url, CancellationToken.None), Is.EqualTo(new ProbeResponse(200, 5)));
    }

    [Test]
    public async Task SendAsync_ByDefault_MakesAConnectionForEachRequest()
    {
        await using var server = LoopbackServer.Answering(Hello);
        using var transport = new HttpProbeTransport();
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await Probe(transport, server.Url), Is.EqualTo(ProbeOutcome.Success));
        }

        Assert.That((server.Connections, server.Requests), Is.EqualTo((3, 3)));
    }

    [Test]
    public async Task SendAsync_ReusingConnections_MakesOneForAll()
    {
        await using var server = LoopbackServer.Answering(Hello);
        using var transport = new HttpProbeTransport(reuseConnections: true);
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await Probe(transport, server.Url), Is.EqualTo(ProbeOutcome.Success));
        }

        Assert.That((server.Connections, server.Requests), Is.EqualTo((1, 3)));
    }

    [Test]
    public async Task SendAsync_WithAConnectFunction_GivesItTheNameUnresolved()
    {
        await using var server = LoopbackServer.Answering(Hello);
        DnsEndPoint? asked = null;
        using var transport = new HttpProbeTransport(async (endPoint, cancellationToken) =>
        {
            asked = endPoint;
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, server.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        });
        var outcome = await Probe(transport, new Uri("http://nginx-origin"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcome, Is.EqualTo(ProbeOutcome.Success));
            Assert.That((asked!.Host, asked.Port), Is.EqualTo(("nginx-origin", 80)));
        }
    }

    [Test]
    public async Task SendAsync_ANameThatDoesNotExist_IsDns()
    {
        // RFC 6761: no resolver may ever find it. One that does not answer at all is a DNS failure too, by its stage.
        using var transport = new HttpProbeTransport();
        var outcome = await Probe(transport, new Uri("http://nginx-orign.invalid"), timeoutSeconds: 2);
        Assert.That(outcome.Cause, Is.EqualTo(ProbeFailureCause.Dns), outcome.Detail);
    }

    [Test]
    public async Task SendAsync_AConnectFunctionThatFindsNoHost_IsDns()
    {
        using var transport = new HttpProbeTransport(
            (_, _) => throw new SocketException((int)SocketError.HostNotFound));
        Assert.That((await Probe(transport, new Uri("http://nginx-orign"))).Cause, Is.EqualTo(ProbeFailureCause.Dns));
    }

    [Test]
    public async Task SendAsync_APortNobodyListensOn_IsRefused()
    {
        var server = LoopbackServer.Answering(Hello);
        var url = server.Url;
        await server.DisposeAsync();
        using var transport = new HttpProbeTransport();
        Assert.That((await Probe(transport, url)).Cause, Is.EqualTo(ProbeFailureCause.Refused));
    }

    [Test]
    public async Task SendAsync_AServerThatResets_IsReset()
    {
        await using var server = new LoopbackServer((socket, _) =>
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Close();
            return Task.CompletedTask;
        });
        using var transport = new HttpProbeTransport();
        Assert.That((await Probe(transport, server.Url)).Cause, Is.EqualTo(ProbeFailureCause.Reset));
    }

    [TestCase("", TestName = "SendAsync_AServerThatClosesWithoutAWord_IsReset")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", TestName = "SendAsync_ABodyThatBreaksOff_IsReset")]
    public async Task SendAsync_AResponseThatBreaksOff_IsReset(string response)
    {
        await using var server = new LoopbackServer(async (socket, stop) =>
        {
            await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(response), stop);
            socket.Shutdown(SocketShutdown.Send);
        });
        using var transport = new HttpProbeTransport();
        var outcome = await Probe(transport, server.Url);
        Assert.That(outcome.Cause, Is.EqualTo(ProbeFailureCause.Reset), outcome.Detail);
    }

    [Test]
    public async Task SendAsync_AServerThatSpeaksGarbage_IsOther()
    {
        await using var server = LoopbackServer.Answering("220 mail.example ESMTP\r\n\r\n");
        using var transport = new HttpProbeTransport();
        Assert.That((await Probe(transport, server.Url)).Cause, Is.EqualTo(ProbeFailureCause.Other));
    }

    [Test]
    public async Task SendAsync_A500_IsItsStatus()
    {
        await using var server = LoopbackServer.Answering("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
        using var transport = new HttpProbeTransport();
        Assert.That(
            await Probe(transport, server.Url), Is.EqualTo(new ProbeOutcome(ProbeFailureCause.HttpStatus, "HTTP 500")));
    }

    [Test]
    public async Task SendAsync_AServerThatNeverAnswers_IsATimeoutAfterConnecting()
    {
        var reached = new TaskCompletionSource();
        await using var server = new LoopbackServer(async (_, stop) =>
        {
            reached.SetResult();
            await Task.Delay(Timeout.Infinite, stop);
        });
        using var transport = new HttpProbeTransport();
        Assert.That(await ProbeUntilTimeUp(transport, server.Url, reached.Task), Is.EqualTo(
            new ProbeOutcome(ProbeFailureCause.Timeout, "connected, but no complete response within 2s")));
    }

    [Test]
    public async Task SendAsync_ABodyThatStalls_IsATimeout()
    {
        var reached = new TaskCompletionSource();
        await using var server = new LoopbackServer(async (socket, stop) =>
        {
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"u8.ToArray(), stop);
            reached.SetResult();
            await Task.Delay(Timeout.Infinite, stop);
        });
        using var transport = new HttpProbeTransport();
        Assert.That(await ProbeUntilTimeUp(transport, server.Url, reached.Task), Is.EqualTo(
            new ProbeOutcome(ProbeFailureCause.Timeout, "connected, but no complete response within 2s")));
    }

    [Test]
    public async Task SendAsync_AConnectionThatIsNeverMade_IsATimeoutAndTheAttemptEndsWithIt()
    {
        var reached = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        using var transport = new HttpProbeTransport(async (_, cancellationToken) =>
        {
            using var registration = cancellationToken.Register(ended.SetResult);
            reached.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return Stream.Null;
        });
        var outcome = await ProbeUntilTimeUp(transport, new Uri("http://10.10.5.2"), reached.Task);
        await ended.Task;
        Assert.That(outcome, Is.EqualTo(new ProbeOutcome(ProbeFailureCause.Timeout, "no connection within 2s")));
    }

    [Test]
    public async Task SendAsync_AnAttemptThatFailsWithTheTimeLimitBeforeTheRequestDoes_IsATimeout()
    {
        // The attempt goes on inside the cancellation, so that its failure reaches the request first, as an
        // HttpRequestException around the cancellation. Seen with a resolver that lost queries.
        var reached = new TaskCompletionSource();
        using var transport = new HttpProbeTransport(async (_, cancellationToken) =>
        {
            var never = new TaskCompletionSource<Stream>();
            using var registration = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
            reached.SetResult();
            return await never.Task.ConfigureAwait(false);
        });
        var outcome = await ProbeUntilTimeUp(transport, new Uri("http://nginx-origin"), reached.Task);
        Assert.That(outcome, Is.EqualTo(new ProbeOutcome(ProbeFailureCause.Timeout, "no connection within 2s")));
    }

    [Test]
    public async Task SendAsync_APlainAnswerWhereTlsIsExpected_IsTls()
    {
        using var transport = new HttpProbeTransport(
            (_, _) => ValueTask.FromResult<Stream>(new CannedStream("HTTP/1.1 400 Bad Request\r\n\r\n")));
        var outcome = await Probe(transport, new Uri("https://nginx-origin"));
        Assert.That(outcome.Cause, Is.EqualTo(ProbeFailureCause.Tls), outcome.Detail);
    }

    [Test]
    public async Task ProbeAsync_OverRealSocketsAndTheRealClock_ReachesEveryRequest()
    {
        await using var server = LoopbackServer.Answering(Hello);
        using var transport = new HttpProbeTransport();
        var options = new ProbeOptions
        {
            Target = server.Url,
            Workers = 4,
            Requests = 40,
            Interval = TimeSpan.FromMilliseconds(1),
            Timeout = TimeSpan.FromSeconds(30),
        };
        var result = await new ConnectivityProber(options, transport).ProbeAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Failures, Is.Empty);
            Assert.That(result.Total, Is.InRange(40, 43), "three others can be in flight when the fortieth ends");
            Assert.That(server.Requests, Is.EqualTo(result.Total));
        }
    }

    /// <summary>Takes whatever is written and answers with a fixed text.</summary>
    private sealed class CannedStream(string text) : MemoryStream(System.Text.Encoding.ASCII.GetBytes(text), writable: false)
    {
        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.CompletedTask;
    }
}
