using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Planning;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Antrea with <c>trafficEncapMode</c> noEncap or hybrid, all Nodes on one link: its packets between Nodes go by the Nodes' own routes.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class NoEncapsulationTests
{
    private static LabClusterOptions Cluster(int workers, AntreaEncapMode encap) => new() { Name = "c2a0", Workers = workers, AntreaEncap = encap };

    /// <summary>Each bridge, with the way between Nodes and whether both families are there.</summary>
    internal static readonly object[][] ByBridge =
    [
        [BridgeKind.Multus, AntreaEncapMode.NoEncap, false],
        [BridgeKind.PolicyRoute, AntreaEncapMode.NoEncap, false],
        [BridgeKind.Pool, AntreaEncapMode.NoEncap, false],
        [BridgeKind.Multus, AntreaEncapMode.NoEncap, true],
        [BridgeKind.PolicyRoute, AntreaEncapMode.Hybrid, true],
    ];

    [TestCaseSource(nameof(ByBridge))]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_to_Antrea_without_a_tunnel_and_loses_what_the_plan_predicted_nothing(
        BridgeKind bridge, AntreaEncapMode encap, bool isDualStack, CancellationToken cancellationToken)
    {
        var options = Cluster(workers: 3, encap);
        await using var migration = await WatchedMigration.StartAsync(isDualStack ? DualStack.Of(options) : options, bridge, cancellationToken);
        Assert.That(migration.Plan.IsExecutable, string.Join('\n', migration.Plan.Findings.Take(3)));

        var (last, traffic) = await migration.RunAsync(cancellationToken);

        TestContext.Out.WriteLine($"{traffic.Flows.Sum(f => f.Total)} requests, {traffic.Flows.Sum(f => f.Failure)} lost");
        var nodes = migration.Lab.Fleet.Nodes;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(migration.Plan.PredictedLosses, Is.Empty);
            Assert.That(traffic.Flows.Where(f => f.Failure > 0), Is.Empty, string.Join('\n', traffic.Outages));
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(nodes.Select(n => n.Host.State.Ovs!.State.HasTunnel), Has.All.EqualTo(encap == AntreaEncapMode.Hybrid));
            Assert.That(nodes.Select(RoutesToPeers), Has.All.EqualTo((nodes.Count - 1) * (isDualStack ? 2 : 1)), "each PodCIDR by its Node");
        }
    }

    /// <summary>These routes lead out by the Node's own link, so they do not go with the bridge.</summary>
    [TestCase(BridgeKind.Multus)]
    [TestCase(BridgeKind.PolicyRoute)]
    [CancelAfter(600_000)]
    public async Task Rolled_back_no_route_to_another_Nodes_PodCidr_is_left(BridgeKind bridge, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Cluster(workers: 1, AntreaEncapMode.NoEncap), bridge);
        var before = await RollbackTests.DumpAsync(migration, cancellationToken);
        await migration.RunUntilAsync(
            await migration.PlanAsync(cancellationToken), e => e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        var routes = migration.Lab.Fleet.Nodes.Sum(RoutesToPeers);

        var events = await migration.ExecuteAsync(await migration.PlanRollbackAsync(cancellationToken), cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(5)));
            Assert.That(routes, Is.EqualTo(2));
            Assert.That(migration.Lab.Fleet.Nodes.Sum(RoutesToPeers), Is.Zero);
            Assert.That(await RollbackTests.DumpAsync(migration, cancellationToken), Is.EqualTo(before));
        }
    }

    private static int RoutesToPeers(LabNode node) =>
        node.Host.State.Routing.Routes.Count(r => r is { Device: "eth0", Gateway: not null, Protocol: null, Destination.PrefixLength: 24 or 64 });
}
