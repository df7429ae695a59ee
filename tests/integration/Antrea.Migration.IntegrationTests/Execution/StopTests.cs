using Antrea.Migration.Bridge;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;
using k8s;
using k8s.Models;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>A migration that stops says so at once, where it will be looked for, and decides no more than it must.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class StopTests
{
    private static readonly LabClusterOptions Small = new() { Name = "c2a0", Workers = 1, Workloads = false };

    private static readonly LabClusterOptions Four = new() { Name = "c2a0", Workers = 3, Workloads = false };

    [Test]
    [CancelAfter(120_000)]
    public async Task A_rollback_that_is_refused_beside_a_migrator_at_work_leaves_the_migration_as_it_was(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small, BridgeKind.PolicyRoute);
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        var journal = new ConfigMapJournal(client);
        var first = Execute(migration, client, plan, "ann@laptop").GetAsyncEnumerator(cancellationToken);
        while (await first.MoveNextAsync() && first.Current is not StepCompleted { Step.Kind: MigrationStepKind.InstallNodeAgent })
        {
        }

        var before = await journal.ReadAsync(cancellationToken);
        var rollback = await migration.PlanRollbackAsync(cancellationToken);
        Assert.That(
            async () => await Execute(migration, client, rollback, "bob@desktop").FirstAsync(cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.StartsWith("ann@laptop is migrating this cluster since "));
        var after = await journal.ReadAsync(cancellationToken);
        MigrationEvent? last = null;
        while (await first.MoveNextAsync())
        {
            last = first.Current;
        }

        Assert.That(after, Is.EqualTo(before));
        Assert.That(last, Is.TypeOf<MigrationCompleted>());
    }

    /// <summary>The gate reads what was asked for before each change; a step that it could not ask about has not begun, and a final one has not closed the way back.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task A_final_step_that_fails_before_its_intent_leaves_the_way_back_open(CancellationToken cancellationToken)
    {
        var isForbidden = false;
        await using var migration = await LabMigration.StartAsync(
            cancellationToken,
            Small with { Faults = request => Volatile.Read(ref isForbidden) && request is { Verb: "get", Resource: "configmaps", Name: "control" } ? new LabApiFault.Refuse(403, "Forbidden") : null },
            BridgeKind.PolicyRoute);
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        List<MigrationEvent> events = [];
        await foreach (var item in Execute(migration, client, plan, "operator"))
        {
            events.Add(item);
            Volatile.Write(ref isForbidden, isForbidden || item is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico });
        }

        Volatile.Write(ref isForbidden, false);
        var rollback = await migration.PlanRollbackAsync(cancellationToken);
        var entries = await new ConfigMapJournal(client).ReadAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((events[^1] as StepFailed)?.Step.Kind, Is.EqualTo(MigrationStepKind.RemoveCalico), events[^1].ToString());
            Assert.That(entries.Where(e => e.StepId == ((StepFailed)events[^1]).Step.Id), Is.Empty);
            Assert.That(entries.Last().Detail, Does.StartWith($"before {((StepFailed)events[^1]).Step.Id}: ").And.Contain("forbidden"));
            Assert.That(rollback.IsExecutable, Is.True, string.Join('\n', rollback.Findings));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_migrator_whose_Lease_was_taken_in_the_middle_of_a_step_restarts_nothing_more(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small with { Workloads = true }, BridgeKind.PolicyRoute);
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        using var thief = migration.Client();
        List<string> restarted = [];
        var gate = new SteeredGate(async (change, token) =>
        {
            if (change.Step.Kind == MigrationStepKind.RestartPods && change.Subject != change.Step.Title)
            {
                restarted.Add(change.Subject);
                var lease = await thief.CoordinationV1.ReadNamespacedLeaseAsync("migrator", "antrea-migration", cancellationToken: token);
                lease.Spec.HolderIdentity = "bob@desktop";
                await thief.CoordinationV1.ReplaceNamespacedLeaseAsync(lease, "migrator", "antrea-migration", cancellationToken: token);
                await Task.Delay(TimeSpan.FromSeconds(3), token); // The Lease is looked at every other second.
            }

            return null;
        });
        List<MigrationEvent> events = [];

        Assert.That(
            async () =>
            {
                await foreach (var item in Execute(migration, client, plan, "ann@laptop", gate))
                {
                    events.Add(item);
                }
            },
            Throws.TypeOf<MigrationException>().With.Message.EqualTo("bob@desktop has taken the migration over."));

        var marked = (await client.ListDeploymentForAllNamespacesAsync(cancellationToken: cancellationToken)).Items
            .Where(d => d.Spec.Template.Metadata.Annotations?.ContainsKey("antrea-migration.io/restarted-for") == true).Select(d => d.Name());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(restarted, Has.Count.EqualTo(1), "asked once, and not once more");
            Assert.That(marked, Is.Empty);
            Assert.That(events[^1], Is.Not.TypeOf<StepFailed>(), "the step is the other's now");
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_stop_is_written_down_before_the_Nodes_beside_it_have_ended(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Four, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var journal = new WatchedJournal(new ConfigMapJournal(client));
        var isWritten = false;
        var nodes = new SteeredNodes(new PodExecNodeAccess(client), async (_, command, token) =>
        {
            while (command.Verb == "write-cni-config" && journal.Of(JournalEntry.PauseId).Count == 0)
            {
                await Task.Delay(20, token);
            }

            isWritten |= command.Verb == "write-cni-config";
            return null;
        });
        var asked = 0;
        var gate = new SteeredGate((change, _) => Task.FromResult(
            change.Step.Kind == MigrationStepKind.HoldCalico && ++asked == 2 ? new MigrationStop("Too much is lost.", "Look.") : null));

        var events = await RunAsync(migration, new MigrationExecutor(client, journal, nodes), gate, cancellationToken);

        var paused = events[^1] as MigrationPaused;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(isWritten, Is.True);
            Assert.That(paused?.Reason, Is.EqualTo("Too much is lost."), events[^1].ToString());
            Assert.That(journal.Of(JournalEntry.PauseId).Select(e => e.Detail), Is.EqualTo(new[] { $"before {paused!.Step.Id}, next {paused.Subject}: Too much is lost." }));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_stop_that_cannot_be_written_down_is_told_all_the_same_and_an_abort_stays_in_force(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var control = new MigrationControl(client);
        var journal = new WatchedJournal(new ConfigMapJournal(client)) { Loses = e => e.State == JournalState.Paused };
        var plan = await migration.PlanAsync(cancellationToken);
        List<MigrationEvent> events = [];
        await foreach (var item in new MigrationExecutor(client, journal).ExecuteAsync(plan, migration.Options, Options(migration, null), cancellationToken))
        {
            events.Add(item);
            if (item is StepCompleted { Step.Kind: MigrationStepKind.InstallNodeAgent })
            {
                await control.AskAsync(MigrationWish.Abort, "bob@desktop", cancellationToken);
            }
        }

        var left = await control.ReadAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((events[^1] as MigrationPaused)?.Reason, Does.StartWith("Aborted by bob@desktop, ").And.EndWith("(And the journal could not say so: The disk is full.)"), events[^1].ToString());
            Assert.That(left?.Wish, Is.EqualTo(MigrationWish.Abort));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_stop_beside_a_failure_is_told_before_it(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Four, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var journal = new WatchedJournal(new ConfigMapJournal(client));
        var nodes = new SteeredNodes(new PodExecNodeAccess(client), async (_, command, token) =>
        {
            while (command.Verb == "write-cni-config" && journal.Of(JournalEntry.PauseId).Count == 0)
            {
                await Task.Delay(20, token);
            }

            return command.Verb == "write-cni-config" ? SteeredNodes.Failure : null;
        });
        var asked = 0;
        var gate = new SteeredGate((change, _) => Task.FromResult(
            change.Step.Kind == MigrationStepKind.HoldCalico && ++asked == 2 ? new MigrationStop("Too much is lost.", "Look.") : null));

        var events = await RunAsync(migration, new MigrationExecutor(client, journal, nodes), gate, cancellationToken);

        Assert.That(events.TakeLast(2).Select(e => e.GetType()), Is.EqualTo(new[] { typeof(MigrationPaused), typeof(StepFailed) }));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_Node_that_waits_in_a_pause_does_not_hold_up_a_run_in_which_another_has_failed(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Four, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var control = new MigrationControl(client);
        var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var nodes = new SteeredNodes(new PodExecNodeAccess(client), async (_, command, token) =>
        {
            if (command.Verb != "write-cni-config")
            {
                return null;
            }

            await waits.Task.WaitAsync(token);
            return SteeredNodes.Failure;
        });
        var asked = 0;
        var gate = new SteeredGate(async (change, token) =>
        {
            if (change.Step.Kind == MigrationStepKind.HoldCalico && ++asked == 1)
            {
                await control.AskAsync(MigrationWish.Pause, "bob@desktop", token);
            }

            return null;
        });
        List<MigrationEvent> events = [];
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client), nodes).ExecuteAsync(
            await migration.PlanAsync(cancellationToken), migration.Options, Options(migration, gate), cancellationToken))
        {
            events.Add(item);
            if (item is StepProgress { Message: var message } && message.StartsWith("paused by bob@desktop", StringComparison.Ordinal))
            {
                waits.TrySetResult();
            }
        }

        Assert.That(events[^1], Is.TypeOf<StepFailed>());
        Assert.That((await control.ReadAsync(cancellationToken))?.Wish, Is.EqualTo(MigrationWish.Pause), "nobody has taken it back");
    }

    private static async Task<List<MigrationEvent>> RunAsync(LabMigration migration, MigrationExecutor executor, IMigrationGate gate, CancellationToken cancellationToken) =>
        await executor.ExecuteAsync(await migration.PlanAsync(cancellationToken), migration.Options, Options(migration, gate), cancellationToken).ToListAsync(cancellationToken);

    private static IAsyncEnumerable<MigrationEvent> Execute(LabMigration migration, Kubernetes client, MigrationPlan plan, string holder, IMigrationGate? gate = null) =>
        new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(plan, migration.Options, Options(migration, gate) with { Holder = holder });

    private static ExecutionOptions Options(LabMigration migration, IMigrationGate? gate) =>
        new() { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, Holder = "operator", Gate = gate };
}
