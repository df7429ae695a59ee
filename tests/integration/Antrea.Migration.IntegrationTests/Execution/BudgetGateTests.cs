using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>A migration whose traffic suffers stops, says why, and goes on when it is run again.</summary>
public sealed class BudgetGateTests
{
    private static readonly FlowName Flow = new("default/client", "nginx-origin", "Pod to Service");

    // Longer than what a busy machine makes of a request that nothing keeps back.
    private static readonly ErrorBudget Budget = new() { MaxOutage = TimeSpan.FromSeconds(6.5) };

    [Test]
    [CancelAfter(600_000)]
    public async Task Operator_is_stopped_by_an_outage_and_goes_on_when_traffic_flows_again(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);

        var paused = await RunAsync(migration, plan, BreachAction.Pause, MigrationPhase.MultusPods, cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(paused.Step.Id, Is.EqualTo("multus-pods/restart-pods"));
            Assert.That(paused.Subject, Is.Not.EqualTo(paused.Step.Title).And.Not.Contains("coredns"), "what was begun is finished, what comes next is not begun");
            Assert.That(paused.Reason, Does.Contain($"Flow {Flow}").And.Contain("more than 6.5 s").And.Contain("phase MultusPods; under restart on c2a0-"));
        }

        var aborted = await RunAsync(migration, plan, BreachAction.Abort, MigrationPhase.AntreaPods, cancellationToken);
        Assert.That(aborted.Reason, Does.Contain($"Flow {Flow}").And.Contain("phase AntreaPods; under restart on c2a0-"));

        using var client = migration.Client();
        var journal = await new ConfigMapJournal(client).ReadAsync(cancellationToken);
        var events = await migration.ExecuteAsync(plan, cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                journal.Single(e => e.State == JournalState.Paused).Detail,
                Does.StartWith("within antrea-pods/restart-pods").And.Contain(aborted.Reason));
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>());
        }
    }

    /// <summary>Runs until a Node goes down in the middle of a phase's restarts, for as long as it takes to use the budget up.</summary>
    private static async Task<MigrationPaused> RunAsync(
        LabMigration migration, MigrationPlan plan, BreachAction action, MigrationPhase phase, CancellationToken cancellationToken)
    {
        using var transport = new HttpProbeTransport(migration.Lab.ConnectFrom("default", "client").Invoke);
        await using var probe = new ContinuousProbe(
            [new ProbeFlow(Flow, migration.Lab.ServiceUri("default", "nginx-origin"), transport)],
            new ContinuousProbeOptions
            {
                Interval = TimeSpan.FromMilliseconds(100),
                Timeout = TimeSpan.FromSeconds(2),
                StallThreshold = TimeSpan.FromSeconds(2),
            });
        probe.Start();
        await using var gate = new BudgetGate(probe, Budget, action);
        using var client = migration.Client();
        var executor = new MigrationExecutor(client, new ConfigMapJournal(client));
        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, Gate = gate };
        var isBroken = false;
        MigrationEvent? last = null;
        await foreach (var item in executor.ExecuteAsync(plan, migration.Options, execution, cancellationToken))
        {
            last = item;
            if (!isBroken && item is StepProgress { Step.Kind: MigrationStepKind.RestartPods } progress && progress.Step.Phase == phase)
            {
                isBroken = true;
                await BreakAsync(migration, probe, cancellationToken);
            }
        }

        return last as MigrationPaused ?? throw new AssertionException($"The migration ended with {last}.");
    }

    private static async Task BreakAsync(LabMigration migration, ContinuousProbe probe, CancellationToken cancellationToken)
    {
        // Every Node, as the client may be anywhere by now.
        SetDown(true);
        try
        {
            while (Budget.FindBreach(probe.GetCurrent()) is null)
            {
                await Task.Delay(20, cancellationToken);
            }
        }
        finally
        {
            SetDown(false);
        }

        void SetDown(bool down)
        {
            foreach (var node in migration.Lab.Fabric.Nodes)
            {
                SimulatedFabric.SetDown(node, down);
            }
        }
    }
}
