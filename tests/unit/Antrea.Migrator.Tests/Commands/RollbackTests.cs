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
        await File.WriteAllTextAsync(folder.At("antrea.yml"), LabManifests.Antrea(), cancellationToken);
        await File.WriteAllTextAsync(folder.At("multus.yml"), LabManifests.Multus(), cancellationToken);
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

    private static async Task BeginAsync(LabCluster lab, TemporaryFolder folder, CancellationToken cancellationToken)
    {
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
        var options = new MigrationOptions
        {
            AntreaManifest = ObjectReader.Read(await File.ReadAllTextAsync(folder.At("antrea.yml"), cancellationToken), "antrea.yml"),
            MultusManifest = ObjectReader.Read(await File.ReadAllTextAsync(folder.At("multus.yml"), cancellationToken), "multus.yml"),
            NodeAgentImage = LabManifests.NodeAgentImage,
            PollInterval = TimeSpan.FromMilliseconds(10),
        };
        var plan = MigrationPlanner.Plan(await new KubernetesClusterReader(client).ReadAsync(cancellationToken), options);
        var execution = new ExecutionOptions { BackupDirectory = folder.At("backup") };
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(plan, options, execution, cancellationToken))
        {
            if (item is StepCompleted { Step.Kind: MigrationStepKind.InstallMultus })
            {
                return;
            }
        }
    }
}
