using System.Net;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>Where a connection's packets are seen, and where they end.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelCaptureTests
{
    [SetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [Test]
    [CancelAfter(60_000)]
    public async Task Connection_is_seen_at_every_interface_on_its_way(CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small);
        await using var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);

        var trace = await CaptureAsync(kernel, topology, "n1a", "n2c", cancellationToken);

        var first = trace.Hops.Where(hop => hop.Flags == "SYN").Select(hop => $"{hop.Where} {hop.Device} {(hop.IsIncoming ? "in" : "out")}").Distinct();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(trace.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), trace.ToString());
            Assert.That(trace.LastSeen, Is.Null);
            Assert.That(first, Is.EqualTo((string[])
            [
                "default/n1a eth0 out", "n1-ovs n1a-ovs in", "n1-ovs gwp out", "n1 antrea-gw0 in", "n1 tunl0 out", "n2 tunl0 in", "n2 calin2c out", "default/n2c eth0 in",
            ]));
            Assert.That(trace.Hops.First(hop => hop.Where == "default/n2c").From.Address, Is.EqualTo(topology.TunnelOf("n1")), "masqueraded on the way");
            Assert.That(trace.Hops.Select(hop => hop.At), Is.Ordered);
        }
    }

    [TestCase("n1c", "n2a", "coming in at n2 by antrea-gw0", TestName = "The answer of an Antrea Pod to a Calico Pod of another Node")]
    [TestCase("n1a", "n3c", "coming in at n4-ovs by antrea-tun0", TestName = "A packet for a Calico address in a third Node's PodCIDR")]
    [CancelAfter(60_000)]
    public async Task Lost_packet_is_last_seen_where_it_was_dropped(string from, string to, string where, CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small);
        await using var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);

        var trace = await CaptureAsync(kernel, topology, from, to, cancellationToken);

        Assert.That(trace.ToString(), Does.EndWith($"; last seen {where}"));
    }

    private static Task<LiveTrace> CaptureAsync(
        KernelFabric kernel, FabricTopology topology, string from, string to, CancellationToken cancellationToken) =>
        kernel.CaptureAsync(topology[from], new IPEndPoint(topology.AddressesOf(to)[0], 80), TimeSpan.FromSeconds(2.5), cancellationToken);
}
