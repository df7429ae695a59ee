using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>A small lab cluster and what it takes to migrate it, as an operator's machine would hold it.</summary>
internal sealed class LabMigration : IAsyncDisposable
{
    /// <summary>Is suspended and resumed on the way there and on the way back.</summary>
    public const string CronJob =
        """
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: nightly, namespace: default}
        spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: pause}]}}}}}

        """;

    /// <summary>What an operator agrees to who parts the Nodes.</summary>
    public static readonly ImmutableArray<string> Consent = ["partition-breaks-flows", "partition-shares-addresses"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("migration-");

    private LabMigration(LabCluster lab, BridgeKind bridge)
    {
        Lab = lab;
        Options = Options with { AntreaManifest = ObjectReader.Read(lab.AntreaManifest, "antrea.yml"), Bridge = bridge, IgnoredFindings = bridge == BridgeKind.Partition ? Consent : [] };
    }

    public LabCluster Lab { get; }

    public MigrationOptions Options { get; set; } = new()
    {
        MultusManifest = ObjectReader.Read(LabManifests.Multus(), "multus.yml"),
        NodeAgentImage = LabManifests.NodeAgentImage,
        PollInterval = TimeSpan.FromMilliseconds(10),
        StepTimeout = TimeSpan.FromSeconds(60),
        DrainTime = TimeSpan.FromMilliseconds(150),
    };

    public string BackupDirectory => Path.Combine(_folder.FullName, "backup");

    public string JournalFile => Path.Combine(_folder.FullName, "journal.jsonl");

    /// <summary>Three workers; <c>c2a0</c> overlaps nothing at that size (datapath tables).</summary>
    public static async Task<LabMigration> StartAsync(
        CancellationToken cancellationToken, LabClusterOptions? options = null, BridgeKind bridge = BridgeKind.Multus) =>
        new(await LabCluster.StartAsync(options ?? new LabClusterOptions { Name = "c2a0", Workers = 3 }, cancellationToken), bridge);

    /// <summary>As <see cref="StartAsync"/>, for tests that send no traffic: Pods end at once, and nothing is drained.</summary>
    public static async Task<LabMigration> StartUnwatchedAsync(
        CancellationToken cancellationToken, LabClusterOptions? options = null, BridgeKind bridge = BridgeKind.Multus)
    {
        options ??= new LabClusterOptions { Name = "c2a0", Workers = 3 };
        var kubelet = new KubeletOptions { Drain = TimeSpan.Zero, RetryInterval = TimeSpan.FromMilliseconds(20), ProbeInterval = TimeSpan.FromMilliseconds(500) };
        var migration = await StartAsync(cancellationToken, options with { Kubelet = kubelet }, bridge);
        migration.Options = migration.Options with { DrainTime = TimeSpan.FromMilliseconds(10) };
        return migration;
    }

    /// <summary>How long clients wait for an answer.</summary>
    public TimeSpan AnswersWithin { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>The kubeconfig's text of another account than the lab's administrator.</summary>
    public string? Account { get; set; }

    public Kubernetes Client(params DelegatingHandler[] handlers)
    {
        using var account = new MemoryStream(Encoding.UTF8.GetBytes(Account ?? Lab.Kubeconfig));
        return new(KubernetesClientConfiguration.BuildConfigFromConfigFile(account), handlers) { HttpClientTimeout = AnswersWithin };
    }

    public async Task<MigrationPlan> PlanAsync(CancellationToken cancellationToken)
    {
        using var client = Client();
        return MigrationPlanner.Plan(await new KubernetesClusterReader(client).ReadAsync(cancellationToken), Options);
    }

    /// <summary>The rollback of what was begun, as the next process would make it from the cluster alone.</summary>
    public async Task<MigrationPlan> PlanRollbackAsync(CancellationToken cancellationToken)
    {
        using var client = Client();
        var record = await new ConfigMapJournal(client).ReadRecordAsync(cancellationToken);
        return record.PlanRollback(await new KubernetesClusterReader(client).ReadAsync(cancellationToken))
            ?? throw new AssertionException("There is nothing to roll back.");
    }

    /// <summary>Runs until an event says so, and stops there as a process does whose terminal is closed.</summary>
    public async Task RunUntilAsync(MigrationPlan plan, Predicate<MigrationEvent> stop, CancellationToken cancellationToken)
    {
        using var client = Client();
        var execution = new ExecutionOptions { BackupDirectory = BackupDirectory, Holds = HoldPolicy.PassAll, Holder = "operator" };
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(plan, Options, execution, cancellationToken))
        {
            if (stop(item))
            {
                return;
            }

            Assert.That(item, Is.Not.InstanceOf<StepFailed>());
        }
    }

    public async Task<List<MigrationEvent>> ExecuteAsync(
        MigrationPlan plan, CancellationToken cancellationToken, HoldPolicy holds = HoldPolicy.PassAll)
    {
        using var client = Client();
        return await ExecuteAsync(plan, new MigrationExecutor(client, new ConfigMapJournal(client)), cancellationToken, holds);
    }

    public async Task<List<MigrationEvent>> ExecuteAsync(
        MigrationPlan plan,
        MigrationExecutor executor,
        CancellationToken cancellationToken,
        HoldPolicy holds = HoldPolicy.PassAll,
        Action<MigrationEvent>? atEvent = null)
    {
        List<MigrationEvent> events = [];
        var execution = new ExecutionOptions { BackupDirectory = BackupDirectory, Holds = holds, Holder = "operator" };
        await foreach (var item in executor.ExecuteAsync(plan, Options, execution, cancellationToken))
        {
            events.Add(item);
            atEvent?.Invoke(item);
        }

        return events;
    }

    /// <summary>The cluster's canonical text without the journal, which rightly tells crashed runs from smooth ones.</summary>
    public async Task<string> DumpAsync(CancellationToken cancellationToken)
    {
        await Lab.AllReadyAsync(cancellationToken);
        var dump = await Lab.DumpAsync(cancellationToken);
        return Regex.Replace(dump, "\"entries\": \"(\\\\.|[^\"\\\\])*\"", "\"entries\": \"…\"");
    }

    public async ValueTask DisposeAsync()
    {
        await Lab.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
