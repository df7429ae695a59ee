using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Calico's definitions, and every object with them, go when the backup is known to hold them.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class BackupTests
{
    private const string Pool = "crd.projectcalico.org_IPPool_default-ipv4-ippool.json";

    [Test]
    [CancelAfter(600_000)]
    public async Task Object_that_came_after_the_backup_and_files_that_broke_meanwhile_are_saved_before_Calico_goes(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, item => item is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        migration.Lab.Apply(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkSet
            metadata: {name: late}
            spec: {nets: [198.51.100.0/24]}
            """);
        var objects = Path.Combine(migration.BackupDirectory, "objects");
        Assert.That(File.Exists(Path.Combine(objects, Pool)));
        await File.WriteAllTextAsync(Path.Combine(objects, Pool), "{\"apiVersion\": \"crd.proj", cancellationToken);
        File.Delete(Path.Combine(objects, "CustomResourceDefinition_ippools.crd.projectcalico.org.json"));

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        var removed = events.OfType<StepCompleted>().Single(e => e.Step.Kind == MigrationStepKind.RemoveCalico);
        var saved = Path.Combine(migration.BackupDirectory, "objects-at-removal");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>());
            Assert.That(removed.Detail, Does.Contain("backup read back: ").And.Contain(" and 1 unreadable ones saved to ").And.Contain(saved));
            Assert.That(
                Directory.GetFiles(saved).Select(Path.GetFileName),
                Is.SupersetOf(new[] { Pool, "crd.projectcalico.org_GlobalNetworkSet_late.json", "apiextensions.k8s.io_CustomResourceDefinition_ippools.crd.projectcalico.org.json" }));
            Assert.That(await File.ReadAllTextAsync(Path.Combine(saved, Pool), cancellationToken), Does.Contain("\"cidr\""));
            Assert.That(await File.ReadAllTextAsync(Path.Combine(objects, Pool), cancellationToken), Is.EqualTo("{\"apiVersion\": \"crd.proj"));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Migration_that_goes_on_where_the_backup_is_not_saves_all_again_and_says_so(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, item => item is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        Directory.Delete(migration.BackupDirectory, recursive: true);

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        var removed = events.OfType<StepCompleted>().Single(e => e.Step.Kind == MigrationStepKind.RemoveCalico);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>());
            Assert.That(events.OfType<StepProgress>().Select(e => e.Message), Has.Some.StartsWith("There is no backup from the start in "));
            Assert.That(removed.Detail, Does.Contain("no backup from the start was in "));
            Assert.That(
                Directory.GetFiles(Path.Combine(migration.BackupDirectory, "objects-at-removal")).Select(Path.GetFileName),
                Is.SupersetOf(new[] { Pool, "apps_DaemonSet_kube-system_calico-node.json", "apiextensions.k8s.io_CustomResourceDefinition_ippools.crd.projectcalico.org.json" }));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Backup_that_cannot_be_written_keeps_Calicos_definitions_in_the_cluster(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, item => item is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        Directory.Delete(migration.BackupDirectory, recursive: true);
        await File.WriteAllTextAsync(migration.BackupDirectory, "not a folder", cancellationToken);

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((events[^1] as StepFailed)?.Step.Kind, Is.EqualTo(MigrationStepKind.RemoveCalico));
            Assert.That((events[^1] as StepFailed)?.Message, Does.StartWith("The backup file "));
            Assert.That(await migration.DumpAsync(cancellationToken), Does.Contain("ippools.crd.projectcalico.org"));
        }

        File.Delete(migration.BackupDirectory);
        Assert.That((await migration.ExecuteAsync(plan, cancellationToken))[^1], Is.TypeOf<MigrationCompleted>(), "and it goes on");
    }

    private static Task<LabMigration> StartAsync(CancellationToken cancellationToken) =>
        LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 2 }, BridgeKind.PolicyRoute);
}
