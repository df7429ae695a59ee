using System.Text.Json.Nodes;
using Antrea.Migrator;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The rehearsal as a user starts it: one command from nothing to nothing.</summary>
[Category("Kind")]
public sealed class RehearsalTests
{
    [TestCase("small-overlap", 3, "SmallOverlap")]
    [CancelAfter(900_000)]
    public async Task Operator_rehearses_on_a_cluster_made_for_it_and_nothing_is_left(
        string scenario, int workers, string planned, CancellationToken cancellationToken)
    {
        Requires.Asked("scenarios", "a rehearsal takes minutes");
        await Requires.DockerAsync();
        await Requires.KindAsync();
        StandInImages.Require();
        OldServerManifests.Require();
        var name = RunName.New();
        var folder = Directory.CreateTempSubdirectory("rehearsal-");
        var left = await KindLeftovers.LookAsync(name, cancellationToken);
        try
        {
            OldServerManifests.WriteTo(folder.FullName);
            var report = Path.Combine(folder.FullName, "report.json");
            string[] arguments =
            [
                "migrate", "--kind", "--name", name, "--scenario", scenario, "--workers", $"{workers}", "--manifests", folder.FullName,
                "--node-image", StandInImages.Node, "--workload-image", StandInImages.Base, "--probe-image", StandInImages.Base, "--node-agent-image", StandInImages.Base, "--antrea-version", "v2.7.0", "--report", report,
                .. StandInImages.All.SelectMany(i => (string[])["--load", $"{i.Image}={i.Name}"]),
            ];
            await using var told = new StringWriter();
            var exitCode = await MigratorApp.RunAsync(arguments, told, told, cancellationToken);

            Assert.That(exitCode, Is.Zero, told.ToString());
            var json = JsonNode.Parse(await File.ReadAllTextAsync(report, cancellationToken))!;
            TestContext.Progress.WriteLine(json["flows"]!.ToJsonString());
            using (Assert.EnterMultipleScope())
            {
                Assert.That((json["result"]!.ToString(), json["scenario"]!.ToString()), Is.EqualTo(("Succeeded", planned)));
                Assert.That(json["pods"]!["antrea"]!.GetValue<int>(), Is.EqualTo(json["pods"]!["total"]!.GetValue<int>()).And.Positive);
                Assert.That(json["flows"]!.AsArray().Select(f => f!["total"]!.GetValue<long>() - f["failure"]!.GetValue<long>()), Has.All.Positive);
            }

            File.Delete(report);
            await left.AssertNoneAsync(cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task A_rehearsal_that_is_interrupted_while_its_Nodes_start_leaves_nothing(CancellationToken cancellationToken)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        OldServerManifests.Require();
        var name = RunName.New();
        var folder = Directory.CreateTempSubdirectory("rehearsal-");
        var left = await KindLeftovers.LookAsync(name, cancellationToken);
        try
        {
            OldServerManifests.WriteTo(folder.FullName);
            using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await using var told = new StringWriter();
            string[] arguments = ["migrate", "--kind", "--name", name, "--workers", "1", "--manifests", folder.FullName, "--node-image", StandInImages.Node];
            var rehearsing = Task.Run(() => MigratorApp.RunAsync(arguments, told, told, interrupt.Token), cancellationToken);
            while (await KindLeftovers.ContainersAsync(name, cancellationToken) is [] && !rehearsing.IsCompleted)
            {
                await Task.Delay(200, cancellationToken);
            }

            await interrupt.CancelAsync();

            Assert.That(await rehearsing, Is.EqualTo(ExitCodes.Interrupted), told.ToString());
            await left.AssertNoneAsync(cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
