using System.Net;
using System.Text.RegularExpressions;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>Whole migrations of a running lab whose network is the kernel's: no answer here is the model's.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelScenarioTests
{
    /// <summary>A port on which nginx listens and which its policy leaves out.</summary>
    private const string ClosedService =
        """
        {apiVersion: v1, kind: Service, metadata: {name: nginx-closed, namespace: default}, spec: {selector: {app: nginx-ds}, ports: [{port: 9090, protocol: TCP, targetPort: 9090}]}}

        """;

    [SetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [TestCase("c2a0", 26, BridgeKind.Multus, "Simple", false, CalicoEncapsulation.Ipip)]
    [TestCase("c2a0", 26, BridgeKind.PolicyRoute, "Simple", false, CalicoEncapsulation.Ipip)]
    [TestCase("c2a0", 26, BridgeKind.PolicyRoute, "Simple", false, CalicoEncapsulation.Vxlan)]
    [TestCase("c2a0", 26, BridgeKind.Multus, "Simple", true, CalicoEncapsulation.Vxlan)]
    [TestCase("c2a0", 26, BridgeKind.Multus, "Simple", false, CalicoEncapsulation.None)]
    [TestCase("c2a3", 26, BridgeKind.PolicyRoute, "SmallOverlap", false, CalicoEncapsulation.Ipip)]
    [TestCase("c2a3", 26, BridgeKind.Pool, "SmallOverlap", true, CalicoEncapsulation.Ipip)]
    [TestCase(LabScenario.Crowded, 26, BridgeKind.Pool, "MostOverlap", false, CalicoEncapsulation.Ipip)]
    [TestCase(LabScenario.Crowded, 26, BridgeKind.PolicyRoute, "MostOverlap", true, CalicoEncapsulation.Ipip)]
    [TestCase(LabScenario.Crowded, 26, BridgeKind.Multus, "MostOverlap", true, CalicoEncapsulation.Ipip)]
    [TestCase(LabScenario.Crowded, 24, BridgeKind.PolicyRoute, "MostOverlap", false, CalicoEncapsulation.Ipip, TestName = "Operator migrates in the kernel where every block is a PodCIDR")]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_in_the_kernel_and_loses_what_the_plan_predicted_nothing(
        string name, int blockSize, BridgeKind bridge, string scenario, bool isLong, CalicoEncapsulation encapsulation, CancellationToken cancellationToken)
    {
        if (isLong)
        {
            Requires.LongRun();
        }

        await MigrateAsync(
            new LabClusterOptions { Name = name, Workers = 3, BlockSize = blockSize, CalicoEncapsulation = encapsulation }, bridge, scenario, cancellationToken);
    }

    [TestCase(BridgeKind.PolicyRoute, CalicoEncapsulation.Ipip, false)]
    [TestCase(BridgeKind.PolicyRoute, CalicoEncapsulation.Vxlan, true)]
    [TestCase(BridgeKind.Multus, CalicoEncapsulation.Ipip, false)]
    [TestCase(BridgeKind.Multus, CalicoEncapsulation.Vxlan, true)]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_both_families_in_the_kernel_and_loses_nothing_of_either(
        BridgeKind bridge, CalicoEncapsulation encapsulation, bool isLong, CancellationToken cancellationToken)
    {
        if (isLong)
        {
            Requires.LongRun();
        }

        await MigrateAsync(
            DualStack.Of(new LabClusterOptions { Name = "c2a0", Workers = 3, CalicoEncapsulation = encapsulation }), bridge, "Simple", cancellationToken);
    }

    [TestCase(BridgeKind.PolicyRoute, CalicoEncapsulation.None, false)]
    [TestCase(BridgeKind.Multus, CalicoEncapsulation.None, false)]
    [TestCase(BridgeKind.PolicyRoute, CalicoEncapsulation.Vxlan, true)]
    [TestCase(BridgeKind.Multus, CalicoEncapsulation.Vxlan, true)]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_a_cluster_of_IPv6_alone_in_the_kernel_and_loses_nothing(
        BridgeKind bridge, CalicoEncapsulation encapsulation, bool isLong, CancellationToken cancellationToken)
    {
        if (isLong)
        {
            Requires.LongRun();
        }

        var after = await MigrateAsync(
            DualStack.IPv6Alone(new LabClusterOptions { Name = "c2a0", Workers = 3, CalicoEncapsulation = encapsulation }), bridge, "Simple", cancellationToken);

        Assert.That(after, Does.Contain("fd00:10:10:1::/64").And.Not.Contain("10.10.").And.Not.Contain("172.18."));
    }

    /// <summary>By the Nodes' own routes; with hybrid there is a tunnel, and nobody behind it.</summary>
    [TestCaseSource(typeof(NoEncapsulationTests), nameof(NoEncapsulationTests.ByBridge))]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_to_Antrea_without_encapsulation_in_the_kernel_and_loses_nothing(
        BridgeKind bridge, AntreaEncapMode encap, bool isDualStack, CancellationToken cancellationToken)
    {
        if (isDualStack || bridge == BridgeKind.Pool)
        {
            Requires.LongRun();
        }

        var options = new LabClusterOptions { Name = "c2a0", Workers = 3, AntreaEncap = encap };

        var after = await MigrateAsync(isDualStack ? DualStack.Of(options) : options, bridge, "Simple", cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((after.Contains("antrea-tun0 1450"), after.Contains("encap ip")), Is.EqualTo((encap == AntreaEncapMode.Hybrid, false)));
            Assert.That(after, Does.Match(@"\n10\.10\.1\.0/24 via 172\.18\.0\.[0-9]+ dev eth0 \n"));
            Assert.That(Regex.IsMatch(after, @"\nfd00:10:10:1::/64 via fd00:172:18::[0-9a-f]+ dev eth0 "), Is.EqualTo(isDualStack));
        }
    }

    /// <returns>What the kernel has at the end.</returns>
    private static async Task<string> MigrateAsync(LabClusterOptions options, BridgeKind bridge, string scenario, CancellationToken cancellationToken)
    {
        var encapsulation = options.CalicoEncapsulation;
        await using var migration = await WatchedMigration.StartAsync(
            options with { Fabric = LabFabricKind.Kernel, ExtraObjects = options.ExtraObjects.Length == 0 ? ClosedService : $"{options.ExtraObjects}---\n{ClosedService}" },
            bridge,
            cancellationToken,
            ("default", "client", "nginx-closed"),
            ("kube-system", "coredns", "nginx-closed"));
        Assert.That(migration.Plan.IsExecutable, string.Join('\n', migration.Plan.Findings.Take(3)));
        Assert.That((migration.Plan.Scenario, migration.Plan.Bridge), Is.EqualTo((scenario, bridge)));
        var prefix = migration.Lab.NamespacePrefix!;
        var before = await KernelDump.WriteAsync(prefix, cancellationToken);

        var (last, traffic) = await migration.RunAsync(cancellationToken);

        await migration.Lab.SettledAsync(cancellationToken);
        var after = await KernelDump.WriteAsync(prefix, cancellationToken);
        foreach (var flow in traffic.Flows.Concat(migration.DeniedTraffic!.Flows))
        {
            TestContext.Out.WriteLine($"{flow.Flow}: {flow.Total} requests, {flow.Failure} failed, longest outage {flow.LongestOutage.TotalSeconds:0.000} s");
        }

        foreach (var outage in traffic.Outages)
        {
            TestContext.Out.WriteLine(outage);
        }

        var hasIPv6 = options.PodSubnet6 is not null || options.PodSubnet.IsIPv6;
        var isIpip = encapsulation == CalicoEncapsulation.Ipip;

        // What a Node has open to another Node's Pod comes from its tunnel address: the plan says that it is cut when that moves.
        var moves = migration.Plan.Findings.Any(f => f.Id == "tunnel-addresses-move");
        var lost = traffic.Outages.Where(o => o.RequestsLost > 0).ToLookup(o => moves && o is { Flow.Source: "Node", Phase: nameof(MigrationPhase.Addresses) });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(migration.Plan.PredictedLosses, Is.Empty);
            Assert.That(moves, Is.EqualTo(migration.Plan.Readdressing is not null));
            Assert.That(lost[false], Is.Empty);
            Assert.That(lost[true].Count(), Is.AtMost(1), string.Join('\n', lost[true]));
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(migration.DeniedTraffic!.Flows.Where(f => f.Success > 0), Is.Empty, "port 9090 is closed by a policy of Calico's, then by one of Antrea's");
            Assert.That(migration.DeniedTraffic.Flows.Select(f => f.Failure), Has.All.GreaterThan(20));
            Assert.That(before, Does.Contain("cali-nat-outgoing").And.Not.Contain("antrea-gw0"));
            Assert.That((before.Contains("tunl0 1480 up"), before.Contains("vxlan.calico 1480 up")), Is.EqualTo((isIpip, encapsulation == CalicoEncapsulation.Vxlan && !options.PodSubnet.IsIPv6)));
            Assert.That(after, Does.Contain("antrea-gw0").And.Contain("ANTREA-POSTROUTING"));
            Assert.That(before.Contains("vxlan-v6.calico"), Is.EqualTo(hasIPv6 && encapsulation == CalicoEncapsulation.Vxlan));
            Assert.That(before.Contains("cali60masq-ipam-pools"), Is.EqualTo(hasIPv6));
            Assert.That(after, Does.Not.Contain("cali").And.Not.Contain("proto bird").And.Not.Contain("proto 80").And.Not.Contain("lookup 20260").And.Not.Contain("label 20260"));
            Assert.That(after.Contains("tunl0 1480 down \n"), Is.EqualTo(isIpip), "Calico's clean-up leaves the device, without an address");
        }

        return after;
    }

    [Test]
    [CancelAfter(600_000)]
    public Task Both_families_come_back_from_Multus_in_the_kernel_and_nothing_is_lost(CancellationToken cancellationToken) =>
        RollbackTests.AssertIPv6ComesBackAsync(
            DualStack.Of(new LabClusterOptions { Name = "c2a0", Workers = 2, Fabric = LabFabricKind.Kernel }), cancellationToken);

    [Test]
    [CancelAfter(60_000)]
    public async Task Bridge_by_policy_route_is_refused_where_no_tunnel_makes_Calico_claim_a_block_on_every_Node(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(
            cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 4, CalicoEncapsulation = CalicoEncapsulation.None, Workloads = false }, BridgeKind.PolicyRoute);

        var plan = await migration.PlanAsync(cancellationToken);

        Assert.That(plan.IsExecutable, Is.False);
        Assert.That(plan.Findings.Select(f => f.Id), Does.Contain("node-without-calico-block"));
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Two_running_labs_share_nothing_and_leave_nothing(CancellationToken cancellationToken)
    {
        List<string> prefixes = [];
        var options = new LabClusterOptions { Name = "c2a0", Workers = 1, Fabric = LabFabricKind.Kernel };
        await using (var one = await LabCluster.StartAsync(options, cancellationToken))
        await using (var other = await LabCluster.StartAsync(options, cancellationToken))
        {
            prefixes.AddRange([one.NamespacePrefix!, other.NamespacePrefix!]);
            var uri = one.ServiceUri("default", "nginx-origin");
            foreach (var lab in (LabCluster[])[one, other])
            {
                await using var stream = await lab.ConnectFrom("default", "client")(new DnsEndPoint("nginx-origin", 80), cancellationToken);
                await using var byNode = await lab.ConnectFromNode(lab.NodeNames[0])(new DnsEndPoint(uri.Host, uri.Port), cancellationToken);
                Assert.That((stream.CanRead, byNode.CanRead), Is.EqualTo((true, true)));
            }
        }

        Assert.That(prefixes.SelectMany(prefix => Directory.GetFiles(KernelNamespaces.Folder, prefix + "*")), Is.Empty);
        Assert.That(prefixes.Distinct().Count(), Is.EqualTo(2));
    }
}
