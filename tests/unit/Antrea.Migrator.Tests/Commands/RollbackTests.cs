using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>rollback</c> on a lab cluster whose migration was stopped early.</summary>
public class RollbackTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task Begun_migration_is_shown_undone_and_forgotten(CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, cancellationToken);
        await WriteManifestsAsync(folder, cancellationToken);
        string[] inputs =
        [
            "--kubeconfig", lab.KubeconfigPath, "--antrea-manifest", folder.At("antrea.yml"), "--multus-manifest", folder.At("multus.yml"),
            "--node-agent-image", LabManifests.NodeAgentImage,
        ];

        var nothing = await MigratorRun.OfAsync(cancellationToken, ["rollback", .. inputs]);
        await BeginAsync(lab, folder, cancellationToken);
        var shown = await MigratorRun.OfAsync(cancellationToken, ["rollback", .. inputs]);
        var done = await MigratorRun.OfAsync(cancellationToken, ["rollback", .. inputs, "--execute", "--journal", folder.At("journal.jsonl")]);
        var again = await MigratorRun.OfAsync(cancellationToken, ["rollback", .. inputs, "--execute"]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((nothing.ExitCode, nothing.Output), Is.EqualTo((ExitCodes.Success, "No migration was begun on this cluster: there is nothing to roll back.\n")));
            Assert.That(shown.ExitCode, Is.EqualTo(ExitCodes.Success), shown.Error);
            Assert.That(shown.Lines, Has.Some.StartsWith("Rollback of plan ").And.Some.EqualTo("Dry run: nothing was changed. Add --execute to carry it out."));
            Assert.That(shown.Output, Does.Contain("Remove Multus").And.Not.Contain("Restart"), "as far as the migration went, and no further");
            Assert.That(done.ExitCode, Is.EqualTo(ExitCodes.Success), done.Output + done.Error);
            Assert.That(done.Output, Does.Contain("Namespace antrea-migration is gone"));
            Assert.That(await File.ReadAllTextAsync(folder.At("journal.jsonl"), cancellationToken), Does.Contain("rollback/verify/forget-migration"), "the copy stays");
            Assert.That(again.Output, Is.EqualTo(nothing.Output));
        }
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task It_is_watched_and_stopped_by_a_budget_as_a_migration_is(CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1 }, cancellationToken);
        await BeginAsync(lab, folder, cancellationToken);
        string[] rollback =
        [
            "rollback", "--kubeconfig", lab.KubeconfigPath, "--antrea-manifest", folder.At("antrea.yml"), "--multus-manifest", folder.At("multus.yml"),
            "--node-agent-image", LabManifests.NodeAgentImage, "--execute", "--journal", folder.At("journal.jsonl"), "--monitor-pods", "1",
            "--monitor-interval", "100", "--report", folder.At("report.json"),
        ];

        var nothing = await MigratorRun.OfAsync(cancellationToken, [.. rollback, "--max-outage", "1s"]);
        var stopped = await MigratorRun.OfAsync(cancellationToken, [.. rollback, "--monitor", "http://nowhere.default", "--max-outage", "1ms"]);
        var why = await File.ReadAllTextAsync(folder.At("report.json"), cancellationToken);
        var done = await MigratorRun.OfAsync(
            cancellationToken, [.. rollback, "--monitor", "http://nginx-origin.default", "--monitor", "http://nginx-origin.default", "--max-outage", "1m", "--timeline", folder.At("timeline.svg")]);
        var report = JsonNode.Parse(await File.ReadAllTextAsync(folder.At("report.json"), cancellationToken))!;

        using (Assert.EnterMultipleScope())
        {
            nothing.VerifyRefused("--max-outage", "--monitor");
            Assert.That(stopped.ExitCode, Is.EqualTo(ExitCodes.Findings), stopped.Output + stopped.Error);
            Assert.That(why, Does.Contain("Error budget used up: Flow antrea-migration-probe/probe-0 ").And.Contain("(cause: DNS"));
            Assert.That(done.ExitCode, Is.EqualTo(ExitCodes.Success), done.Output + done.Error);
            Assert.That(
                report["flows"]!.AsArray().Select(f => ((string?)f!["source"], (string?)f["destination"], (string?)f["path"], (long?)f["failure"])),
                Is.EqualTo([("antrea-migration-probe/probe-0", "http://nginx-origin.default", "Pod to name", 0L)]));
            Assert.That((long?)report["flows"]![0]!["total"], Is.Positive);
            Assert.That(await File.ReadAllTextAsync(folder.At("timeline.svg"), cancellationToken), Does.Contain("Traffic during the rollback: ").And.Contain("Phase Verify from "));
        }
    }

    /// <summary>A migration that goes as far as Multus' binary, and calls <paramref name="atWork"/> there.</summary>
    internal static async Task BeginAsync(LabCluster lab, TemporaryFolder folder, CancellationToken cancellationToken, Func<Task>? atWork = null)
    {
        await WriteManifestsAsync(folder, cancellationToken);
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
        var options = new MigrationOptions
        {
            AntreaManifest = ObjectReader.Read(await File.ReadAllTextAsync(folder.At("antrea.yml"), cancellationToken), "antrea.yml"),
            MultusManifest = ObjectReader.Read(await File.ReadAllTextAsync(folder.At("multus.yml"), cancellationToken), "multus.yml"),
            NodeAgentImage = LabManifests.NodeAgentImage,
            PollInterval = TimeSpan.FromMilliseconds(10),
        };
        var plan = MigrationPlanner.Plan(await new KubernetesClusterReader(client).ReadAsync(cancellationToken), options);
        var execution = new ExecutionOptions { BackupDirectory = folder.At("backup"), Holder = "ann@laptop" };
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(plan, options, execution, cancellationToken))
        {
            if (item is StepCompleted { Step.Kind: MigrationStepKind.InstallMultus })
            {
                await (atWork?.Invoke() ?? Task.CompletedTask);
                return;
            }
        }
    }

    private static async Task WriteManifestsAsync(TemporaryFolder folder, CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(folder.At("antrea.yml"), LabManifests.Antrea(), cancellationToken);
        await File.WriteAllTextAsync(folder.At("multus.yml"), LabManifests.Multus(), cancellationToken);
    }
}
