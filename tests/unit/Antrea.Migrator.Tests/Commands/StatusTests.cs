using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>status</c> and the Pods that a finished phase has left behind.</summary>
public class StatusTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task Strays_are_named_and_give_exit_code_2_to_whoever_requires_none(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, cancellationToken);
        Task<MigratorRun> RunAsync(params string[] args) => MigratorRun.OfAsync(cancellationToken, ["status", .. args, "--kubeconfig", lab.KubeconfigPath]);

        var nothing = await RunAsync("--require-no-strays");
        using var folder = new TemporaryFolder();
        await RollbackTests.BeginAsync(lab, folder, cancellationToken);
        var before = await RunAsync("--require-no-strays");

        // As if every Pod had been restarted: those that are still Calico's are strays.
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
        var journal = new ConfigMapJournal(client);
        var plan = (await journal.ReadRecordAsync(cancellationToken)).Plan!;
        var restart = plan.Steps.First(s => s.Kind == MigrationStepKind.RestartPods);
        await journal.AppendAsync(new JournalEntry(DateTimeOffset.UnixEpoch, restart.Id, JournalState.Done, ""), cancellationToken);
        var shown = await RunAsync();
        var required = await RunAsync("--require-no-strays");
        var json = await RunAsync("-o", "json");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((nothing.ExitCode, nothing.Output), Is.EqualTo((ExitCodes.Success, "No migration was begun on this cluster.\n")));
            Assert.That(before.ExitCode, Is.EqualTo(ExitCodes.Success), before.Error);
            Assert.That(before.Lines, Has.Some.EqualTo("Strays    none").And.Some.Match("^Pods      [0-9]+ Calico$"));
            Assert.That(shown.ExitCode, Is.EqualTo(ExitCodes.Success), "what it always was");
            Assert.That(shown.Lines, Has.Some.Match("^Strays    [0-9]+: on another network").And.Some.Match(@"^          kube-system/coredns-\S+ \(Calico, Node c2a0-"));
            Assert.That(required.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That(required.Output, Is.EqualTo(shown.Output));
            Assert.That(json.Json["strays"]!["count"]!.GetValue<int>(), Is.EqualTo(json.Json["pods"]!["calico"]!.GetValue<int>()).And.Positive);
        }
    }
}
