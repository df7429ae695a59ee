using System.Text.Json.Nodes;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>lab scenario pretest</c> on the seed's cluster, whose own pre-test it repeats.</summary>
public class PreTestTests
{
    private JsonNode _json = null!;
    private MigratorRun _table = null!;

    [OneTimeSetUp]
    public async Task RunAsync()
    {
        var json = await MigratorRun.OfAsync("lab", "scenario", "pretest", "--name", "test", "-o", "json");
        Assert.That(json.ExitCode, Is.EqualTo(ExitCodes.Success), json.Output + json.Error);
        _json = json.Json;
        _table = await MigratorRun.OfAsync("lab", "scenario", "pretest", "--name", "test");
    }

    [Test]
    public void The_Antrea_Pod_reaches_Calico_Pods_and_most_of_them_do_not_reach_it()
    {
        var attempts = _json["attempts"]!.AsArray();
        var after = _json["after"]!.ToString();
        var fromCalico = attempts.Where(a => a!["to"]!.ToString() == after).ToList();
        var fromAntrea = attempts.Where(a => a!["from"]!.ToString() == after).ToList();
        using (Assert.EnterMultipleScope())
        {
            // As the seed restarts the Pod of test-worker2, and asks from the one of test-worker8.
            Assert.That(_json["node"]!.ToString(), Is.EqualTo("test-worker2"));
            Assert.That(_json["before"]!.ToString(), Does.StartWith("10.10.39."));
            Assert.That(after, Does.Match(@"^10\.10\.\d+\.2$"), "the first of its PodCIDR");
            Assert.That(fromCalico.Single(a => a!["from"]!.ToString().StartsWith("10.10.244.", StringComparison.Ordinal))!["reached"]!.GetValue<bool>(), Is.False);
            Assert.That(fromCalico.Count(a => a!["reached"]!.GetValue<bool>()), Is.LessThan(fromCalico.Count / 4), "a few Calico Pods could");
            Assert.That(fromAntrea.Count(a => a!["reached"]!.GetValue<bool>()), Is.GreaterThan(fromAntrea.Count * 3 / 4), "the Antrea Pod could");
            Assert.That(attempts.Select(a => a!["predicted"]!.ToString() == "Reachable"), Is.EqualTo(attempts.Select(a => a!["reached"]!.GetValue<bool>())));
        }
    }

    [Test]
    public void The_table_says_who_loses_whom_and_why()
    {
        var attempts = _json["attempts"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_table.ExitCode, Is.EqualTo(ExitCodes.Success), _table.Error);
            Assert.That(_table.Lines, Has.Some.Match(@"^\s+Calico Pods\s+the Antrea Pod\s+19\s+"));
            Assert.That(_table.Lines.Where(l => l.StartsWith('✓') || l.StartsWith('✗')).Sum(l => int.Parse(l[1..].TrimStart().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)), Is.EqualTo(attempts.Count));
        }
    }
}
