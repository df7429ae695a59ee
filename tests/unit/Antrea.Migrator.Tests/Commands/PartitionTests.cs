using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using Antrea.Migrator.Commands;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>The tour where nobody bridges: what was measured stands beside what was predicted.</summary>
public class PartitionTests
{
    private static readonly string[] Lab =
    [
        "--lab", "crowded", "--bridge", "partition", "--first-part", "crowded-worker", "--ignore", "partition-breaks-flows", "--ignore", "partition-shares-addresses", "--workers",
    ];

    /// <summary>The two Nodes of the rest one after the other, which is longer than the plan says.</summary>
    [Test]
    public async Task A_partition_says_what_it_took_beside_what_was_predicted()
    {
        using var folder = new TemporaryFolder();
        var parts = (await PlanAsync("2")).Partition!;
        var run = await MigratorRun.OfAsync(["migrate", .. Lab, "2", "--nodes-at-once", "1", "-c", "2", "-n", "20", "--interval", "25", "--report", folder.At("report.json")]);
        var report = JsonNode.Parse(await File.ReadAllTextAsync(folder.At("report.json")))!;
        var apart = parts.TimeOf(MigrationPhase.FirstPart, 1) + parts.TimeOf(MigrationPhase.SecondPart, 1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(report["scenario"]!.ToString(), Is.EqualTo("Partition"));
            Assert.That(report["prediction"]!["asPredicted"]?.GetValue<bool>(), Is.Not.False, run.Output);
            Assert.That(report["flows"]!.AsArray().Select(f => f!["prediction"]!["asPredicted"]?.GetValue<bool>()), Is.Not.Empty.And.All.EqualTo(true), run.Output);
            Assert.That(run.Output, Does.Contain(" apart").And.Contain(": as predicted").And.Not.Contain("NOT as predicted"));
            Assert.That(apart, Is.GreaterThan(parts.TimeApart));
            Assert.That(report["prediction"]!["secondsApart"]!.GetValue<double>(), Is.EqualTo(apart.TotalSeconds));
            Assert.That(report["secondsApart"]!.GetValue<double>(), Is.Positive);
            Assert.That(run.Output, Does.Match(@"FirstPart done in [0-9.]+ s" + $"; predicted were {parts.TimeOf(MigrationPhase.FirstPart, 1).TotalSeconds:0} s"));
            Assert.That(run.Output, Does.Match(@"SecondPart done in [0-9.]+ s" + $"; predicted were {parts.TimeOf(MigrationPhase.SecondPart, 1).TotalSeconds:0} s"));
            Assert.That(run.Output, Does.Match(@"   Apart     [0-9.]+ s, without the hold" + $"; predicted {apart.TotalSeconds:0} s"));
        }
    }

    /// <summary>The run behind the hold looks at the first part's steps again, in no time.</summary>
    [Test]
    [CancelAfter(300_000)]
    public async Task A_run_behind_the_hold_says_nothing_of_a_part_that_another_has_moved(CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = LabScenario.Crowded, Workers = 1 }, cancellationToken);
        await File.WriteAllTextAsync(folder.At("antrea.yml"), LabManifests.Antrea(), cancellationToken);
        List<(MigratorRun Run, JsonNode Report)> runs = [];
        do
        {
            var run = await MigratorRun.OfAsync(
                cancellationToken,
                [
                    "migrate", "--kubeconfig", lab.KubeconfigPath, "--antrea-manifest", folder.At("antrea.yml"), "--node-agent-image", LabManifests.NodeAgentImage, "--execute", "--pass-hold",
                    "--journal", folder.At("journal.jsonl"), "--backup", folder.At("backup"), "--report", folder.At("report.json"), .. Lab[2..^1],
                ]);
            runs.Add((run, JsonNode.Parse(await File.ReadAllTextAsync(folder.At("report.json"), cancellationToken))!));
        }
        while (runs[^1].Report["result"]!.ToString() == "Held" && runs.Count < 9);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((runs[^1].Report["result"]!.ToString(), runs[^1].Run.Error), Is.EqualTo(("Succeeded", "")), runs[^1].Run.Output);
            foreach (var part in (string[])["FirstPart", "SecondPart"])
            {
                Assert.That(runs.Count(r => r.Run.Output.Contains($"   {part} done in ", StringComparison.Ordinal)), Is.Positive, part);
                Assert.That(runs.Count(r => r.Run.Lines.Any(l => l.Contains($"{part} done in ", StringComparison.Ordinal) && l.Contains("; predicted were ", StringComparison.Ordinal))), Is.EqualTo(1), part);
            }

            Assert.That(runs.Count(r => r.Run.Output.Contains("   FirstPart done in ", StringComparison.Ordinal)), Is.GreaterThan(1), "a test that cannot fail proves nothing");
            Assert.That(runs.Select(r => r.Run.Output), Has.None.Contains("   Apart     "), "no run has seen all of it");
            Assert.That(runs.Select(r => r.Report["secondsApart"]), Has.All.Null);
        }
    }

    /// <summary>Three Nodes of the rest one after the other, instead of side by side.</summary>
    [TestCase("1", true)]
    [TestCase("4", false)]
    public async Task A_partition_says_when_fewer_Nodes_at_once_make_it_longer_than_predicted(string nodesAtOnce, bool warns)
    {
        var run = await MigratorRun.OfAsync(
            ["migrate", .. Lab, "3", "--dry-run", "--nodes-at-once", nodesAtOnce]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(run.Output, Does.Contain("Minutes are for 4 Nodes side by side"));
            Assert.That(
                run.Output,
                warns
                    ? Does.Contain("WARNING --nodes-at-once 1: the minutes predicted are for 4 Nodes side by side; the parts are apart for about 1 min more.")
                    : Does.Not.Contain("WARNING --nodes-at-once"));
        }
    }

    /// <summary>A flow across the cut, and one that nobody knows the ends of, lose before the run has come to a part.</summary>
    [TestCase(PartitionProgress.NotBegun, true, false)]
    [TestCase(PartitionProgress.InFirstPart, true, true)]
    [TestCase(PartitionProgress.NotBegun, false, false)]
    [TestCase(PartitionProgress.InFirstPart, false, null)]
    public async Task A_run_that_takes_up_a_part_is_judged_from_where_the_parts_were(PartitionProgress atStart, bool isKnown, bool? asPredicted)
    {
        var plan = await PlanAsync("1");
        var flow = new FlowName("default/client", "http://nginx-origin");
        var traffic = new ContinuousProbeResult(
            [new OutageWindow(flow, default, default, 3, ProbeFailureCause.Timeout, "Before", true)], [new FlowTotals(flow, 10, 3, 0, TimeSpan.FromSeconds(1))]);
        var forecast = new FlowForecast([MigrationPhase.FirstPart, MigrationPhase.SecondPart], 1, 2, false);
        var run = new MigrationRunResult(
            plan, new MigrationCompleted(default, []), null, [(MigrationPhase.FirstPart, default), (MigrationPhase.SecondPart, default)], [], traffic, null, default)
        {
            Forecasts = isKnown ? ImmutableDictionary<FlowName, FlowForecast>.Empty.Add(flow, forecast) : [],
            AtStart = atStart,
        };
        Assert.That((bool?)run.ToJson()["prediction"]!["asPredicted"], Is.EqualTo(asPredicted));
    }

    private static async Task<MigrationPlan> PlanAsync(string workers) => PlanJson.Parse((await MigratorRun.OfAsync(["plan", .. Lab, workers, "-o", "json"])).Output, "plan");
}
