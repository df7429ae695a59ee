using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Watched from inside Pods that are themselves restarted twice on the way.</summary>
public sealed class MonitoredMigrationTests
{
    [Test]
    [CancelAfter(600_000)]
    public async Task Operator_watches_a_migration_from_Pods_that_move_along(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);
        using var client = migration.Client();
        var plan = await migration.PlanAsync(cancellationToken);
        ContinuousProbeResult seen;
        List<MigrationEvent> events = [];
        await using (var pods = await ProbePods.SomeAsync(client, 2, cancellationToken: cancellationToken))
        await using (var probe = new ContinuousProbe(
            [
                pods.Watch(ProbePods.Namespace, "probe-0", new Uri("http://nginx-origin.default")),
                pods.Watch(ProbePods.Namespace, "probe-1", new Uri("tcp://nginx-origin.default.svc.cluster.local:80")),
            ],
            new ContinuousProbeOptions
            {
                Interval = TimeSpan.FromMilliseconds(100),
                Timeout = TimeSpan.FromSeconds(20),
                StallThreshold = TimeSpan.FromSeconds(20),
            }))
        {
            probe.Start();
            await using var gate = new BudgetGate(probe, new ErrorBudget { MaxOutage = TimeSpan.FromSeconds(20), MaxFailureRate = 0.01 }, BreachAction.Pause);
            var executor = new MigrationExecutor(client, new ConfigMapJournal(client));
            var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, Gate = gate };
            await foreach (var item in executor.ExecuteAsync(plan, migration.Options, execution, cancellationToken))
            {
                events.Add(item);
            }

            seen = await probe.StopAsync(cancellationToken);
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), (events[^1] as MigrationPaused)?.Reason);
            Assert.That(seen.Flows.Select(f => f.Flow), Is.EqualTo(
                [
                    new FlowName("antrea-migration-probe/probe-0", "http://nginx-origin.default", "Pod to name"),
                    new FlowName("antrea-migration-probe/probe-1", "tcp://nginx-origin.default.svc.cluster.local:80", "Pod to name"),
                ]));
            Assert.That(seen.Flows.Select(f => f.Success), Has.All.GreaterThan(10));
            Assert.That(seen.Flows.Select(f => f.Failure), Has.All.Zero, string.Join("; ", seen.Outages));
            Assert.That(seen.Services, Has.Length.EqualTo(2));
        }
    }
}
