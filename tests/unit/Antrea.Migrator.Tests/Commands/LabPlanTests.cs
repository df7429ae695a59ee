using System.Text.Json.Nodes;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>check</c>, <c>plan</c> and what <c>migrate</c> refuses, against labs.</summary>
public class LabPlanTests
{
    private static readonly string[] Small = ["--lab", "c2a0", "--workers", "3"];

    [Test]
    public async Task The_seeds_own_cluster_is_not_Simple_whatever_is_ignored()
    {
        var run = await MigratorRun.OfAsync(
            "check", "--lab", "test", "-o", "json", "--ignore", "block-overlaps-pod-cidr", "scenario-not-simple");
        var blockers = run.Json["findings"]!.AsArray().Where(f => f!["severity"]!.ToString() == "Blocker").ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That(run.Json["scenario"]!.ToString(), Is.EqualTo("SmallOverlap"));
            Assert.That(run.Json["executable"]!.GetValue<bool>(), Is.False);
            Assert.That(blockers.Select(f => f!["id"]!.ToString()), Is.EqualTo(["scenario-not-simple"]));
            Assert.That(blockers[0]!["evidence"]!.ToString(), Does.Contain("test-worker3").And.Contain("test-worker5").And.Contain("test-worker11"));
        }
    }

    [Test]
    public async Task The_seeds_own_cluster_gets_no_steps()
    {
        var run = await MigratorRun.OfAsync("plan", "--lab", "test");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
        Approval.Verify(string.Join('\n', run.Lines), "Seed");
    }

    [Test]
    public async Task The_seeds_own_cluster_is_not_migrated()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("migrate", "--lab", "test", "--report", folder.At("report.json"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That(run.Output, Does.Contain("scenario-not-simple cannot be ignored").And.Not.Contain("⇄").And.Not.Contain("✓"));
            Assert.That(File.Exists(folder.At("report.json")), Is.False, "nothing was executed");
        }
    }

    [Test]
    public async Task A_cluster_without_overlap_gets_steps()
    {
        var run = await MigratorRun.OfAsync(["plan", .. Small]);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        Approval.Verify(string.Join('\n', run.Lines), "Simple");
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
            Assert.That(JsonNode.DeepEquals(json.Json, JsonNode.Parse("""{"plan": null, "steps": []}""")), json.Output);
        }
    }
}
