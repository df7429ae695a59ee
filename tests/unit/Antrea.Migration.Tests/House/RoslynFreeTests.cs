using System.Xml.Linq;

namespace Antrea.Migration.Tests.House;

/// <summary>No Roslyn in what we ship (docs/adr/0001-roslyn-free.md). The command's part is in Antrea.Migrator.Tests.</summary>
public class RoslynFreeTests
{
    private static readonly ShippedProject[] Shipped =
    [
        new("Antrea.Migration", "Antrea.Migration"),
        new("Antrea.Migration.Kind", "Antrea.Migration.Kind"),
    ];

    [TestCaseSource(nameof(Shipped))]
    public void What_runs_needs_no_Roslyn(object shipped) => ((ShippedProject)shipped).VerifyClosure();

    [Test]
    public void A_Roslyn_library_would_be_seen() => Assert.That(
        ShippedProject.RoslynIn("""{ "libraries": { "YamlDotNet/18.1.0": {}, "Microsoft.CodeAnalysis.CSharp/5.0.0": {} } }"""),
        Is.EqualTo(new[] { "Microsoft.CodeAnalysis.CSharp/5.0.0" }));

    [Test]
    public void No_project_we_ship_hands_analyzers_on()
    {
        var references = Directory.EnumerateFiles(Repository.At("src"), "*.csproj", SearchOption.AllDirectories)
            .SelectMany(f => XDocument.Load(f).Descendants("PackageReference"))
            .ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(references, Is.Not.Empty);
            Assert.That(references.Select(r => (string?)r.Attribute("Include")), Has.None.Contains("CodeAnalysis"));
            Assert.That(
                references.Where(r => r.Attributes().Concat<XObject>(r.Elements())
                    .Select(Name).Any(n => n is "PrivateAssets" or "IncludeAssets")),
                Is.Empty,
                "the defaults keep analyzers from flowing on; these may not");
        }
    }

    [TestCaseSource(nameof(Shipped))]
    [Category("Packaging")]
    [CancelAfter(300_000)]
    public async Task A_package_brings_its_licence_its_readme_and_no_Roslyn(object shipped, CancellationToken cancellationToken) =>
        (await ((ShippedProject)shipped).PackAsync(cancellationToken)).Verify();

    private static string Name(XObject setting) => setting is XAttribute a ? a.Name.LocalName : ((XElement)setting).Name.LocalName;
}
