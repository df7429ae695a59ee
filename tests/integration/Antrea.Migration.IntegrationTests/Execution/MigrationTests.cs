using System.Collections.Concurrent;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

[Parallelizable(ParallelScope.All)]
public sealed class MigrationTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task Operator_migrates_a_simple_cluster_and_nothing_of_Calico_is_left(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);

        var events = await migration.ExecuteAsync(await migration.PlanAsync(cancellationToken), cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), Describe(events));
        var dump = await migration.DumpAsync(cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(dump, Does.Not.Contain("tunl0 10.").And.Not.Contain("10-calico.conflist").And.Not.Contain("00-multus.conf"));
            Assert.That(dump, Does.Not.Contain("crd.projectcalico.org"));
            Assert.That(Directory.GetFiles(migration.BackupDirectory, "*", SearchOption.AllDirectories).Select(Path.GetFileName), Does.Contain("10-calico.conflist"));
            Assert.That(Directory.GetFiles(migration.BackupDirectory, "*", SearchOption.AllDirectories).Select(Path.GetFileName), Has.None.Contains("kubeconfig"));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Operator_is_held_twice_and_goes_on_when_told(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);

        var first = await migration.ExecuteAsync(plan, cancellationToken, passHolds: false);
        var again = await migration.ExecuteAsync(plan, cancellationToken, passHolds: false);
        var last = await migration.ExecuteAsync(plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((first[^1] as MigrationHeld)?.Step.Phase, Is.EqualTo(MigrationPhase.AntreaPods), Describe(first));
            Assert.That((again[^1] as MigrationHeld)?.Step.Phase, Is.EqualTo(MigrationPhase.AntreaPods), "a hold is not passed by asking twice");
            Assert.That(last[^1], Is.TypeOf<MigrationCompleted>(), Describe(last));
        }
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Migrator_killed_around_every_write_reaches_the_same_end_and_restarts_nothing_twice(CancellationToken cancellationToken)
    {
        await using var smooth = await LabMigration.StartAsync(cancellationToken);
        var smoothPods = CountPods(smooth);
        await smooth.ExecuteAsync(await smooth.PlanAsync(cancellationToken), cancellationToken);

        await using var crashing = await LabMigration.StartAsync(cancellationToken);
        var crashingPods = CountPods(crashing);
        var plan = await crashing.PlanAsync(cancellationToken);
        var points = new CrashPoints();
        List<MigrationEvent>? events = null;
        while (events is null)
        {
            // A new process each time: nothing but the cluster and its journal is kept.
            using var client = crashing.Client(new CrashingHandler(points));
            using var plain = crashing.Client();
            var executor = new MigrationExecutor(
                client,
                new CrashingJournal(new ConfigMapJournal(plain), points),
                new CrashingNodeAccess(new PodExecNodeAccess(plain), points));
            try
            {
                events = await crashing.ExecuteAsync(plan, executor, cancellationToken);
            }
            catch (CrashException)
            {
            }
        }

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), Describe(events));
        TestContext.Out.WriteLine($"{points.Crashes} crashes");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(points.Crashes, Is.GreaterThan(plan.Steps.Length * 2), "every step was killed more than once");
            Assert.That(await crashing.DumpAsync(cancellationToken), Is.EqualTo(await smooth.DumpAsync(cancellationToken)));
            Assert.That(crashingPods.Where(p => p.Key != "calico-node").OrderBy(p => p.Key), Is.EqualTo(smoothPods.Where(p => p.Key != "calico-node").OrderBy(p => p.Key)));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_plan_made_before_the_cluster_changed_is_refused(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        migration.Lab.Apply(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: IPPool
            metadata: {name: another}
            spec: {cidr: 10.244.0.0/16}
            """);

        Assert.That(
            async () => await migration.ExecuteAsync(plan, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("has changed since plan").And.Property("Next").Contains("plan"));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Another_plan_does_not_go_on_with_a_begun_migration(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.ExecuteAsync(plan, cancellationToken, passHolds: false);

        Assert.That(
            async () => await migration.ExecuteAsync(plan with { Id = "another" }, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains(plan.Id));
    }

    private static ConcurrentDictionary<string, int> CountPods(LabMigration migration)
    {
        var counts = new ConcurrentDictionary<string, int>();
        migration.Lab.Store.Subscribe(
            e =>
            {
                if (e.Type == StoreEventType.Added && e.Resource == ResourceType.Pod && e.Object["spec"]?["hostNetwork"]?.GetValue<bool>() != true)
                {
                    counts.AddOrUpdate(e.Object["metadata"]!["labels"]?.AsObject().Select(l => $"{l.Value}").First() ?? "", 1, (_, n) => n + 1);
                }
            },
            migration.Lab.Store.Version);
        return counts;
    }

    private static string Describe(List<MigrationEvent> events) => string.Join('\n', events.TakeLast(5));
}
