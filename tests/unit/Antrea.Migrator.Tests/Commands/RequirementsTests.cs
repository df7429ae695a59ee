using Antrea.Migration.Planning;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

public class RequirementsTests
{
    [Test]
    public async Task People_get_a_table()
    {
        var run = await MigratorRun.OfAsync("requirements");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        Approval.Verify(string.Join('\n', run.Lines), "Table");
    }

    [Test]
    public async Task Machines_get_the_same_facts()
    {
        var run = await MigratorRun.OfAsync("requirements", "-o", "json");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success));
        Assert.That(
            run.Json["requirements"]!.AsArray().Select(r => (r!["id"]?.ToString(), r["text"]?.ToString(), r["why"]?.ToString(), r["source"]?.ToString())),
            Is.EqualTo(MigrationRequirements.All.Select(r => ((string?)r.Id, (string?)r.Text, (string?)r.Why, (string?)r.Source))));
    }
}
