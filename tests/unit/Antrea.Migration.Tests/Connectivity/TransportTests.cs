using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Connectivity;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>Raw TCP, a TCP stream that stays, and DNS, over real sockets on the loopback address.</summary>
public class TransportTests
{
    private static Task<ProbeOutcome> Probe(IProbeTransport transport, string target) => ProbeExchange.SendAsync(
        transport, new Uri(target), TimeSpan.FromSeconds(30), TimeProvider.System, CancellationToken.None);

    private static async Task<ProbeOutcome> ProbeUntilTimeUp(IProbeTransport transport, string target, Task reached)
    {
        var time = new FakeTimeProvider();
        var probing = ProbeExchange.SendAsync(transport, new Uri(target), TimeSpan.FromSeconds(2), time, CancellationToken.None);
        await reached;
        InlineTime.Run(() => time.Advance(TimeSpan.FromSeconds(2)));
        return await probing;
    }

    [Test]
    public async Task Tcp_APortThatListens_IsReached()
    {
        await using var server = LoopbackServer.Answering("");
        Assert.That(await Probe(new TcpConnectProbeTransport(), $"tcp://127.0.0.1:{server.Port}"), Is.EqualTo(ProbeOutcome.Success));
    }

    [Test]
    public async Task Tcp_APortNobodyListensOn_IsRefused() =>
        Assert.That((await Probe(new TcpConnectProbeTransport(), $"tcp://127.0.0.1:{await ClosedPort()}")).Cause, Is.EqualTo(ProbeFailureCause.Refused));

    [Test]
    public async Task Tcp_ANameThatDoesNotExist_IsDns() =>
        Assert.That((await Probe(new TcpConnectProbeTransport(), "tcp://nginx-orign.invalid:80")).Cause, Is.EqualTo(ProbeFailureCause.Dns));

    [Test]
    public async Task Tcp_AUrlWithoutPort_IsRefusedByName() =>
        Assert.That((await Probe(new TcpConnectProbeTransport(), "tcp://nginx-origin")).Detail, Does.Contain("names no host and port"));

    [Test]
    public async Task Stream_Requests_ShareOneConnection()
    {
        await using var server = new EchoServer();
        await using var transport = new TcpStreamProbeTransport();
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await Probe(transport, server.Url), Is.EqualTo(ProbeOutcome.Success));
        }

        Assert.That(server.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task Stream_RequestsAtOnce_GetEachTheirOwnBytes()
    {
        await using var server = new EchoServer();
        await using var transport = new TcpStreamProbeTransport();
        var all = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Probe(transport, server.Url)));
        Assert.That(all, Is.All.EqualTo(ProbeOutcome.Success));
        Assert.That(server.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task Stream_AConnectionThatIsReset_FailsAndIsMadeAnew()
    {
        await using var server = new EchoServer();
        await using var transport = new TcpStreamProbeTransport();
        Assert.That(await Probe(transport, server.Url), Is.EqualTo(ProbeOutcome.Success));
        server.IsMute = true;
        var waiting = Probe(transport, server.Url);
        await server.ReachedWhileMute;
        server.ResetAll();
        server.IsMute = false;
        Assert.That((await waiting).Cause, Is.EqualTo(ProbeFailureCause.Reset));
        Assert.That(await Probe(transport, server.Url), Is.EqualTo(ProbeOutcome.Success));
        Assert.That(server.Connections, Is.EqualTo(2));
    }

    [Test]
    public async Task Stream_AServerThatGoesMute_IsATimeoutAndKeepsTheConnection()
    {
        await using var server = new EchoServer { IsMute = true };
        await using var transport = new TcpStreamProbeTransport();
        Assert.That(
            await ProbeUntilTimeUp(transport, server.Url, server.ReachedWhileMute),
            Is.EqualTo(new ProbeOutcome(ProbeFailureCause.Timeout, "connected, but no complete response within 2s")));
        server.IsMute = false;
        Assert.That(await Probe(transport, server.Url), Is.EqualTo(ProbeOutcome.Success), "the late bytes come first and are forgotten");
        Assert.That(server.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task Stream_AServerThatSendsOtherBytes_IsOther()
    {
        await using var server = new EchoServer { Change = true };
        await using var transport = new TcpStreamProbeTransport();
        var outcome = await Probe(transport, server.Url);
        Assert.That((outcome.Cause, outcome.Detail.Contains("no echo server", StringComparison.Ordinal)), Is.EqualTo((ProbeFailureCause.Other, true)));
    }

    [TestCase(0, 1, ProbeFailureCause.None)]
    [TestCase(0, 0, ProbeFailureCause.Dns, TestName = "Dns_ANameWithoutRecords_IsDns")]
    [TestCase(3, 0, ProbeFailureCause.Dns, TestName = "Dns_ANameThatDoesNotExist_IsDns")]
    [TestCase(2, 0, ProbeFailureCause.Dns, TestName = "Dns_AServerThatFails_IsDns")]
    public async Task Dns_AnAnswer_IsJudgedByItsCode(int code, int answers, ProbeFailureCause expected)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var probing = Probe(new DnsProbeTransport(), $"dns://127.0.0.1:{((IPEndPoint)server.LocalEndPoint!).Port}/nginx-origin.default.svc.cluster.local");
        var query = new byte[512];
        var asked = await server.ReceiveFromAsync(query, new IPEndPoint(IPAddress.Any, 0));
        var answer = query[..asked.ReceivedBytes];
        await server.SendToAsync(answer, asked.RemoteEndPoint);
        answer[2] |= 0x80;
        answer[0] ^= 0xFF;
        await server.SendToAsync(answer, asked.RemoteEndPoint);
        answer[0] ^= 0xFF;
        answer[3] = (byte)code;
        answer[7] = (byte)answers;
        await server.SendToAsync(answer, asked.RemoteEndPoint);
        Assert.That((await probing).Cause, Is.EqualTo(expected));
        Assert.That(System.Text.Encoding.ASCII.GetString(query), Does.Contain("\u000cnginx-origin\u0007default\u0003svc\u0007cluster\u0005local\0\0\u0001\0\u0001"));
    }

    [Test]
    public async Task Dns_AServerThatDoesNotAnswer_IsDnsByItsStage()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var reached = server.ReceiveAsync(new byte[512]);
        Assert.That(
            await ProbeUntilTimeUp(new DnsProbeTransport(), $"dns://127.0.0.1:{((IPEndPoint)server.LocalEndPoint!).Port}/nginx-origin", reached),
            Is.EqualTo(new ProbeOutcome(ProbeFailureCause.Dns, "name not resolved within 2s")));
    }

    [Test]
    public async Task Dns_APortNobodyListensOn_IsRefused()
    {
        int port;
        using (var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)server.LocalEndPoint!).Port;
        }

        Assert.That((await Probe(new DnsProbeTransport(), $"dns://127.0.0.1:{port}/nginx-origin")).Cause, Is.EqualTo(ProbeFailureCause.Refused));
    }

    [TestCase("dns://127.0.0.1/", "is no DNS name")]
    [TestCase("dns://127.0.0.1/a..b", "is no DNS name")]
    [TestCase("dns://127.0.0.1/nginx?MX", "neither A nor AAAA")]
    public async Task Dns_AQuestionThatCannotBeAsked_IsNamed(string target, string message) =>
        Assert.That((await Probe(new DnsProbeTransport(), target)).Detail, Does.Contain(message));

    private static async Task<int> ClosedPort()
    {
        var server = LoopbackServer.Answering("");
        await server.DisposeAsync();
        return server.Port;
    }

    /// <summary>Sends back what it gets, at once or when it is no longer mute.</summary>
    private sealed class EchoServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly TaskCompletionSource _reachedWhileMute = new();
        private readonly List<Socket> _sockets = [];
        private readonly Task _running;
        private readonly MemoryStream _heldBack = new();
        private int _connections;

        public EchoServer()
        {
            _listener.Start();
            _running = AcceptAsync();
        }

        public string Url => $"stream://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

        public int Connections => _connections;

        public bool IsMute { get; set; }

        public bool Change { get; init; }

        public Task ReachedWhileMute => _reachedWhileMute.Task;

        public void ResetAll()
        {
            foreach (var socket in _sockets)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Dispose();
            }

            _sockets.Clear();
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ResetAll();
            _listener.Dispose();
            _stop.Dispose();
            await _heldBack.DisposeAsync();
        }

        private async Task AcceptAsync()
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _sockets.Add(socket);
                _connections++;
                _ = EchoAsync(socket);
            }
        }

        private async Task EchoAsync(Socket socket)
        {
            var buffer = new byte[4096];
            try
            {
                int read;
                while ((read = await socket.ReceiveAsync(buffer, _stop.Token)) > 0)
                {
                    buffer[read - 1] ^= Change ? (byte)1 : (byte)0;
                    _heldBack.Write(buffer, 0, read);
                    if (IsMute)
                    {
                        _reachedWhileMute.TrySetResult();
                        continue;
                    }

                    await socket.SendAsync(_heldBack.ToArray(), _stop.Token);
                    _heldBack.SetLength(0);
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Reset, or the test is over.
            }
            finally
            {
                _heldBack.SetLength(0);
            }
        }
    }
}
