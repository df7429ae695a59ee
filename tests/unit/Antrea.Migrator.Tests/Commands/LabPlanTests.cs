using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>check</c>, <c>plan</c> and what <c>migrate</c> refuses, against labs.</summary>
public class LabPlanTests
{
    private static readonly string[] Small = ["--lab", "c2a0", "--workers", "3"];

    [Test]
    public async Task The_seeds_own_cluster_is_moved_out_of_the_PodCIDRs_first()
    {
        var run = await MigratorRun.OfAsync("check", "--lab", "test", "-o", "json");
        var overlaps = run.Json["findings"]!.AsArray().Where(f => f!["id"]!.ToString() == "block-overlaps-pod-cidr").ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success));
            Assert.That(run.Json["scenario"]!.ToString(), Is.EqualTo("SmallOverlap"));
            Assert.That(run.Json["executable"]!.GetValue<bool>(), Is.True);
            Assert.That(overlaps.Select(f => f!["subject"]!.ToString()), Is.EqualTo(["Node/test-worker11", "Node/test-worker3", "Node/test-worker5"]));
            Assert.That(overlaps.Select(f => f!["severity"]!.ToString()), Is.All.EqualTo("Warning"));
        }
    }

    /// <summary>The plan for each scenario by each bridge.</summary>
    [TestCase("Seed", "--lab", "test")]
    [TestCase("Simple", "--lab", "c2a0", "--workers", "3")]
    [TestCase("SimplePolicyRoute", "--lab", "c2a0", "--workers", "3", "--bridge", "policy-route")]
    [TestCase("SimplePool", "--lab", "c2a0", "--workers", "3", "--bridge", "pool")]
    [TestCase("SmallOverlapAuto", "--lab", "c2a3", "--workers", "3", "--bridge", "auto")]
    [TestCase("SmallOverlapPool", "--lab", "c2a3", "--workers", "3", "--bridge", "pool")]
    [TestCase("MostOverlap", "--lab", "crowded", "--workers", "3")]
    [TestCase("MostOverlapPolicyRoute", "--lab", "crowded", "--workers", "3", "--bridge", "policy-route")]
    [TestCase("MostOverlapPartition", "--lab", "crowded", "--workers", "3", "--bridge", "partition", "--first-part", "crowded-worker,crowded-worker2", "--ignore", "partition-breaks-flows", "--ignore", "partition-shares-addresses")]
    [TestCase("MostOverlapPool", "--lab", "crowded", "--workers", "3", "--bridge", "pool")]
    public async Task Each_scenario_by_each_bridge_has_its_plan(string text, params string[] arguments)
    {
        var run = await MigratorRun.OfAsync(["plan", .. arguments]);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        // A DaemonSet's Pods have random names.
        Approval.Verify(Regex.Replace(string.Join('\n', run.Lines), "nginx-ds-[a-z0-9]{5}", "nginx-ds-RANDOM"), text);
    }

    [Test]
    public async Task A_cluster_without_overlap_checks_out()
    {
        var run = await MigratorRun.OfAsync(["check", .. Small]);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        Assert.That(run.Output, Does.StartWith("Scenario Simple, 4 Nodes\n").And.Contain("\n0 blocking, "));
    }

    [Test]
    public async Task A_dry_run_executes_nothing()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync(["migrate", .. Small, "--dry-run", "--report", folder.At("report.json")]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(run.Output, Does.EndWith("Dry run: nothing was changed. Leave --dry-run out to carry it out.\n"));
            Assert.That(run.Output, Does.Not.Contain("⇄").And.Not.Contain("✓"));
            Assert.That(File.Exists(folder.At("report.json")), Is.False);
        }
    }

    [Test]
    public async Task A_saved_plan_is_what_json_prints_and_migrate_reads_it()
    {
        using var folder = new TemporaryFolder();
        var saved = await MigratorRun.OfAsync(["plan", .. Small, "-o", "json", "--save", folder.At("plan.json")]);
        Assert.That(saved.ExitCode, Is.EqualTo(ExitCodes.Success), saved.Error);
        Assert.That(await File.ReadAllTextAsync(folder.At("plan.json")), Is.EqualTo(saved.Output));
        var run = await MigratorRun.OfAsync(["migrate", .. Small, "--plan", folder.At("plan.json"), "--dry-run"]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success), run.Error);
        Assert.That(run.Output, Does.Contain($"Plan {saved.Json["plan"]!["id"]}: Simple, 4 Nodes"));

        run = await MigratorRun.OfAsync(["migrate", .. Small, "--plan", folder.At("plan.json"), "--dry-run", "--restart", "in-place"]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Error));
        Assert.That(run.Error, Does.Contain("restarts Pods by reschedule, and --restart asks for something else").And.Contain("Leave --restart out"));
    }

    [TestCase("{", "not a migration plan")]
    [TestCase("[]", "not a migration plan")]
    [TestCase("""{"schemaVersion": 99, "plan": null}""", "plan schema version 99")]
    [TestCase("""{"colour": "red"}""", "colour")]
    [TestCase("null", "plan")]
    public async Task A_plan_that_is_none_is_named(string text, string fault)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("plan.json", text);
        var run = await MigratorRun.OfAsync("migrate", "--lab", "c2a0", "--workers", "1", "--plan", file);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Error));
            Assert.That(run.Error, Does.StartWith("error: ").And.Contain(file).And.Contain(fault));
            Assert.That(run.Output, Does.Not.Contain("✓"));
        }
    }

    [TestCase("--antrea-manifest")]
    [TestCase("--multus-manifest")]
    public async Task A_manifest_that_is_no_YAML_is_named(string option)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("manifest.yaml", "kind: [\n");
        (await MigratorRun.OfAsync("check", "--lab", "c2a0", "--workers", "1", option, file)).VerifyRefused($"{file}:");
    }

    [TestCase("a")]
    [TestCase("a/b/c=d/e")]
    [TestCase("a/b/c=d/e/f:0")]
    [TestCase("a/b/c=d/e/f:x")]
    public async Task A_flow_that_is_none_is_refused(string flow) =>
        (await MigratorRun.OfAsync(["plan", .. Small, "--bridge", "partition", "--flow", flow])).VerifyRefused($"--flow '{flow}' is not of the form");

    [Test]
    public async Task A_partition_that_nobody_has_agreed_to_lists_what_breaks_and_has_no_steps()
    {
        var run = await MigratorRun.OfAsync(
            ["plan", .. Small, "--bridge", "partition", "--first-part", "c2a0-worker", "--flow", "Deployment/default/client=DaemonSet/default/nginx-ds:3"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
            Assert.That(run.Output, Does.Contain("partition-breaks-flows").And.Contain("First part (as named): c2a0-worker").And.Contain("1 of 1 flows between workloads break"));
            Assert.That(run.Output, Does.Contain("Deployment/default/client → DaemonSet/default/nginx-ds: ").And.Contain("No steps"));
        }
    }

    [TestCase("")]
    [TestCase("Foo Bar")]
    [TestCase("-a")]
    public async Task A_lab_name_that_no_Node_can_have_is_refused(string name)
    {
        string[] lab = name.Length == 0 ? ["--lab", ""] : [$"--lab={name}"];
        (await MigratorRun.OfAsync(["check", .. lab])).VerifyRefused($"A lab cannot be named '{name}'");
        (await MigratorRun.OfAsync("lab", "up", "--", name)).VerifyRefused($"A lab cannot be named '{name}'");
    }

    [Test]
    public async Task A_report_that_cannot_be_written_is_known_before_the_migration()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync(["migrate", .. Small, "--report", folder.Path]);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Error, $"error: --report {folder.Path} is a folder; name a file.\n")));
        Assert.That(run.Output, Does.Not.Contain("⇄").And.Not.Contain("✓"));
    }

    [Test]
    public async Task A_cluster_that_was_never_migrated_has_no_status()
    {
        var text = await MigratorRun.OfAsync("status", "--lab", "c2a0", "--workers", "1");
        var json = await MigratorRun.OfAsync("status", "--lab", "c2a0", "--workers", "1", "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((text.ExitCode, text.Output), Is.EqualTo((ExitCodes.Success, "No migration was begun on this cluster.\n")));
            Assert.That(
                JsonNode.DeepEquals(
                    json.Json,
                    JsonNode.Parse("""
                        {"plan": null, "rollback": null, "migrator": null, "request": null, "next": null, "secondsLeft": null, "stepsNotMeasured": null,
                         "pods": null, "podsUnknownBecause": null, "strays": null, "phases": [], "nodes": [], "steps": []}
                        """)),
                json.Output);
        }
    }
}
