using System.Net;
using System.Net.Sockets;
using System.Text;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>Real loopback connections that the fabric lets through or not; no test waits.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[CancelAfter(30_000)]
internal sealed class LabNetworkTests : IDisposable
{
    private readonly LeapingTime _time = new();
    private readonly Dictionary<string, TcpListener> _servers = [];
    private readonly FabricTopology _topology;
    private readonly LabNetwork _network;

    public LabNetworkTests()
    {
        _topology = FabricTopology.Build(KernelMeasurements.Small, new() { Time = _time });
        foreach (var (name, pod) in _topology.Pods)
        {
            var server = new TcpListener(IPAddress.Loopback, 0);
            server.Start();
            _servers[name] = server;
            pod.StopListening(_ => true);
            pod.Listen(80, (IPEndPoint)server.LocalEndpoint);
        }

        _topology.Pods["n1m"].Listen(53, protocol: TransportProtocol.Udp);
        _topology.Serve("10.96.0.10", 53, TransportProtocol.Udp, "n1m");
        _topology.Serve("10.96.117.185", 80, TransportProtocol.Tcp, "n2m");
        _network = new LabNetwork(
            _topology.Fabric,
            (podNamespace, service) => (podNamespace, service) == ("default", "nginx-origin") ? IPAddress.Parse("10.96.117.185") : null,
            new IPEndPoint(IPAddress.Parse("10.96.0.10"), 53));
    }

    public void Dispose()
    {
        foreach (var server in _servers.Values)
        {
            server.Dispose();
        }
    }

    [TestCase("nginx-origin", "n2m")]
    [TestCase("NGINX-origin.default", "n2m")]
    [TestCase("nginx-origin.default.svc", "n2m")]
    [TestCase("nginx-origin.default.svc.cluster.local", "n2m")]
    [TestCase("nginx-origin.default.svc.cluster.local.", "n2m")]
    [TestCase("10.96.117.185", "n2m")]
    [TestCase("10.10.72.1", "n2c")]
    public async Task Bytes_reach_the_Pod_the_walk_reached(string host, string server, CancellationToken cancellation)
    {
        var accepting = _servers[server].AcceptTcpClientAsync(cancellation);
        await using var client = await _network.ConnectAsync("default/n1c", host, 80, cancellation);
        using var accepted = await accepting;
        await accepted.GetStream().WriteAsync("hello"u8.ToArray(), cancellation);
        var answer = new byte[5];
        await client.ReadExactlyAsync(answer, cancellation);

        Assert.That(Encoding.ASCII.GetString(answer), Is.EqualTo("hello"));
    }

    [TestCase("nginx-orign")]
    [TestCase("nginx-origin.kube-system")]
    [TestCase("nginx-origin.default.svc.example.org")]
    [TestCase("example.org")]
    public async Task Misspelt_name_is_a_DNS_failure(string host)
    {
        var failure = await FailsAsync("default/n1c", host);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.SocketErrorCode, Is.EqualTo(SocketError.HostNotFound));
            Assert.That(failure.Message, Does.Contain(host));
            Assert.That(_time.Waited, Is.EqualTo(TimeSpan.Zero));
        }
    }

    [Test]
    public async Task Name_is_resolved_relative_to_the_Pods_own_Namespace()
    {
        var pod = new PodNetns("other", "client");
        var network = new LabNetwork(_topology.Fabric, (podNamespace, _) => IPAddress.Parse(podNamespace == "other" ? "10.0.0.1" : "10.0.0.2"), null);

        Assert.That(await network.ResolveAsync(pod, "web", default), Is.EqualTo(IPAddress.Parse("10.0.0.1")));
    }

    [Test]
    public async Task Node_does_not_know_Service_names() =>
        Assert.That((await FailsAsync("n1", "nginx-origin")).SocketErrorCode, Is.EqualTo(SocketError.HostNotFound));

    [Test]
    public async Task DNS_that_cannot_be_reached_is_told_from_a_name_that_does_not_exist()
    {
        _topology.Pods["n2a"].Listen(53, protocol: TransportProtocol.Udp);
        _topology.Serve("10.96.0.10", 53, TransportProtocol.Udp, "n2a");

        var failure = await FailsAsync("default/n1c", "nginx-origin");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.SocketErrorCode, Is.EqualTo(SocketError.TryAgain));
            Assert.That(_time.Waited, Is.EqualTo(2 * LabNetwork.DnsTimeout));
        }
    }

    [TestCase("n1c", "10.10.2.2", SocketError.TimedOut, 127)]
    [TestCase("n1a", "10.10.1.65", SocketError.HostUnreachable, 3)]
    [TestCase("n7", "10.10.72.9", SocketError.NetworkUnreachable, 0)]
    public async Task Failure_is_the_one_that_Linux_gives_and_takes_as_long(string client, string host, SocketError error, int seconds)
    {
        var alone = new HostNetns("n7", IPAddress.Parse("172.18.0.99"), 16);
        _topology.Fabric.Register(alone);

        var failure = await FailsAsync(_topology.Pods.ContainsKey(client) ? $"default/{client}" : client, host);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.SocketErrorCode, Is.EqualTo(error), failure.Message);
            Assert.That(_time.Waited, Is.EqualTo(TimeSpan.FromSeconds(seconds)));
        }
    }

    [Test]
    public async Task Closed_port_is_refused_at_once()
    {
        _topology.Pods["n2c"].StopListening(_ => true);

        Assert.That((await FailsAsync("default/n1c", "10.10.72.1")).SocketErrorCode, Is.EqualTo(SocketError.ConnectionRefused));
    }

    [Test]
    public async Task Impatient_client_is_cancelled_by_its_own_token()
    {
        var standing = FabricTopology.Build(KernelMeasurements.Small, new() { Time = new StandingTime() });
        var network = new LabNetwork(standing.Fabric, (_, _) => null, null);
        using var patience = new CancellationTokenSource();
        var connecting = network.ConnectAsync("default/n1c", "10.10.2.2", 80, patience.Token).AsTask();
        await patience.CancelAsync();

        var failure = await Assert.CatchAsync<OperationCanceledException>(() => connecting);
        Assert.That(failure!.CancellationToken, Is.EqualTo(patience.Token));
    }

    [Test]
    public async Task Connection_to_a_stock_Multus_Pod_takes_its_second(CancellationToken cancellation)
    {
        var stock = FabricTopology.Build(KernelMeasurements.Small, new() { Multus = MultusRoutes.Stock, Time = _time });
        stock.Pods["n2m"].StopListening(_ => true);
        stock.Pods["n2m"].Listen(80, (IPEndPoint)_servers["n2m"].LocalEndpoint);

        await using var client = await new LabNetwork(stock.Fabric, (_, _) => null, null)
            .ConnectAsync("default/n1c", "10.10.72.2", 80, cancellation);

        Assert.That(_time.Waited, Is.EqualTo(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public void Unknown_source_is_the_callers_mistake() =>
        Assert.That(() => _network.Trace("default/nobody", IPAddress.Loopback, 80), Throws.ArgumentException.With.Message.Contains("default/nobody"));

    [Test]
    public void Trace_prints_the_way()
    {
        var lines = _network.Trace("default/n1a", IPAddress.Parse("10.10.4.129"), 80).ToString().Split('\n');

        Assert.That(lines.Select(line => line.TrimEnd()), Is.EqualTo(new[]
        {
            "default/n1a -> 10.10.4.129:80: TimedOut: SYN lost at n4 br-int antrea-tun0: "
                + "EgressMark: new from the tunnel, and no Pod here has 10.10.4.129",
            "SYN      default/n1a eth0                   10.10.1.2:32769 > 10.10.4.129:80           route default via 10.10.1.1 dev eth0",
            "SYN      n1 br-int n1a-ovs                  10.10.1.2:32769 > 10.10.4.129:80           L3Forwarding: 10.10.4.0/24 by tunnel to 172.18.0.14",
            "SYN      n4 br-int antrea-tun0              10.10.1.2:32769 > 10.10.4.129:80           "
                + "LOST: EgressMark: new from the tunnel, and no Pod here has 10.10.4.129",
        }));
    }

    private async Task<SocketException> FailsAsync(string source, string host) =>
        (await Assert.CatchAsync<SocketException>(async () => await _network.ConnectAsync(source, host, 80)))!;
}
