using System.Net;
using System.Text;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>The walk, and the kernel of today, against the kernel's own answers, every pair of every topology.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class KernelMatrixTests
{
    private static IEnumerable<TestCaseData> Measurements()
    {
        yield return Case("V1", KernelMeasurements.Small, KernelMeasurements.SmallRule, new());
        yield return Case("V1, rp_filter 0", KernelMeasurements.Small, KernelMeasurements.SmallRule, new() { RpFilter = 0 });
        yield return Case("V1, rp_filter 2", KernelMeasurements.Small, KernelMeasurements.SmallRule, new() { RpFilter = 2 });
        yield return Case(
            "V1, no INVALID rules", KernelMeasurements.Small, KernelMeasurements.SmallRule, new() { DropsInvalid = false });
        yield return Case(
            "V1, neither",
            KernelMeasurements.Small,
            KernelMeasurements.SmallRule,
            new() { DropsInvalid = false, RpFilter = 0 });
        yield return Case("V1, VXLAN", KernelMeasurements.Small, KernelMeasurements.SmallRule, new() { Vxlan = true });
        yield return Case(
            "PodCIDRs by net1",
            KernelMeasurements.Small,
            KernelMeasurements.SmallRoutes,
            new() { Multus = MultusRoutes.Routes });
        yield return Case(
            "default by net1", KernelMeasurements.Small, KernelMeasurements.SmallNet1, new() { Multus = MultusRoutes.Net1 });
        yield return Case(
            "default by eth0", KernelMeasurements.Small, KernelMeasurements.SmallEth0, new() { Multus = MultusRoutes.Eth0 });
        yield return Case("sbr", KernelMeasurements.Small, KernelMeasurements.SmallSbr, new() { Multus = MultusRoutes.Sbr });
        yield return Case(
            "sbr and PodCIDRs",
            KernelMeasurements.Small,
            KernelMeasurements.SmallSbrRoutes,
            new() { Multus = MultusRoutes.SbrRoutes });
        yield return Case("clash", KernelMeasurements.Clash, KernelMeasurements.ClashRule, new());
        yield return Case("clash, rp_filter 0", KernelMeasurements.Clash, KernelMeasurements.ClashRule, new() { RpFilter = 0 });
        yield return Case("clash, rp_filter 2", KernelMeasurements.Clash, KernelMeasurements.ClashRule, new() { RpFilter = 2 });
        yield return Case("nested", KernelMeasurements.Nested, KernelMeasurements.NestedRule, new());
        yield return Case(
            "disjoint pool", KernelMeasurements.Disjoint, KernelMeasurements.DisjointRule, new() { Pool = "192.168.0.0/16" });
    }

    [TestCaseSource(nameof(Measurements))]
    public void Every_pair_ends_as_the_kernel_ended_it(string topologyText, string measured, object options)
    {
        var topology = FabricTopology.Build(topologyText, (FabricOptions)options);

        var walked = Matrix(topology, (client, server, address) =>
        {
            var verdict = topology.Fabric.Connect(topology.Pods[client], address, 80, TransportProtocol.Tcp, topology.Pods[server]);
            return (verdict.Outcome, verdict.Receiver, verdict.SourceSeen);
        });

        Assert.That(walked, Is.EqualTo(measured));
    }

    /// <summary>The same matrix from the kernel that runs this test. It takes its time: each cluster's time-outs are waited for at once.</summary>
    [TestCaseSource(nameof(LiveMeasurements))]
    [Category("Kernel")]
    [CancelAfter(180_000)]
    public async Task Every_pair_ends_as_it_did_when_it_was_measured(
        string topologyText, string measured, object options, CancellationToken cancellationToken)
    {
        await Requires.KernelFabricAsync(cancellationToken);
        var topology = FabricTopology.Build(topologyText, (FabricOptions)options);
        await using var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);
        var pairs = topology.PodNames.SelectMany(client => topology.PodNames.Where(server => server != client)
            .SelectMany(server => topology.AddressesOf(server).Select(address => (topology[client], address))));
        var probes = await KernelProbing.ProbeAsync(kernel, pairs, cancellationToken);

        var seen = Matrix(topology, (client, _, address) =>
        {
            var probe = probes[(topology[client], address)];
            return (probe.Outcome, probe.Receiver, probe.SourceSeen);
        });

        Assert.That(seen, Is.EqualTo(measured));
    }

    private static string Matrix(
        FabricTopology topology, Func<string, string, IPAddress, (ConnectionOutcome Outcome, string? Receiver, IPAddress? Seen)> connect)
    {
        var matrix = new StringBuilder();
        foreach (var client in topology.PodNames)
        {
            matrix.Append(client.PadRight(5));
            foreach (var server in topology.PodNames)
            {
                foreach (var address in topology.AddressesOf(server))
                {
                    matrix.Append(client == server ? '-' : Letter(topology, client, server, connect(client, server, address)));
                }
            }

            matrix.Append('\n');
        }

        return matrix.ToString().TrimEnd();
    }

    private static char Letter(
        FabricTopology topology, string client, string server, (ConnectionOutcome Outcome, string? Receiver, IPAddress? Seen) end)
    {
        switch (end.Outcome)
        {
            case ConnectionOutcome.TimedOut:
                return 'x';
            case ConnectionOutcome.HostUnreachable:
                return 'h';
            case ConnectionOutcome.Refused:
                return 'r';
            case ConnectionOutcome.Delivered when end.Receiver != topology.Pods[server].Name:
                return 'w';
            case ConnectionOutcome.Delivered:
                break;
            default:
                return '?';
        }

        var seen = end.Seen!;
        var node = topology.NodeOf(client);
        return seen.Equals(topology.CalicoAddress(client)) ? 'c'
            : seen.Equals(topology.AntreaAddress(client)) ? 'a'
            : seen.Equals(topology.TunnelOf(node)) ? 't'
            : seen.Equals(topology.Nodes[node].Address) ? 'n'
            : seen.Equals(topology.Nodes[topology.NodeOf(server)].Address) ? 's'
            : seen.Equals(topology.PodCidrOf(node).AddressAt(1)) ? 'g'
            : '?';
    }

    private static IEnumerable<TestCaseData> LiveMeasurements() => Measurements().Select(data => new TestCaseData(data.Arguments)
        .SetName(data.TestName!.Replace(nameof(Every_pair_ends_as_the_kernel_ended_it), nameof(Every_pair_ends_as_it_did_when_it_was_measured), StringComparison.Ordinal)));

    private static TestCaseData Case(string name, string topology, string measured, FabricOptions options) =>
        new TestCaseData(topology, measured, options).SetName($"Every_pair_ends_as_the_kernel_ended_it({name})");
}
