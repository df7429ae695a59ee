using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Faults;
using Antrea.Migration.Lab;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>One migrator at a time, and words to it from another terminal.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ControlTests
{
    private static readonly LabClusterOptions Small = new() { Name = "c2a0", Workers = 1, Workloads = false };

    [Test]
    [CancelAfter(600_000)]
    public async Task Second_migrator_is_refused_by_the_name_of_the_first(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        var first = Execute(migration, client, plan, "ann@laptop").GetAsyncEnumerator(cancellationToken);
        while (await first.MoveNextAsync() && first.Current is not StepCompleted { Step.Kind: MigrationStepKind.InstallMultus })
        {
        }

        // The first one is alive, and does nothing while nobody takes its events.
        Assert.That(
            async () => await Execute(migration, client, plan, "bob@desktop").FirstAsync(cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.StartsWith("ann@laptop is migrating this cluster since ").And.Property("Next").Contains("status"));
        await first.DisposeAsync();
        var second = await Execute(migration, client, plan, "bob@desktop").FirstAsync(cancellationToken);

        Assert.That(second, Is.InstanceOf<MigrationEvent>(), "given back, the Lease is free at once");
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Migrator_that_died_is_succeeded_when_its_Lease_runs_out(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepCompleted { Step.Kind: MigrationStepKind.InstallNodeAgent }, cancellationToken);
        migration.Lab.Apply(
            """
            apiVersion: coordination.k8s.io/v1
            kind: Lease
            metadata: {name: migrator, namespace: antrea-migration}
            spec: {holderIdentity: "ann@laptop", leaseDurationSeconds: 15, acquireTime: "2026-01-01T00:00:00.000000Z", renewTime: "2026-01-01T00:00:00.000000Z"}
            """);
        using var client = migration.Client();
        var time = new SteeredTime();
        var waiting = Execute(migration, client, plan, "bob@desktop", time).FirstAsync(cancellationToken).AsTask();
        while (!waiting.IsCompleted)
        {
            time.RunOut();
            await Task.WhenAny(waiting, Task.Delay(50, cancellationToken));
        }

        Assert.That(await waiting, Is.InstanceOf<MigrationEvent>());
    }

    private static IAsyncEnumerable<MigrationEvent> Execute(
        LabMigration migration, Kubernetes client, MigrationPlan plan, string holder, TimeProvider? time = null) =>
        new MigrationExecutor(client, new ConfigMapJournal(client), time: time).ExecuteAsync(
            plan, migration.Options, new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, Holder = holder });
}
