using System.Net;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

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

    [TestCase("c2a0", 26, BridgeKind.Multus, "Simple", false)]
    [TestCase("c2a0", 26, BridgeKind.PolicyRoute, "Simple", false)]
    [TestCase("c2a3", 26, BridgeKind.PolicyRoute, "SmallOverlap", false)]
    [TestCase("c2a3", 26, BridgeKind.Pool, "SmallOverlap", true)]
    [TestCase(LabScenario.Crowded, 26, BridgeKind.Pool, "MostOverlap", false)]
    [TestCase(LabScenario.Crowded, 26, BridgeKind.PolicyRoute, "MostOverlap", true)]
    [TestCase(LabScenario.Crowded, 26, BridgeKind.Multus, "MostOverlap", true)]
    [TestCase(LabScenario.Crowded, 24, BridgeKind.PolicyRoute, "MostOverlap", true, TestName = "Operator migrates in the kernel where every block is a PodCIDR")]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_in_the_kernel_and_loses_what_the_plan_predicted_nothing(
        string name, int blockSize, BridgeKind bridge, string scenario, bool isLong, CancellationToken cancellationToken)
    {
        if (isLong)
        {
            Requires.LongRun();
        }

        await using var migration = await WatchedMigration.StartAsync(
            new LabClusterOptions { Name = name, Workers = 3, BlockSize = blockSize, Fabric = LabFabricKind.Kernel, ExtraObjects = ClosedService },
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

        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(migration.Plan.PredictedLosses, Is.Empty);
            Assert.That(traffic.Flows.Where(f => f.Failure > 0), Is.Empty, string.Join('\n', traffic.Outages));
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(migration.DeniedTraffic!.Flows.Where(f => f.Success > 0), Is.Empty, "port 9090 is closed by a policy of Calico's, then by one of Antrea's");
            Assert.That(migration.DeniedTraffic.Flows.Select(f => f.Failure), Has.All.GreaterThan(20));
            Assert.That(before, Does.Contain("tunl0").And.Contain("cali-nat-outgoing").And.Not.Contain("antrea-gw0"));
            Assert.That(after, Does.Contain("antrea-gw0").And.Contain("ANTREA-POSTROUTING"));
            Assert.That(after, Does.Not.Contain("cali").And.Not.Contain("proto bird").And.Not.Contain("lookup 20260"));
            Assert.That(after, Does.Contain("tunl0 1480 down \n"), "Calico's clean-up leaves the device, without an address");
        }
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
