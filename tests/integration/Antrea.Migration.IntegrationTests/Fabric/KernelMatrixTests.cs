using System.Net;
using System.Text;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>The walk against the kernel's own answers, every pair of every topology.</summary>
[TestFixture]
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
        var walked = new StringBuilder();
        foreach (var client in topology.PodNames)
        {
            walked.Append(client.PadRight(5));
            foreach (var server in topology.PodNames)
            {
                foreach (var address in Addresses(topology, server))
                {
                    walked.Append(client == server ? '-' : Letter(topology, client, server, address));
                }
            }

            walked.Append('\n');
        }

        Assert.That(walked.ToString().TrimEnd(), Is.EqualTo(measured));
    }

    private static IEnumerable<IPAddress> Addresses(FabricTopology topology, string pod) =>
        new[] { topology.CalicoAddress(pod), topology.AntreaAddress(pod) }.OfType<IPAddress>();

    private static char Letter(FabricTopology topology, string client, string server, IPAddress address)
    {
        var verdict = topology.Fabric.Connect(
            topology.Pods[client], address, 80, TransportProtocol.Tcp, topology.Pods[server]);
        switch (verdict.Outcome)
        {
            case ConnectionOutcome.TimedOut:
                return 'x';
            case ConnectionOutcome.HostUnreachable:
                return 'h';
            case ConnectionOutcome.Refused:
                return 'r';
            case ConnectionOutcome.Delivered when verdict.IsWrongReceiver:
                return 'w';
            case ConnectionOutcome.Delivered:
                break;
            default:
                return '?';
        }

        var seen = verdict.SourceSeen!;
        var node = topology.NodeOf(client);
        return seen.Equals(topology.CalicoAddress(client)) ? 'c'
            : seen.Equals(topology.AntreaAddress(client)) ? 'a'
            : seen.Equals(topology.TunnelOf(node)) ? 't'
            : seen.Equals(topology.Nodes[node].Address) ? 'n'
            : seen.Equals(topology.Nodes[topology.NodeOf(server)].Address) ? 's'
            : seen.Equals(topology.PodCidrOf(node).AddressAt(1)) ? 'g'
            : '?';
    }

    private static TestCaseData Case(string name, string topology, string measured, FabricOptions options) =>
        new TestCaseData(topology, measured, options).SetName($"Every_pair_ends_as_the_kernel_ended_it({name})");
}
