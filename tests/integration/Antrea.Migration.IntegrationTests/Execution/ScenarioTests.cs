using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Every scenario by every bridge it allows, with traffic that never stops: what was predicted is what is measured.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ScenarioTests
{
    [TestCase("c2a0", 3, BridgeKind.PolicyRoute, "Simple")]
    [TestCase("c2a0", 3, BridgeKind.Pool, "Simple")]
    [TestCase("c2a3", 3, BridgeKind.PolicyRoute, "SmallOverlap")]
    [TestCase(LabScenario.Crowded, 3, BridgeKind.Multus, "MostOverlap")]
    [TestCase(LabScenario.Crowded, 3, BridgeKind.PolicyRoute, "MostOverlap")]
    [TestCase(LabScenario.Crowded, 3, BridgeKind.Pool, "MostOverlap")]
    [TestCase(LabScenario.Seed, 20, BridgeKind.Multus, "SmallOverlap")]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_and_loses_what_the_plan_predicted_nothing(
        string name, int workers, BridgeKind bridge, string scenario, CancellationToken cancellationToken)
    {
        await using var migration = await WatchedMigration.StartAsync(new LabClusterOptions { Name = name, Workers = workers }, bridge, cancellationToken);
        Assert.That(migration.Plan.IsExecutable, string.Join('\n', migration.Plan.Findings.Take(3)));
        Assert.That((migration.Plan.Scenario, migration.Plan.Bridge), Is.EqualTo((scenario, bridge)));

        var (last, traffic) = await migration.RunAsync(cancellationToken, phase => NothingOfCalicosIsInAPodCidrAsync(phase, migration, cancellationToken));

        Report(traffic);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(migration.Plan.PredictedLosses, Is.Empty);
            Assert.That(traffic.Flows.Where(f => f.Failure > 0), Is.Empty, string.Join('\n', traffic.Outages));
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(migration.Lab.Fleet.Nodes.SelectMany(n => n.Host.State.Routing.Rules), Is.Empty, "no rule of the bridge is left");
            Assert.That(await migration.Migration.DumpAsync(cancellationToken), Does.Not.Contain("unschedulable").And.Not.Contain("antrea-migration.io/cordoned-by"));
        }
    }

    /// <summary>Calico's IPv6 goes by plain routes, and its pool is outside the PodCIDRs. A Node without Pods has no IPv6 block, as there is no tunnel.</summary>
    [TestCase(BridgeKind.PolicyRoute)]
    [TestCase(BridgeKind.Multus)]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_a_dual_stack_cluster_and_loses_nothing_of_either_family(BridgeKind bridge, CancellationToken cancellationToken)
    {
        var options = DualStack.Of(new LabClusterOptions { Name = "c2a0", Workers = 3 });
        await using var migration = await WatchedMigration.StartAsync(options, bridge, cancellationToken);
        Assert.That(migration.Plan.IsExecutable, string.Join('\n', migration.Plan.Findings.Take(3)));

        var labelled = 0;
        var (last, traffic) = await migration.RunAsync(cancellationToken, phase =>
        {
            labelled += migration.Lab.Fleet.Nodes.Count(n => !n.Host.State.AddressLabels.IsEmpty);
            return Task.CompletedTask;
        });

        Report(traffic);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(labelled > 0, Is.EqualTo(bridge == BridgeKind.Multus), "answers to antrea-gw0's IPv6 address would leave by net1");
            Assert.That(migration.Lab.Fleet.Nodes.SelectMany(n => n.Host.State.AddressLabels), Is.Empty, "and nothing of it stays");
            Assert.That(migration.Plan.PredictedLosses, Is.Empty);
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(traffic.Flows.Count(f => f.Flow.Destination.Contains("IPv6")), Is.EqualTo(3));
            Assert.That(traffic.Flows.Where(f => f.Failure > 0), Is.Empty, string.Join('\n', traffic.Outages));
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(
                migration.Lab.Fleet.Nodes.SelectMany(n => n.Host.State.Ovs!.State.Ports.Values, (n, port) => n.PodCidrs.Any(c => c.Contains(port.Address))),
                Has.All.True);
        }
    }

    /// <summary>No Node, Pod or Service has an IPv4 address.</summary>
    [TestCase(BridgeKind.PolicyRoute, CalicoEncapsulation.None)]
    [TestCase(BridgeKind.PolicyRoute, CalicoEncapsulation.Vxlan)]
    [TestCase(BridgeKind.Multus, CalicoEncapsulation.None)]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_a_cluster_of_IPv6_alone_and_loses_nothing(
        BridgeKind bridge, CalicoEncapsulation encapsulation, CancellationToken cancellationToken)
    {
        var options = DualStack.IPv6Alone(new LabClusterOptions { Name = "c2a0", Workers = 3, CalicoEncapsulation = encapsulation });
        await using var migration = await WatchedMigration.StartAsync(options, bridge, cancellationToken);
        Assert.That(migration.Plan.IsExecutable, string.Join('\n', migration.Plan.Findings.Take(3)));

        var (last, traffic) = await migration.RunAsync(cancellationToken);

        Report(traffic);
        var addresses = migration.Lab.Fleet.Nodes.SelectMany(n => n.Addresses.Concat(n.Host.State.Ovs!.State.Ports.Keys)).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(migration.Plan.PredictedLosses, Is.Empty);
            Assert.That(traffic.Flows.Where(f => f.Failure > 0), Is.Empty, string.Join('\n', traffic.Outages));
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(addresses.Select(a => a.AddressFamily), Has.All.EqualTo(AddressFamily.InterNetworkV6));
            Assert.That(addresses, Has.Count.GreaterThan(8));
        }
    }

    /// <summary>All blocks lie in the PodCIDR of one Node, which is the pool.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task IPv6_addresses_that_clash_move_to_a_pool_in_free_space_first(CancellationToken cancellationToken)
    {
        var options = DualStack.IPv6Alone(new LabClusterOptions { Name = "c2a0", Workers = 2, CalicoEncapsulation = CalicoEncapsulation.Vxlan });
        options = options with { CalicoPool = Cidr.Parse("fd00:10:10:1::/64") };
        await using var migration = await WatchedMigration.StartAsync(options, BridgeKind.PolicyRoute, cancellationToken);
        Assert.That(migration.Plan.IsExecutable, string.Join('\n', migration.Plan.Findings.Take(3)));

        var (last, traffic) = await migration.RunAsync(cancellationToken, phase => NothingOfCalicosIsInAPodCidrAsync(phase, migration, cancellationToken));

        Report(traffic);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(migration.Plan.Scenario, Is.EqualTo("MostOverlap"));
            Assert.That(migration.Plan.Readdressing?.Pools.Select(p => p.Cidr.IsIPv6), Is.EqualTo((bool[])[true]));
            Assert.That(traffic.Flows.Where(f => f.Failure > 0), Is.Empty, string.Join('\n', traffic.Outages));
        }
    }

    /// <summary>Where nobody tells the IPv6 Services' range, Multus Pods have no route to it by net1: kube-proxy leads them, under Calico addresses.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Service_range_that_the_plan_cannot_see_is_warned_of_and_costs_IPv6_requests(CancellationToken cancellationToken)
    {
        // Inside kube-proxy's clusterCIDR, or it would masquerade them.
        var options = DualStack.Of(new LabClusterOptions { Name = "c2a0", Workers = 3 }) with { CalicoPool6 = Cidr.Parse("fd00:10:10:80::/64") };
        var lab = await LabMigration.StartAsync(cancellationToken, options);
        DualStack.HideServices(lab.Lab, options);
        await using var migration = await WatchedMigration.StartAsync(lab, "client", cancellationToken);

        var (last, traffic) = await migration.RunAsync(cancellationToken);

        Report(traffic);
        var ofIPv6 = traffic.Flows.Where(f => f.Flow.Destination.Contains("IPv6")).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(
                migration.Plan.Findings.Where(f => f.Id == "cluster-ip-outside-service-cidrs").Select(f => f.Evidence),
                Has.One.Contains("fd00:10:96").And.One.Contains("(10.96.0.0/16)"));
            Assert.That(ofIPv6.Sum(f => f.Failure), Is.Positive, "what the plan warns of");
            Assert.That(
                traffic.Outages.Where(o => o.RequestsLost > 0 && o.Flow.Destination.Contains("IPv6")).Select(o => o.Phase), Has.All.EqualTo(nameof(MigrationPhase.AntreaPods)));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Without_the_bridge_Calico_clients_lose_the_first_Antrea_server(CancellationToken cancellationToken)
    {
        await using var migration = await WatchedMigration.StartAsync(
            new LabClusterOptions { Name = "c2a0", Workers = 3 }, BridgeKind.PolicyRoute, cancellationToken);
        var (_, traffic) = await migration.RunAsync(cancellationToken, phase =>
        {
            if (phase == MigrationPhase.Policies)
            {
                foreach (var node in migration.Lab.Fleet.Nodes)
                {
                    node.Host.RemoveRules(_ => true);
                }
            }

            return Task.CompletedTask;
        });

        Assert.That(traffic.Flows.Sum(f => f.Failure), Is.Positive, "a test that cannot fail proves nothing");

        // A stall that loses nothing may be the machine's.
        Assert.That(
            traffic.Outages.Where(o => o.RequestsLost > 0).Select(o => o.Phase),
            Has.All.EqualTo("AntreaPods"),
            string.Join('\n', traffic.Outages));
    }

    /// <summary>Once its addresses have moved.</summary>
    private static async Task NothingOfCalicosIsInAPodCidrAsync(MigrationPhase phase, WatchedMigration migration, CancellationToken cancellationToken)
    {
        if (phase != MigrationPhase.Addresses)
        {
            return;
        }

        using var client = migration.Migration.Client();
        var snapshot = await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
        var podCidrs = snapshot.Nodes.SelectMany(n => n.PodCidrs).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(AddressAnalyzer.Analyze(snapshot).Overlaps, Is.Empty);
            Assert.That(
                migration.Lab.Fleet.Nodes.SelectMany(n => n.Host.State.Routing.Routes).Where(r => podCidrs.Any(c => c.Overlaps(r.Destination)) && r.Destination.PrefixLength > 16),
                Is.Empty,
                "no route of Calico's, blackholes included");
            Assert.That(
                snapshot.Nodes.Where(n => n.Unschedulable).Select(n => n.Name),
                Is.EquivalentTo(migration.Plan.Readdressing!.CordonedNodes));
        }
    }

    private static void Report(ContinuousProbeResult traffic)
    {
        foreach (var flow in traffic.Flows)
        {
            TestContext.Out.WriteLine($"{flow.Flow}: {flow.Total} requests, {flow.Failure} lost, longest outage {flow.LongestOutage.TotalSeconds:0.000} s");
        }

        foreach (var outage in traffic.Outages)
        {
            TestContext.Out.WriteLine(outage);
        }
    }
}
