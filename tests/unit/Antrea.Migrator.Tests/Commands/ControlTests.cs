using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using k8s;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>pause</c>, <c>resume</c> and <c>abort</c> as another terminal says them.</summary>
public class ControlTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task Requests_are_left_in_the_cluster_shown_by_status_and_taken_back(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, cancellationToken);
        Task<MigratorRun> RunAsync(params string[] args) => MigratorRun.OfAsync(cancellationToken, [.. args, "--kubeconfig", lab.KubeconfigPath]);

        var nothing = await RunAsync("pause");
        using var folder = new TemporaryFolder();
        await RollbackTests.BeginAsync(lab, folder, cancellationToken);
        var pause = await RunAsync("pause");
        var status = await RunAsync("status");
        var json = await RunAsync("status", "-o", "json");
        var resume = await RunAsync("resume");
        var again = await RunAsync("resume");
        var abort = await RunAsync("abort");

        nothing.VerifyRefused("No migration was begun on this cluster.", "antrea-migrator plan");
        abort.VerifyRefused("No migrator is at work on this cluster", "antrea-migrator status");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pause.ExitCode, Is.EqualTo(ExitCodes.Success), pause.Error);
            Assert.That(pause.Output, Does.StartWith("No migrator is at work; the next one will wait before its first change.\n"));
            Assert.That(status.Lines, Has.Some.StartsWith("Asked     to pause, by "));
            Assert.That(json.Json["request"]!["wish"]!.ToString(), Is.EqualTo("pause"));
            Assert.That(resume.Output, Does.StartWith("Taken back: the pause that "));
            Assert.That((again.ExitCode, again.Output), Is.EqualTo((ExitCodes.Success, "Nothing was asked for: no migrator is paused.\n")));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Abort_reaches_the_migrator_at_work(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, cancellationToken);
        using var folder = new TemporaryFolder();
        MigratorRun? abort = null;

        await RollbackTests.BeginAsync(lab, folder, cancellationToken, async () => abort = await MigratorRun.OfAsync(cancellationToken, "abort", "--kubeconfig", lab.KubeconfigPath));
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
        var request = await new MigrationControl(client).ReadAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(abort!.ExitCode, Is.EqualTo(ExitCodes.Success), abort.Error);
            Assert.That(abort.Output, Does.StartWith("Asked: ann@laptop finishes the change under way and ends.\n"));
            Assert.That(request?.Wish, Is.EqualTo(MigrationWish.Abort));
        }
    }
}
