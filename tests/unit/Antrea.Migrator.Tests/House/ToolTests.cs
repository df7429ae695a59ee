using System.Reflection;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.House;

/// <summary>The command as it is shipped: no Roslyn in its closure, which holds the library, Kind and the Lab too.</summary>
public class ToolTests
{
    private static readonly ShippedProject Tool = new("Antrea.Migrator", "antrea-migrator");

    [Test]
    public void What_runs_needs_no_Roslyn() => Tool.VerifyClosure();

    [Test]
    [Category("Packaging")]
    [CancelAfter(300_000)]
    public async Task The_package_is_a_tool_named_antrea_migrator(CancellationToken cancellationToken)
    {
        var package = await Tool.PackAsync(cancellationToken);
        package.Verify();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                package.ToolSettings?.Descendants("Command")
                    .Select(c => ((string?)c.Attribute("Name"), (string?)c.Attribute("EntryPoint"))),
                Is.EqualTo(new[] { ("antrea-migrator", "antrea-migrator.dll") }));
            Assert.That(
                package.Files.Select(Path.GetFileName),
                Does.Contain("Antrea.Migration.dll").And.Contain("Antrea.Migration.Lab.dll"));
        }
    }
}

public class ToolRulesTests() : AssemblyRules(Assembly.Load("antrea-migrator"));
