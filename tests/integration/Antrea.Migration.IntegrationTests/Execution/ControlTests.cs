using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Faults;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
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

    [Test]
    [CancelAfter(600_000)]
    public async Task Migrator_whose_Lease_another_has_taken_begins_no_further_step(CancellationToken cancellationToken)
    {
        // The keeper looks at the Lease, one look after the other: by its second look it knows what the first one said.
        var looks = 0;
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isTaken = false;
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small with
        {
            Faults = request =>
            {
                if (Volatile.Read(ref isTaken) && request is { Verb: "get", Resource: "leases", Name: "migrator" } && Interlocked.Increment(ref looks) == 2)
                {
                    seen.TrySetResult();
                }

                return null;
            },
        });
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        List<MigrationEvent> after = [];
        async Task RunAsync()
        {
            await foreach (var item in Execute(migration, client, plan, "ann@laptop"))
            {
                if (isTaken)
                {
                    after.Add(item);
                }
                else if (item is StepCompleted { Step.Kind: MigrationStepKind.InstallMultus })
                {
                    migration.Lab.Apply(
                        """
                        apiVersion: coordination.k8s.io/v1
                        kind: Lease
                        metadata: {name: migrator, namespace: antrea-migration}
                        spec: {holderIdentity: "bob@desktop", leaseDurationSeconds: 15, acquireTime: "2026-01-01T00:00:00.000000Z", renewTime: "2026-01-01T00:00:00.000000Z"}
                        """);
                    Volatile.Write(ref isTaken, true);
                    await seen.Task.WaitAsync(cancellationToken);
                }
            }
        }

        Assert.That(RunAsync, Throws.TypeOf<MigrationException>().With.Message.EqualTo("bob@desktop has taken the migration over.").And.Property("Next").Contains("antrea-migrator status"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(after.OfType<StepCompleted>(), Is.Empty);
            Assert.That(
                migration.Lab.Store.PeekAll(new ResourceType("coordination.k8s.io", "v1", "Lease", "leases", true)).Select(l => l.Text("spec", "holderIdentity")),
                Does.Contain("bob@desktop"), "it is not given back by whoever lost it");
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Paused_from_another_terminal_a_migrator_waits_until_it_is_resumed(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        using var terminal = migration.Client();
        var control = new MigrationControl(terminal);
        string? waiting = null;
        List<MigrationStepKind> doneWhilePaused = [];
        MigrationEvent? last = null;
        await foreach (var item in Execute(migration, client, plan, "ann@laptop"))
        {
            last = item;
            switch (item)
            {
                case StepCompleted { Step.Kind: MigrationStepKind.InstallMultus }:
                    await control.AskAsync(MigrationWish.Pause, "bob@desktop", cancellationToken);
                    break;
                case StepProgress progress when progress.Message.StartsWith("paused", StringComparison.Ordinal):
                    waiting = progress.Message;
                    Assert.That((await control.WithdrawAsync(cancellationToken))?.By, Is.EqualTo("bob@desktop"));
                    break;
                case StepCompleted step when await control.ReadAsync(cancellationToken) is not null:
                    doneWhilePaused.Add(step.Step.Kind);
                    break;
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(waiting, Does.StartWith("paused by bob@desktop since ").And.Contain(", before Put 00-multus.conf first").And.EndWith("'antrea-migrator resume' lets it go on"));
            Assert.That(doneWhilePaused, Is.Empty);
            Assert.That(last, Is.TypeOf<MigrationCompleted>());
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Aborted_from_another_terminal_a_migrator_ends_before_its_next_change_and_the_next_goes_on(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        using var terminal = migration.Client();
        var control = new MigrationControl(terminal);
        List<MigrationEvent> events = [];
        await foreach (var item in Execute(migration, client, plan, "ann@laptop"))
        {
            events.Add(item);
            if (item is StepCompleted { Step.Kind: MigrationStepKind.InstallMultus })
            {
                await control.AskAsync(MigrationWish.Pause, "bob@desktop", cancellationToken);
            }
            else if (item is StepProgress progress && progress.Message.StartsWith("paused", StringComparison.Ordinal))
            {
                await control.AskAsync(MigrationWish.Abort, "bob@desktop", cancellationToken);
            }
        }

        var journal = await new ConfigMapJournal(terminal).ReadAsync(cancellationToken);
        var left = await control.ReadAsync(cancellationToken);
        var next = await migration.ExecuteAsync(plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationPaused>());
            Assert.That(((MigrationPaused)events[^1]).Reason, Does.StartWith("Aborted by bob@desktop, "));
            Assert.That(((MigrationPaused)events[^1]).Next, Does.Contain("rollback"));
            Assert.That(journal[^1].State, Is.EqualTo(JournalState.Paused));
            Assert.That(left, Is.Null, "obeyed, it is spent");
            Assert.That(next[^1], Is.TypeOf<MigrationCompleted>());
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Request_that_nobody_understands_stops_the_migrator_and_says_how_to_be_rid_of_it(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        migration.Lab.Apply(
            """
            apiVersion: v1
            kind: Namespace
            metadata: {name: antrea-migration}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: control, namespace: antrea-migration}
            data: {request: "slower, please"}
            """);

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<StepFailed>());
            Assert.That(((StepFailed)events[^1]).Message, Does.Contain("ConfigMap antrea-migration/control").And.Contain("slower, please"));
            Assert.That(((StepFailed)events[^1]).Next, Does.Contain("delete configmap control"));
        }
    }

    private static IAsyncEnumerable<MigrationEvent> Execute(
        LabMigration migration, Kubernetes client, MigrationPlan plan, string holder, TimeProvider? time = null) =>
        new MigrationExecutor(client, new ConfigMapJournal(client), time: time).ExecuteAsync(
            plan, migration.Options, new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, Holder = holder });
}
