using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>The network in the kernel follows the model: after every change it is what would be laid anew.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelFollowTests
{
    private const string Text =
        """
        node n1 172.18.0.11 10.10.39.192/26 10.10.1.0/24
        node n2 172.18.0.12 10.10.72.0/26 10.10.2.0/24
        pod n1c n1 calico 10.10.39.193 -
        pod n2a n2 antrea - 10.10.2.2
        pod n2m n2 multus 10.10.72.2 10.10.2.3
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [SetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [Test]
    [CancelAfter(300_000)]
    public async Task Every_change_ends_where_a_new_lab_would_begin(CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build(Text);
        await using var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);
        var removed = topology.Nodes["n2"].State.Ovs!;
        (string What, Action Change)[] changes =
        [
            ("nothing", () => { }),
            ("a Pod goes", () => topology.RemovePod("n1c")),
            ("its name and address come back", () => topology.AddPod("n1c", "n1", "calico", "10.10.39.193", null)),
            ("an Antrea Pod comes", () => topology.AddPod("n1a", "n1", "antrea", null, "10.10.1.2")),
            ("a Pod is replaced at once", () =>
            {
                topology.RemovePod("n2m");
                topology.AddPod("n2m", "n2", "multus", "10.10.72.3", "10.10.2.3");
            }),
            ("a route is overwritten", () => topology.Nodes["n1"].ReplaceRoute(
                new Route { Destination = topology.PodCidrOf("n2"), Gateway = topology.Nodes["n2"].Address, Device = "tunl0", OnLink = true })),
            ("a second default route comes first", () => topology.Pods["n2m"].PrependRoute(
                new Route { Destination = Cidr.Parse("0.0.0.0/0"), Gateway = IPAddress.Parse("169.254.1.1"), Device = "eth0" })),
            ("rules and a table", () =>
            {
                topology.Nodes["n2"].ReplaceRoute(new Route
                {
                    Destination = topology.PodCidrOf("n1"),
                    Gateway = topology.Nodes["n1"].Address,
                    Device = "tunl0",
                    OnLink = true,
                    Table = "20260",
                });
                topology.Nodes["n2"].AddRule(new RoutingRule(31001, Cidr.Parse("10.10.0.0/16"), null, "20260"));
            }),
            ("and away", () =>
            {
                topology.Nodes["n2"].RemoveRules(_ => true);
                topology.Nodes["n2"].RemoveRoutes(route => route.Table == "20260");
            }),
            ("the tunnel gets another address", () => topology.Nodes["n1"].AddDevice(
                new HostDevice("tunl0", HostDeviceKind.IpipTunnel, IPAddress.Parse("10.10.39.200")))),
            ("the masquerading changes", () => topology.Nodes["n1"].Update(state => state with
            {
                Calico = new CalicoNetfilter([Cidr.Parse("10.20.0.0/16")], [Cidr.Parse("10.10.0.0/16"), Cidr.Parse("10.20.0.0/16")]),
            })),
            ("a Service comes", () => topology.Serve("10.96.0.7", 80, TransportProtocol.Tcp, "n1a", "n2a")),
            ("a Service has no endpoint", () => topology.Serve("10.96.0.8", 80, TransportProtocol.Tcp)),
            ("a bridge is taken away under its Pods", () =>
            {
                topology.Nodes["n2"].RemoveDevice("antrea-gw0");
                topology.Nodes["n2"].Update(state => state with { Ovs = null, Antrea = null });
            }),
            ("and comes back", () =>
            {
                topology.Nodes["n2"].AddDevice(new HostDevice("antrea-gw0", HostDeviceKind.AntreaGateway, removed.Gateways));
                topology.Nodes["n2"].Update(state => state with { Ovs = removed });
            }),
            ("Calico is cleaned", () => topology.CleanCalico("n1", routes: true, chains: true)),
            ("a Node is off", () => SimulatedFabric.SetDown(topology.Nodes["n1"], true)),
            ("a Node leaves", () => topology.Fabric.Remove(topology.Nodes["n1"])),
        ];

        foreach (var (what, change) in changes)
        {
            change();
            await kernel.CaughtUpAsync(cancellationToken);
            await using var anew = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);
            var (expected, seen) = (await KernelDump.WriteAsync(anew.Prefix, cancellationToken), await KernelDump.WriteAsync(kernel.Prefix, cancellationToken));
            Assert.That(seen, Is.EqualTo(expected), what);
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Connections_follow_Pods_listeners_and_Services(CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build(Text);
        await using var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);
        List<string> seen = [await AskAsync("n1c", "10.10.72.2", 80), await AskAsync("n1c", "10.96.0.7", 80), await AskAsync("n1c", "10.10.72.2", 81)];

        topology.Serve("10.96.0.7", 80, TransportProtocol.Tcp, "n2m");
        topology.Pods["n2m"].Listen(81);
        await kernel.CaughtUpAsync(cancellationToken);
        seen.AddRange([await AskAsync("n1c", "10.96.0.7", 80), await AskAsync("n2a", "10.96.0.7", 80), await AskAsync("n2m", "10.96.0.7", 80), await AskAsync("n1c", "10.10.72.2", 81)]);

        topology.Serve("10.96.0.7", 80, TransportProtocol.Tcp);
        topology.Pods["n2m"].StopListening(listener => listener.Port == 81);
        await kernel.CaughtUpAsync(cancellationToken);
        seen.AddRange([await AskAsync("n1c", "10.96.0.7", 80), await AskAsync("n2a", "10.96.0.7", 80), await AskAsync("n1", "10.96.0.7", 80), await AskAsync("n1c", "10.10.72.2", 81)]);

        Assert.That(seen, Is.EqualTo((string[])
        [
            "default/n2m", "TimedOut", "Refused",
            "default/n2m", "default/n2m", "default/n2m", "default/n2m",
            "Refused", "Refused", "Refused", "Refused",
        ]));

        async Task<string> AskAsync(string from, string to, int port)
        {
            var probe = await kernel.ProbeAsync(topology[from], IPAddress.Parse(to), port, Patience, cancellationToken);
            return probe.Receiver ?? probe.Outcome.ToString();
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Datagrams_are_answered_from_the_address_that_was_asked(CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build(Text);
        topology.Pods["n2m"].Listen(53, protocol: TransportProtocol.Udp);
        topology.Serve("10.96.0.10", 53, TransportProtocol.Udp, "n2m");
        await using var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await kernel.ExchangeAsync(topology["n1c"], new IPEndPoint(IPAddress.Parse("10.96.0.10"), 53), Patience, cancellationToken), Is.Null);
            Assert.That(await kernel.ExchangeAsync(topology["n2a"], new IPEndPoint(IPAddress.Parse("10.10.2.3"), 53), Patience, cancellationToken), Is.Null);
            Assert.That(await kernel.ExchangeAsync(topology["n2a"], new IPEndPoint(IPAddress.Parse("10.10.2.3"), 54), Patience, cancellationToken), Is.Not.Null);
        }
    }
}
