using System.Reflection;
using System.Xml.Linq;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.House;

/// <summary>Who may refer to whom, within the library and among the assemblies.</summary>
public class LayerTests
{
    private const string Library = "Antrea.Migration";

    /// <summary>The library's folders from the ground up: each refers to its own layer and to lower ones.</summary>
    private static readonly string[][] Layers =
    [
        ["Findings", "Internal"],
        ["Addressing", "CalicoApi", "AntreaApi", "Clusters"],
        ["Routing", "Bridge", "Policies", "Connectivity"],
        ["Planning"],
        ["Execution"],
    ];

    /// <summary>References against the layers that are there, each with the reason; one that is gone must leave the list.</summary>
    private static readonly Dictionary<(string From, string To), string> Exceptions = [];

    private static readonly string[] Folders = [.. Layers.SelectMany(l => l)];

    private static readonly ILookup<string, Reference> References = typeof(Cidr).Assembly.GetTypes()
        .SelectMany(t => MethodBodies.TypesIn(t)
            .Where(used => used.Assembly == t.Assembly)
            .Select(used => new Reference(Outermost(t), Outermost(used))))
        .Where(r => FolderOf(r.From) is { Length: > 0 } && FolderOf(r.To) is { Length: > 0 } && FolderOf(r.From) != FolderOf(r.To))
        .Distinct()
        .OrderBy(r => r.ToString(), StringComparer.Ordinal)
        .ToLookup(r => FolderOf(r.From));

    private sealed record Reference(string From, string To)
    {
        public override string ToString() => $"{From} -> {To}";
    }

    [Test]
    public void Every_folder_has_a_layer() =>
        Assert.That(
            Folders,
            Is.SupersetOf(References.SelectMany(r => r).Select(r => FolderOf(r.To)).Concat(References.Select(r => r.Key)).Distinct()));

    [Test]
    public void References_go_down_or_stay_in_their_layer() =>
        Assert.That(Upward().Where(r => !Exceptions.ContainsKey((r.From, r.To))), Is.Empty);

    [Test]
    public void Exceptions_are_still_needed() =>
        Assert.That(Exceptions.Keys.Except(Upward().Select(r => (r.From, r.To))), Is.Empty);

    [TestCase("CalicoApi")]
    [TestCase("AntreaApi")]
    public void Api_folders_refer_to_addresses_and_objects_only(string folder) =>
        Assert.That(
            References[folder].Where(r => FolderOf(r.To) is not ("Addressing" or "Clusters" or "Findings" or "Internal")),
            Is.Empty);

    [Test]
    public void What_is_seen_includes_known_references() =>
        Assert.That(
            References["Execution"].Select(r => r.ToString()),
            Does.Contain("Execution.MigrationExecutor -> Planning.MigrationPlan"));

    [TestCase("Antrea.Migration", "")]
    [TestCase("Antrea.Migration.Kind", "Antrea.Migration")]
    [TestCase("Antrea.Migration.Lab", "Antrea.Migration")]
    [TestCase("Antrea.Migrator", "Antrea.Migration Antrea.Migration.Kind Antrea.Migration.Lab")]
    public void Projects_point_one_way(string project, string allowed)
    {
        var references = XDocument.Load(Repository.At("src", project, $"{project}.csproj"))
            .Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value));
        Assert.That(references, Is.SubsetOf(allowed.Split(' ')));
    }

    [TestCase("Antrea.Migration", "")]
    [TestCase("Antrea.Migration.Kind", "Antrea.Migration")]
    public void Assemblies_point_one_way(string assembly, string allowed) =>
        Assert.That(
            Assembly.Load(assembly).GetReferencedAssemblies().Select(a => a.Name!)
                .Where(n => n.StartsWith("Antrea.", StringComparison.Ordinal) || n == "antrea-migrator"),
            Is.SubsetOf(allowed.Split(' ')));

    [Test]
    public void The_library_has_no_console_and_starts_nothing() =>
        Assert.That(
            typeof(Cidr).Assembly.GetReferencedAssemblies().Select(a => a.Name),
            Has.None.AnyOf("System.Console", "System.Diagnostics.Process", "CliWrap", "Spectre.Console", "System.CommandLine"));

    private static IEnumerable<Reference> Upward() =>
        References.SelectMany(r => r).Where(r => LayerOf(FolderOf(r.To)) > LayerOf(FolderOf(r.From)));

    private static int LayerOf(string folder) => Array.FindIndex(Layers, l => l.Contains(folder));

    private static string FolderOf(string name) => name.Contains('.', StringComparison.Ordinal) ? name[..name.IndexOf('.', StringComparison.Ordinal)] : "";

    private static string Outermost(Type type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        var name = type.FullName ?? type.Name;
        return name.StartsWith(Library + ".", StringComparison.Ordinal) ? name[(Library.Length + 1)..] : "";
    }
}
