using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
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

    private static async Task<List<MigrationEvent>> RunAsync(
        LabMigration migration, MigrationPlan plan, MigrationExecutor executor, int atOnce, CancellationToken cancellationToken)
    {
        List<MigrationEvent> events = [];
        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holder = "operator", NodesAtOnce = atOnce };
        await foreach (var item in executor.ExecuteAsync(plan, migration.Options, execution, cancellationToken))
        {
            events.Add(item);
        }

        return events;
    }

    /// <summary>Counts how many Nodes get a file at the same time. The first of them wait for each other, since a lab's commands end at once.</summary>
    private sealed class GatheringNodes(INodeAccess nodes, int size) : INodeAccess
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
            if (command.Verb != "write-cni-config")
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
