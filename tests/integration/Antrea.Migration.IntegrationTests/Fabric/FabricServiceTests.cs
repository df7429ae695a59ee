using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>ClusterIPs through kube-proxy and AntreaProxy, policies, and Nodes that are off.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FabricServiceTests
{
    private const string ClusterIP = "10.96.117.185";

    /// <summary>A client, the Service's endpoint, whether they meet, and which proxy did it.</summary>
    private static readonly (string Client, string Endpoint, bool Works, string Proxied)[] Table =
    [
        ("n1c", "n2c", true, "kube-proxy: DNAT to 10.10.72.1:80"),
        ("n1c", "n1c", true, "kube-proxy: DNAT to 10.10.39.193:80"),
        ("n1c", "n1a", true, "kube-proxy: DNAT to 10.10.1.2:80"),
        ("n1c", "n2a", false, "kube-proxy: DNAT to 10.10.2.2:80"),
        ("n1a", "n2a", true, "AntreaProxy: DNAT to 10.10.2.2:80"),
        ("n1a", "n1a", true, "AntreaProxy: DNAT to 10.10.1.2:80"),
        ("n1a", "n2c", true, "AntreaProxy: DNAT to 10.10.72.1:80"),
        ("n1a", "n1c", true, "AntreaProxy: DNAT to 10.10.39.193:80"),
        ("n1a", "n3c", false, "AntreaProxy: DNAT to 10.10.4.129:80"),
        ("n2m", "n1a", true, "AntreaProxy: DNAT to 10.10.1.2:80"),
        ("n2m", "n1c", true, "AntreaProxy: DNAT to 10.10.39.193:80"),
        ("n1", "n2a", true, "kube-proxy: DNAT to 10.10.2.2:80"),
        ("n1", "n2c", true, "kube-proxy: DNAT to 10.10.72.1:80"),
        ("n1", "n1c", true, "kube-proxy: DNAT to 10.10.39.193:80"),
    ];

    private readonly FabricTopology _topology = FabricTopology.Build(KernelMeasurements.Small);

    [TestCaseSource(nameof(Cases))]
    public void Service_works_where_its_endpoint_would(string client, string endpoint, bool works, string proxied)
    {
        _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, endpoint);

        var verdict = _topology.Connect(client, ClusterIP);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome == ConnectionOutcome.Delivered, Is.EqualTo(works), verdict.ToString());
            Assert.That(verdict.Path.Select(hop => hop.What), Has.Some.EqualTo(proxied));
            Assert.That(verdict.Receiver, Is.EqualTo($"default/{endpoint}").Or.Null);
        }
    }

    /// <summary>One network that follows its Service from endpoint to endpoint.</summary>
    [Test]
    [Category("Kernel")]
    [CancelAfter(120_000)]
    public async Task Service_works_in_the_kernel_where_it_does_in_the_walk(CancellationToken cancellationToken)
    {
        await Requires.KernelFabricAsync(cancellationToken);
        await using var kernel = await KernelFabric.LayAsync(_topology.Fabric, cancellationToken);
        using var scope = Assert.EnterMultipleScope();
        foreach (var (client, endpoint, works, _) in Table)
        {
            _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, endpoint);
            await kernel.CaughtUpAsync(cancellationToken);
            var walked = _topology.Connect(client, ClusterIP);

            // A busy machine costs time, never an answer: what should work is waited for.
            var probe = await kernel.ProbeAsync(
                _topology[client], IPAddress.Parse(ClusterIP), 80, TimeSpan.FromSeconds(works ? 10 : 1.5), cancellationToken);

            Assert.That(
                (probe.Outcome == ConnectionOutcome.Delivered, probe.Receiver, probe.SourceSeen),
                Is.EqualTo((works, works ? $"default/{endpoint}" : null, works ? walked.SourceSeen : null)),
                $"{client} by the Service to {endpoint}: {probe}\n{walked}");
        }
    }

    private static IEnumerable<TestCaseData> Cases() => Table.Select(row => new TestCaseData(row.Client, row.Endpoint, row.Works, row.Proxied));

    [Test]
    public void With_V2_the_Service_is_asked_by_net1_so_that_Antrea_endpoints_work()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small, new() { Multus = MultusRoutes.Prefixes });
        topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, "n1a");

        var verdict = topology.Connect("n2m", ClusterIP);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), verdict.ToString());
            Assert.That(verdict.SourceSeen, Is.EqualTo(IPAddress.Parse("10.10.2.3")));
        }
    }

    [Test]
    public void Masquerading_kube_proxy_mends_Calico_to_an_Antrea_endpoint()
    {
        _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, "n2a");
        _topology.Nodes["n1"].Update(state => state with { KubeProxy = new KubeProxy(MasqueradeAll: true) });

        var verdict = _topology.Connect("n1c", ClusterIP);

        Assert.That((verdict.Outcome, verdict.SourceSeen), Is.EqualTo((ConnectionOutcome.Delivered, IPAddress.Parse("10.10.1.1"))));
    }

    [Test]
    public void Source_outside_the_cluster_CIDR_is_masqueraded()
    {
        _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, "n2a");
        _topology.Nodes["n1"].Update(state => state with { KubeProxy = new KubeProxy(ClusterCidrs: [Cidr.Parse("10.244.0.0/16")]) });

        Assert.That(_topology.Connect("n1c", ClusterIP).Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
    }

    [Test]
    public void Endpoints_take_turns()
    {
        _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, "n1c", "n2c", "n4c");

        var receivers = Enumerable.Range(0, 3).Select(_ => _topology.Connect("n2c", ClusterIP).Receiver);

        Assert.That(receivers, Is.EquivalentTo(new[] { "default/n1c", "default/n2c", "default/n4c" }));
    }

    [Test]
    public void Endpoint_is_picked_by_whoever_the_lab_says()
    {
        _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, "n1c", "n2c", "n4c");
        _topology.Fabric.ChooseEndpoint = (endpoints, _) => endpoints.Length - 1;

        Assert.That(_topology.Connect("n2a", ClusterIP).Receiver, Is.EqualTo("default/n4c"));
    }

    [TestCase("n1c")]
    [TestCase("n1a")]
    [TestCase("n1")]
    public void Service_without_endpoints_refuses(string client)
    {
        _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp);

        Assert.That(_topology.Connect(client, ClusterIP).Outcome, Is.EqualTo(ConnectionOutcome.Refused));
    }

    [TestCase("n1c")]
    [TestCase("n1a")]
    public void Address_of_no_Service_leaves_the_cluster_and_is_lost(string client) =>
        Assert.That(_topology.Connect(client, "10.96.0.99").Reason, Does.Contain("leaves the cluster by 172.18.0.1"));

    [TestCase("n1c", "n2c")]
    [TestCase("n1a", "n2a")]
    [TestCase("n1a", "n2c")]
    [TestCase("n1", "n2c")]
    public void Closed_port_refuses(string client, string server) =>
        Assert.That(_topology.Connect(client, server, 81).Outcome, Is.EqualTo(ConnectionOutcome.Refused));

    [Test]
    public void Refusal_that_is_lost_on_its_way_is_a_timeout() =>
        Assert.That(_topology.Connect("n1c", "n2a", 81).Reason, Does.StartWith("nobody listens there, and the refusal is lost"));

    [TestCase("n1c", "n2c", ConnectionOutcome.Delivered)]
    [TestCase("n1a", "n2c", ConnectionOutcome.Delivered)]
    [TestCase("n1a", "n2a", ConnectionOutcome.Delivered)]
    [TestCase("n2m", "n1c", ConnectionOutcome.Delivered)]
    [TestCase("n1c", "n2a", ConnectionOutcome.TimedOut)]
    public void Datagram_is_answered_where_the_answer_finds_back(string client, string server, ConnectionOutcome outcome)
    {
        _topology.Pods[server].Listen(53, protocol: TransportProtocol.Udp);

        var verdict = _topology.Connect(client, server, 53, TransportProtocol.Udp);

        Assert.That(verdict.Outcome, Is.EqualTo(outcome), verdict.ToString());
    }

    [Test]
    public void Answer_to_a_datagram_comes_masqueraded_and_the_client_rejects_it()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small, new() { RpFilter = 0 });
        topology.Pods["n2a"].Listen(53, protocol: TransportProtocol.Udp);

        Assert.That(
            topology.Connect("n1c", "n2a", 53, TransportProtocol.Udp).Reason,
            Does.Contain("n1c has no connection 10.10.72.0:53 > 10.10.39.193"));
    }

    [TestCase("n1c", "n2c", "n2", PolicyAction.Drop, ConnectionOutcome.TimedOut)]
    [TestCase("n1c", "n2c", "n2", PolicyAction.Reject, ConnectionOutcome.Refused)]
    [TestCase("n1c", "n2c", "n2", PolicyAction.Allow, ConnectionOutcome.Delivered)]
    [TestCase("n1a", "n2c", "n2", PolicyAction.Drop, ConnectionOutcome.TimedOut)]
    [TestCase("n1a", "n2a", "n2", PolicyAction.Drop, ConnectionOutcome.TimedOut)]
    [TestCase("n1a", "n2a", "n2", PolicyAction.Allow, ConnectionOutcome.Delivered)]
    [TestCase("n2a", "n1c", "n2", PolicyAction.Drop, ConnectionOutcome.TimedOut)]
    [TestCase("n2c", "n1", "n2", PolicyAction.Drop, ConnectionOutcome.TimedOut)]
    [TestCase("n2", "n2c", "n2", PolicyAction.Drop, ConnectionOutcome.Delivered)]
    [TestCase("n2", "n2a", "n2", PolicyAction.Drop, ConnectionOutcome.Delivered)]
    [TestCase("n1", "n2a", "n2", PolicyAction.Drop, ConnectionOutcome.TimedOut)]
    public void Policy_decides_on_new_connections_of_Pods(
        string client, string server, string node, PolicyAction action, ConnectionOutcome outcome)
    {
        _topology.Nodes["n1"].Listen(80);
        var policy = new OneRule(action);
        _topology.Nodes[node].SetVethPolicy(null, policy);
        _topology.Nodes[node].State.Ovs!.SetPortPolicy(null, policy);

        var verdict = _topology.Connect(client, server);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome, Is.EqualTo(outcome), verdict.ToString());
            Assert.That(verdict.Reason ?? "the rule", Does.Contain("the rule"));
        }
    }

    [Test]
    public void Policy_sees_the_direction_the_Pod_and_the_endpoint_behind_the_Service()
    {
        var policy = new OneRule(PolicyAction.Allow);
        _topology.Serve(ClusterIP, 80, TransportProtocol.Tcp, "n2a");
        foreach (var node in new[] { "n1", "n2" })
        {
            _topology.Nodes[node].State.Ovs!.SetPortPolicy(null, policy);
        }

        _ = _topology.Connect("n1a", ClusterIP);

        Assert.That(policy.Asked.Select(asked => $"{asked.Direction} {asked.Pod} {asked.Packet.Source}>{asked.Packet.Destination}"), Is.EqualTo(new[]
        {
            "Egress default/n1a 10.10.1.2>10.10.2.2", "Ingress default/n2a 10.10.1.2>10.10.2.2",
        }));
    }

    [Test]
    public void Calico_sees_an_Antrea_client_of_another_Node_as_its_tunnel_address_and_of_the_same_Node_as_itself()
    {
        var policy = new OneRule(PolicyAction.Allow);
        _topology.Nodes["n2"].SetVethPolicy(null, policy);
        _ = _topology.Connect("n1a", "n2c");
        _ = _topology.Connect("n2a", "n2c");

        Assert.That(policy.Asked.Select(asked => asked.Packet.Source.ToString()), Is.EqualTo(new[] { "10.10.39.192", "10.10.2.2" }));
    }

    [TestCase("n1c", "n2c", ConnectionOutcome.TimedOut)]
    [TestCase("n1a", "n2a", ConnectionOutcome.TimedOut)]
    [TestCase("n1a", "n2c", ConnectionOutcome.TimedOut)]
    [TestCase("n1", "n2", ConnectionOutcome.HostUnreachable)]
    [TestCase("n2c", "n1c", ConnectionOutcome.TimedOut)]
    [TestCase("n2a", "n2c", ConnectionOutcome.TimedOut)]
    [TestCase("n2", "n1", ConnectionOutcome.TimedOut)]
    [TestCase("n1c", "n4c", ConnectionOutcome.Delivered)]
    public void Node_that_is_down_neither_sends_nor_answers(string client, string server, ConnectionOutcome outcome)
    {
        _topology.Nodes["n1"].Listen(80);
        _topology.Nodes["n2"].Listen(80);
        SimulatedFabric.SetDown(_topology.Nodes["n2"], true);
        var down = _topology.Connect(client, server);
        SimulatedFabric.SetDown(_topology.Nodes["n2"], false);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(down.Outcome, Is.EqualTo(outcome), down.ToString());
            Assert.That(_topology.Connect(client, server).Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
        }
    }

    [Test]
    public void Routing_loop_ends_with_the_TTL()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small, new() { NatOutgoing = false, RpFilter = 0 });
        var stray = Cidr.Parse("10.99.0.0/24");
        var (one, other) = (topology.Nodes["n1"], topology.Nodes["n2"]);
        one.ReplaceRoute(new() { Destination = stray, Gateway = other.Address, Device = "eth0" });
        other.ReplaceRoute(new() { Destination = stray, Gateway = one.Address, Device = "eth0" });

        var verdict = topology.Connect("n1c", "10.99.0.1");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut));
            Assert.That(verdict.Reason, Does.Contain("TTL"));
        }
    }

    private sealed class OneRule(PolicyAction action) : IPolicyEnforcer
    {
        public List<(PolicyDirection Direction, PodNetns Pod, Flow Packet)> Asked { get; } = [];

        public PolicyDecision Decide(PolicyDirection direction, PodNetns pod, Flow packet)
        {
            Asked.Add((direction, pod, packet));
            return new PolicyDecision(action, "the rule");
        }

        public PolicyRules RulesOf(PolicyDirection direction, PodNetns pod, IPAddress address) => throw new NotSupportedException("Only walked.");
    }
}
