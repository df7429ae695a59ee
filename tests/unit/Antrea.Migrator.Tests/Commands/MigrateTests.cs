using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>The tour on a small cluster: run once, its report and summary read by every test.</summary>
public class MigrateTests
{
    private static readonly string[] Phases =
        ["Backup", "Bridge", "InstallAntrea", "Policies", "MultusPods", "AntreaPods", "RemoveCalico", "Verify"];

    private MigratorRun _run = null!;
    private JsonNode _report = null!;
    private XDocument _timeline = null!;

    [OneTimeSetUp]
    public async Task RunAsync()
    {
        using var folder = new TemporaryFolder();
        _run = await MigratorRun.OfAsync(
            "migrate", "--lab", "c2a0", "--workers", "3", "-c", "2", "-n", "20", "--interval", "5", "--report", folder.At("report.json"),
            "--timeline", folder.At("timeline.svg"));
        _report = JsonNode.Parse(await File.ReadAllTextAsync(folder.At("report.json")))!;
        _timeline = XDocument.Load(folder.At("timeline.svg"));
    }

    [Test]
    public void It_succeeds()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That((_run.ExitCode, _run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(_report["result"]!.ToString(), Is.EqualTo("Succeeded"));
            Assert.That(_report["scenario"]!.ToString(), Is.EqualTo("Simple"));
            Assert.That(_report["nodes"]!.GetValue<int>(), Is.EqualTo(4));
            Assert.That(_report["stoppedAt"], Is.Null);
        }
    }

    [Test]
    public void Every_Pod_has_moved()
    {
        var pods = _report["pods"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pods["total"]!.GetValue<int>(), Is.Positive.And.EqualTo(pods["antrea"]!.GetValue<int>()));
            Assert.That(pods["calico"]!.GetValue<int>(), Is.Zero);
            Assert.That(pods["multus"]!.GetValue<int>(), Is.Zero);
        }
    }

    [Test]
    public void Every_phase_is_timed_in_order()
    {
        var phases = _report["phases"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(phases.Select(p => p!["name"]!.ToString()), Is.EqualTo(Phases));
            Assert.That(phases.Select(p => p!["seconds"]!.GetValue<double>()), Is.All.Not.Negative);
        }
    }

    [Test]
    public void Every_probe_between_phases_got_through()
    {
        var probes = _report["probes"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                probes.Select(p => p!["phase"]!.ToString()),
                Is.EqualTo(["Before", "InstallAntrea", "Policies", "MultusPods", "AntreaPods", "RemoveCalico"]));
            Assert.That(probes.Select(p => p!["source"]!.ToString()), Is.All.EqualTo("deployment/client"));
            Assert.That(probes.Select(p => p!["total"]!.GetValue<int>()), Is.All.GreaterThanOrEqualTo(20));
            Assert.That(probes.Select(p => p!["failure"]!.GetValue<int>()), Is.All.Zero);
            Assert.That(probes.Select(p => p!["success"]!.GetValue<int>()), Is.EqualTo(probes.Select(p => p!["total"]!.GetValue<int>())));
        }
    }

    [Test]
    public void The_probe_that_never_stops_accounts_for_what_it_lost()
    {
        var flows = _report["flows"]!.AsArray();
        var outages = _report["outages"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(flows.Select(f => f!["flow"]!.ToString()), Is.EqualTo(["default/client → nginx-origin", "c2a0-control-plane → nginx-origin"]));
            Assert.That(flows.Select(f => f!["total"]!.GetValue<int>()), Is.All.Positive);
            foreach (var flow in flows)
            {
                Assert.That(
                    outages.Where(o => o!["flow"]!.ToString() == flow!["flow"]!.ToString()).Sum(o => o!["requestsLost"]!.GetValue<int>()),
                    Is.EqualTo(flow!["failure"]!.GetValue<int>()),
                    flow.ToJsonString());
            }
        }
    }

    [Test]
    public void The_timeline_has_a_band_a_phase_and_a_lane_a_flow()
    {
        var boxes = _timeline.Descendants().Where(e => e.Name.LocalName == "rect").ToLookup(e => (string)e.Attribute("class")!);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                boxes.Where(b => b.Key.StartsWith("phase", StringComparison.Ordinal)).SelectMany(b => b)
                    .OrderBy(b => (double)b.Attribute("x")!).Select(b => b.Value.Split(',')[0]),
                Is.EqualTo(["Before", .. Phases]));
            Assert.That(boxes["lane"].Count(), Is.EqualTo(2));
            Assert.That(boxes["nodes"].Count(b => b.HasElements), Is.Positive, "Pods were restarted");
        }
    }

    [Test]
    public void The_report_has_the_members_it_promises() =>
        Assert.That(
            _report.AsObject().Select(m => m.Key),
            Is.EqualTo(
            [
                "result", "scenario", "nodes", "pods", "phases", "probes", "flows", "outages", "prediction", "services", "policies", "seconds",
                "stoppedAt", "stoppedBecause",
            ]));

    [Test]
    public void People_see_the_phases_the_probes_and_the_summary()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                _run.Lines.Where(l => l.StartsWith("── ", StringComparison.Ordinal)).Select(l => l.Trim('─', ' ')),
                Is.EqualTo([.. Phases, "Succeeded"]));
            Assert.That(
                _run.Lines.Count(l => l.StartsWith("   ⇄ /client -c 2 -n 20 -url http://nginx-origin: ", StringComparison.Ordinal) && l.Contains(" 0 failed, 100.000000% in ")),
                Is.EqualTo(6));
            Assert.That(_run.Lines, Has.One.EqualTo($"   Pods      {_report["pods"]!["antrea"]} Antrea"));
            Assert.That(_run.Lines, Has.Exactly(2).StartsWith("   Traffic   "));
            Assert.That(_run.Lines, Has.One.EqualTo($"   Policies  {_report["policies"]}"));
            Assert.That(_run.Lines, Has.One.StartsWith("   Time      "));
        }
    }
}
