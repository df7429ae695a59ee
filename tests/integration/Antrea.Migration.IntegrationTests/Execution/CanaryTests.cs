using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>What is seen inside a canary Pod before a Pod that matters is restarted.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class CanaryTests
{
    [TestCase(LabFabricKind.Simulated)]
    [TestCase(LabFabricKind.Kernel, Category = "Kernel")]
    [CancelAfter(600_000)]
    public async Task Multus_Pod_with_two_default_routes_stops_the_migration_at_the_canaries_and_the_route_is_named(LabFabricKind fabric, CancellationToken cancellationToken)
    {
        if (fabric == LabFabricKind.Kernel)
        {
            await Requires.KernelFabricAsync(cancellationToken);
        }

        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 3, Fabric = fabric });

        // An agent that does not look at ipam.routes, under a version that would: the preflight cannot tell.
        migration.Options = migration.Options with { AntreaManifest = ObjectReader.Read(LabManifests.Antrea("v2.3.0"), "antrea.yml"), AntreaVersion = "v2.7.0" };
        var events = await migration.ExecuteAsync(await migration.PlanAsync(cancellationToken), cancellationToken);

        var failed = events[^1] as StepFailed;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.TryCanaries), string.Join('\n', events.TakeLast(3)));
            Assert.That(failed?.Message, Does.StartWith("4 of 4 Nodes give a new Pod routes that lead replies astray: Node c2a0-control-plane: the IPv4 default route leaves by eth0 or net1"));
            Assert.That(failed?.Message, Does.Contain("default via 169.254.1.1 dev eth0").And.Contains("Node c2a0-worker2: "));
            Assert.That(failed?.Next, Does.Contain("exec antrea-migration-canary-").And.Contain("v2.4"));
            Assert.That(events.OfType<StepStarted>().Select(s => s.Step.Kind), Has.None.EqualTo(MigrationStepKind.RestartPods));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Multus_Pod_whose_second_default_route_is_parked_lets_the_migration_go_on(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, DualStack.Of(new LabClusterOptions { Name = "c2a0", Workers = 3 }));
        StepCompleted? tried = null;
        await migration.RunUntilAsync(
            await migration.PlanAsync(cancellationToken),
            item => item is StepCompleted { Step: { Kind: MigrationStepKind.TryCanaries, Phase: MigrationPhase.MultusPods } } done && (tried = done) is not null,
            cancellationToken);

        Assert.That(tried?.Detail, Does.EndWith(", and its replies leave by the interface they were asked through"));
    }
}
