using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using Antrea.Migrator.Commands;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>The tour where nobody bridges: what was measured stands beside what was predicted.</summary>
public class PartitionTests
{
    [Test]
    public async Task A_partition_says_what_it_took_beside_what_was_predicted()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync(
            "migrate", "--lab", "crowded", "--workers", "1", "--bridge", "partition", "--first-part", "crowded-worker", "--ignore", "partition-breaks-flows", "--ignore", "partition-shares-addresses", "-c", "2", "-n", "20",
            "--interval", "25", "--report", folder.At("report.json"));
        var report = JsonNode.Parse(await File.ReadAllTextAsync(folder.At("report.json")))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(report["scenario"]!.ToString(), Is.EqualTo("Partition"));
            Assert.That(report["prediction"]!["asPredicted"]?.GetValue<bool>(), Is.Not.False, run.Output);
            Assert.That(report["flows"]!.AsArray().Select(f => f!["prediction"]!["asPredicted"]?.GetValue<bool>()), Is.Not.Empty.And.All.EqualTo(true), run.Output);
            Assert.That(run.Output, Does.Contain(" apart").And.Contain(": as predicted").And.Not.Contain("NOT as predicted"));
            Assert.That(report["prediction"]!["secondsApart"]!.GetValue<double>(), Is.Positive);
            Assert.That(report["secondsApart"]!.GetValue<double>(), Is.Positive);
            Assert.That(run.Output, Does.Contain("FirstPart done in ").And.Contain("; predicted were ").And.Contain("   Apart     "));
        }
    }

    /// <summary>Three Nodes of the rest one after the other, instead of side by side.</summary>
    [TestCase("1", true)]
    [TestCase("4", false)]
    public async Task A_partition_says_when_fewer_Nodes_at_once_make_it_longer_than_predicted(string nodesAtOnce, bool warns)
    {
        var run = await MigratorRun.OfAsync(
            "migrate", "--lab", "crowded", "--workers", "3", "--bridge", "partition", "--first-part", "crowded-worker", "--ignore", "partition-breaks-flows", "--ignore", "partition-shares-addresses", "--dry-run",
            "--nodes-at-once", nodesAtOnce);
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
        var planned = await MigratorRun.OfAsync(
            "plan", "--lab", "crowded", "--workers", "1", "--bridge", "partition", "--first-part", "crowded-worker", "--ignore", "partition-breaks-flows", "--ignore", "partition-shares-addresses", "-o", "json");
        var flow = new FlowName("default/client", "http://nginx-origin");
        var traffic = new ContinuousProbeResult(
            [new OutageWindow(flow, default, default, 3, ProbeFailureCause.Timeout, "Before", true)], [new FlowTotals(flow, 10, 3, 0, TimeSpan.FromSeconds(1))]);
        var forecast = new FlowForecast([MigrationPhase.FirstPart, MigrationPhase.SecondPart], 1, 2, false);
        var run = new MigrationRunResult(
            PlanJson.Parse(planned.Output, "plan"), new MigrationCompleted(default, []), null, [(MigrationPhase.FirstPart, default), (MigrationPhase.SecondPart, default)], [], traffic, null, default)
        {
            Forecasts = isKnown ? ImmutableDictionary<FlowName, FlowForecast>.Empty.Add(flow, forecast) : [],
            AtStart = atStart,
        };
        Assert.That((bool?)run.ToJson()["prediction"]!["asPredicted"], Is.EqualTo(asPredicted));
    }
}
