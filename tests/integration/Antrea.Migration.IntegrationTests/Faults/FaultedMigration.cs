using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>A small cluster whose API server misbehaves, and the operator who runs the command again.</summary>
internal sealed class FaultedMigration : IAsyncDisposable
{
    private FaultedMigration(LabMigration migration, FaultInjection faults) => (Migration, Faults, Options) = (migration, faults, migration.Options);

    public LabMigration Migration { get; }

    public FaultInjection Faults { get; }

    public SteeredTime Time { get; } = new();

    /// <summary>How long an outage is waited out within a step. Stopwatches are real, and waits are short.</summary>
    public TimeSpan Patience { get; set; }

    public MigrationOptions Options { get; set; }

    public static async Task<FaultedMigration> StartAsync(
        CancellationToken cancellationToken, string extraObjects = "", BridgeKind bridge = BridgeKind.Multus, int? workers = null)
    {
        var faults = new FaultInjection();
        var options = faults.Options;
        return new FaultedMigration(
            await LabMigration.StartUnwatchedAsync(
                cancellationToken, options with { ExtraObjects = $"{options.ExtraObjects}{extraObjects}", Workers = workers ?? options.Workers }, bridge),
            faults);
    }

    public async Task<MigrationPlan> PlanAsync(CancellationToken cancellationToken)
    {
        using var client = Migration.Client();
        return MigrationPlanner.Plan(await new Clusters.KubernetesClusterReader(client).ReadAsync(cancellationToken), Options);
    }

    /// <summary>One process: from the start to its last event. Nothing but the cluster, its journal and the files are kept.</summary>
    public async Task<List<MigrationEvent>> RunAsync(
        MigrationPlan plan, CancellationToken cancellationToken, Action<MigrationEvent>? watch = null)
    {
        using var client = Migration.Client();
        var journal = new MirroredJournal(new ConfigMapJournal(client, Time), new FileJournal(Migration.JournalFile));
        var execution = new ExecutionOptions { BackupDirectory = Migration.BackupDirectory, Holds = HoldPolicy.PassAll, Holder = "operator", OutagePatience = Patience };
        List<MigrationEvent> events = [];
        await foreach (var item in new MigrationExecutor(client, journal, time: Time).ExecuteAsync(plan, Options, execution, cancellationToken))
        {
            events.Add(item);
            watch?.Invoke(item);
        }

        return events;
    }

    /// <summary>Runs until it completes; whatever stops it must say what to do. Returns what stopped it.</summary>
    public Task<List<string>> RunUntilCompletedAsync(MigrationPlan plan, int runs, CancellationToken cancellationToken) =>
        RunUntilCompletedAsync(() => Task.FromResult<MigrationPlan?>(plan), runs, cancellationToken);

    /// <summary>As the other, where each process reads for itself what there is to do: null for nothing any more.</summary>
    public async Task<List<string>> RunUntilCompletedAsync(Func<Task<MigrationPlan?>> next, int runs, CancellationToken cancellationToken)
    {
        List<string> stops = [];
        for (var run = 1; run <= runs; run++)
        {
            try
            {
                if (await next() is not { } plan)
                {
                    return stops;
                }

                switch ((await RunAsync(plan, cancellationToken)).LastOrDefault())
                {
                    case MigrationCompleted:
                        return stops;
                    case StepFailed { Message.Length: > 0, Next.Length: > 0 } failed:
                        stops.Add($"{failed.Step.Id}: {failed.Message} Next: {failed.Next}");
                        break;
                    case var other:
                        throw new AssertionException($"The run ended with {other}.");
                }
            }
            catch (MigrationException e)
            {
                Assert.That(e.Next, Is.Not.Empty);
                stops.Add($"{e.Message} Next: {e.Next}");
            }
        }

        throw new AssertionException($"Not completed after {runs} runs:\n{string.Join('\n', stops)}");
    }

    public async Task<ImmutableSortedDictionary<Bridge.PodNetwork, int>> CountPodsAsync(CancellationToken cancellationToken)
    {
        using var client = Migration.Client();
        return await new MigrationExecutor(client, new ConfigMapJournal(client)).CountPodsAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => Migration.DisposeAsync();
}
