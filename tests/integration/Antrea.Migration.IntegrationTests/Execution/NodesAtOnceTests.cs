using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>What is done on Nodes is done on some of them side by side, and is told and written down as if it were one after the other.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class NodesAtOnceTests
{
    private static readonly LabClusterOptions Six = new() { Name = "c2a0", Workers = 5, Workloads = false };

    [TestCase(1)]
    [TestCase(4)]
    [CancelAfter(120_000)]
    public async Task As_many_Nodes_as_asked_for_are_changed_at_once_and_told_in_the_plans_order(int atOnce, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Six, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var nodes = new GatheringNodes(new PodExecNodeAccess(client), atOnce);
        var journal = new MirroredJournal(new ConfigMapJournal(client), new FileJournal(migration.JournalFile));
        var plan = await migration.PlanAsync(cancellationToken);

        var events = await RunAsync(migration, plan, new MigrationExecutor(client, journal, nodes), atOnce, cancellationToken);

        var entries = await new FileJournal(migration.JournalFile).ReadAsync(cancellationToken);
        var onNodes = plan.Steps.Where(s => s is { Phase: MigrationPhase.Bridge, Node: not null }).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationHeld>(), events[^1].ToString());
            Assert.That(nodes.Most, Is.EqualTo(atOnce));
            Assert.That(events.OfType<StepStarted>().Select(e => e.Step.Id), Is.EqualTo(plan.Steps.TakeWhile(s => s.Kind != MigrationStepKind.Hold).Select(s => s.Id)));
            Assert.That(events.Index().Where(e => e.Item is StepStarted).Select(e => events.Skip(e.Index + 1).First(i => i is not StepProgress)), Has.None.TypeOf<StepStarted>(), "one step's events are not among another's");
            foreach (var step in onNodes)
            {
                Assert.That(entries.Where(e => e.StepId == step.Id).Select(e => e.State), Is.EqualTo(new[] { JournalState.Intent, JournalState.Done }), step.Id);
            }
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_Node_that_fails_lets_those_beside_it_end_and_no_other_begin(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Six, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var names = migration.Lab.NodeNames.Order(StringComparer.Ordinal).ToList();
        var nodes = new GatheringNodes(new PodExecNodeAccess(client), 3) { Fails = names[1] };
        var journal = new ConfigMapJournal(client);
        var plan = await migration.PlanAsync(cancellationToken);

        var events = await RunAsync(migration, plan, new MigrationExecutor(client, journal, nodes), 3, cancellationToken);
        var states = (await journal.ReadAsync(cancellationToken)).Where(e => e.StepId.StartsWith("bridge/hold-calico/", StringComparison.Ordinal))
            .GroupBy(e => e.StepId.Split('/')[^1]).ToDictionary(g => g.Key, g => g.Last().State);
        nodes.Fails = null;
        var again = await RunAsync(migration, plan, new MigrationExecutor(client, journal, nodes), 3, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<StepFailed>());
            Assert.That((events[^1] as StepFailed)?.Step.Node, Is.EqualTo(names[1]));
            Assert.That(states[names[1]], Is.EqualTo(JournalState.Failed));
            Assert.That(states.Where(s => s.Key != names[1]).Select(s => s.Value), Is.All.EqualTo(JournalState.Done), "what was begun has ended");
            Assert.That(states.Keys, Is.SubsetOf(names.Take(4)), "two beside it, and the one that the first made room for");
            Assert.That(events.OfType<StepFailed>().Count(), Is.EqualTo(1));
            Assert.That(again[^1], Is.TypeOf<MigrationHeld>());
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Interrupted_nothing_is_at_work_any_more_and_the_next_run_goes_on(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Six, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var nodes = new GatheringNodes(new PodExecNodeAccess(client), 4) { Gathered = interrupted.Cancel };
        var executor = new MigrationExecutor(client, new ConfigMapJournal(client), nodes);
        var plan = await migration.PlanAsync(cancellationToken);

        Assert.That(async () => await RunAsync(migration, plan, executor, 4, interrupted.Token), Throws.InstanceOf<OperationCanceledException>());
        var left = nodes.AtWork;
        nodes.Gathered = null;
        var again = await RunAsync(migration, plan, executor, 4, cancellationToken);

        Assert.That((nodes.Most, left, again[^1].GetType()), Is.EqualTo((4, 0, typeof(MigrationHeld))));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Looks_are_at_several_Nodes_at_once_also_where_changes_are_one_by_one(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Six, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var nodes = new GatheringNodes(new PodExecNodeAccess(client), 6, "inspect-node");

        var events = await RunAsync(migration, await migration.PlanAsync(cancellationToken), new MigrationExecutor(client, new ConfigMapJournal(client), nodes), 1, cancellationToken);

        Assert.That((events[^1].GetType(), nodes.Most), Is.EqualTo((typeof(MigrationHeld), 6)));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_Node_that_waits_at_the_gate_does_not_begin_when_another_fails(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Six, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var journal = new WatchedJournal(new ConfigMapJournal(client));
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var nodes = new SteeredNodes(new PodExecNodeAccess(client), async (_, command, token) =>
        {
            if (command.Verb != "write-cni-config")
            {
                return null;
            }

            await second.Task.WaitAsync(token);
            return SteeredNodes.Failure;
        });
        var asked = 0;
        var gate = new SteeredGate(async (change, token) =>
        {
            if (change.Step.Kind == MigrationStepKind.HoldCalico && ++asked == 2)
            {
                second.SetResult();
                await journal.Failed.WaitAsync(token);
            }

            return null;
        });

        var events = await RunAsync(migration, await migration.PlanAsync(cancellationToken), new MigrationExecutor(client, journal, nodes), 4, cancellationToken, gate);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<StepFailed>());
            Assert.That(asked, Is.EqualTo(2), "who is behind the second is not asked about any more");
            Assert.That(journal.Of("bridge/hold-calico/").Select(e => e.State), Is.EqualTo(new[] { JournalState.Intent, JournalState.Failed }));
            Assert.That(journal.Of(JournalEntry.PauseId), Is.Empty);
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_Node_of_a_part_goes_through_its_steps_when_another_fails(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = LabScenario.Crowded, Workers = 3 }, BridgeKind.Partition);
        var (first, second) = (LabScenario.Crowded + "-worker", LabScenario.Crowded + "-worker2");
        migration.Options = migration.Options with { FirstPart = [first, second] };
        using var client = migration.Client();
        var journal = new WatchedJournal(new ConfigMapJournal(client));
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var nodes = new SteeredNodes(new PodExecNodeAccess(client), async (node, command, token) =>
        {
            if (journal.Of($"first-part/release-hold/{node}").Count == 0 || command.Verb != "remove-file")
            {
                return null;
            }

            if (node == first)
            {
                await begun.Task.WaitAsync(token);
                return SteeredNodes.Failure;
            }

            begun.TrySetResult();
            await journal.Failed.WaitAsync(token);
            return null;
        });

        var events = await RunAsync(migration, await migration.PlanAsync(cancellationToken), new MigrationExecutor(client, journal, nodes), 4, cancellationToken, holds: HoldPolicy.PassAll);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((events[^1] as StepFailed)?.Step.Id, Is.EqualTo($"first-part/release-hold/{first}"), events[^1].ToString());
            foreach (var kind in (string[])["release-hold", "stop-calico", "clear-routes"])
            {
                Assert.That(journal.Of($"first-part/{kind}/{second}").LastOrDefault()?.State, Is.EqualTo(JournalState.Done), kind);
            }
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_failure_is_told_also_when_the_journal_is_lost_beside_it(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Six, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        var journal = new WatchedJournal(new ConfigMapJournal(client)) { Loses = e => e.State == JournalState.Done && e.StepId.StartsWith("bridge/hold-calico/", StringComparison.Ordinal) };
        var both = new GatheringNodes(new PodExecNodeAccess(client), 2) { Fails = migration.Lab.NodeNames.Order(StringComparer.Ordinal).First() };
        var plan = await migration.PlanAsync(cancellationToken);
        List<MigrationEvent> events = [];

        Assert.That(
            async () => await RunAsync(migration, plan, new MigrationExecutor(client, journal, both), 2, cancellationToken, into: events),
            Throws.TypeOf<MigrationException>().With.Message.EqualTo("The disk is full."));

        Assert.That((events[^1] as StepFailed)?.Step.Node, Is.EqualTo(both.Fails));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Broken_off_on_several_Nodes_is_one_entry_that_says_within_which(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Six, BridgeKind.PolicyRoute);
        using var client = migration.Client();
        using var broken = new CancellationTokenSource();
        var journal = new WatchedJournal(new ConfigMapJournal(client));
        var gate = new SteeredGate((_, _) => Task.FromResult(broken.IsCancellationRequested ? new MigrationStop("Too much is lost.", "Look.") : null)) { BrokenOff = broken.Token };
        var nodes = new GatheringNodes(new PodExecNodeAccess(client), 3) { Gathered = broken.Cancel };

        var events = await RunAsync(migration, await migration.PlanAsync(cancellationToken), new MigrationExecutor(client, journal, nodes), 3, cancellationToken, gate);

        var paused = events[^1] as MigrationPaused;
        Assert.That(paused?.Reason, Is.EqualTo("Too much is lost."), events[^1].ToString());
        Assert.That(journal.Of(JournalEntry.PauseId).Select(e => e.Detail), Is.EqualTo(new[] { $"within {paused!.Step.Id} and 2 more, next {paused.Subject}: Too much is lost." }));
    }

    private static async Task<List<MigrationEvent>> RunAsync(
        LabMigration migration, MigrationPlan plan, MigrationExecutor executor, int atOnce, CancellationToken cancellationToken,
        IMigrationGate? gate = null, HoldPolicy holds = HoldPolicy.Stop, List<MigrationEvent>? into = null)
    {
        var events = into ?? [];
        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holder = "operator", NodesAtOnce = atOnce, Gate = gate, Holds = holds };
        await foreach (var item in executor.ExecuteAsync(plan, migration.Options, execution, cancellationToken))
        {
            events.Add(item);
        }

        return events;
    }

    /// <summary>Counts how many Nodes get a file, or another command, at the same time. The first of them wait for each other, since a lab's commands end at once.</summary>
    private sealed class GatheringNodes(INodeAccess nodes, int size, string verb = "write-cni-config") : INodeAccess
    {
        private readonly Lock _lock = new();
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int AtWork { get; private set; }

        public int Most { get; private set; }

        public string? Fails { get; set; }

        /// <summary>Called when so many are at work.</summary>
        public Action? Gathered { get; set; }

        public async Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default)
        {
            if (command.Verb != verb)
            {
                return await nodes.RunAsync(node, command, cancellationToken);
            }

            lock (_lock)
            {
                Most = Math.Max(Most, ++AtWork);
            }

            try
            {
                if (Most == size && _all.TrySetResult())
                {
                    Gathered?.Invoke();
                }

                await _all.Task.WaitAsync(cancellationToken);
                return node == Fails ? new NodeCommandResult(1, "", "no space left on device") : await nodes.RunAsync(node, command, cancellationToken);
            }
            finally
            {
                lock (_lock)
                {
                    AtWork--;
                }
            }
        }
    }
}
