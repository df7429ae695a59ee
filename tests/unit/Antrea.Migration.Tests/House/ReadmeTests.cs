using System.Text.RegularExpressions;

namespace Antrea.Migration.Tests.House;

/// <summary>What the documents name is there.</summary>
public class ReadmeTests
{
    private const int FirstScreen = 40;

    private static readonly IEnumerable<string> Documents = Directory.EnumerateFiles(Repository.Root, "*.md")
        .Concat(Directory.EnumerateFiles(Repository.At("docs"), "*.md", SearchOption.AllDirectories))
        .Select(f => Path.GetRelativePath(Repository.Root, f).Replace('\\', '/'))
        .Order(StringComparer.Ordinal);

    [Test]
    public void The_main_job_can_be_run()
    {
        var script = Repository.At("antrea-migrate.sh");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(File.ReadLines(script).First(), Does.StartWith("#!"));
            Assert.That(OperatingSystem.IsWindows() || File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute), "executable");
        }
    }

    [Test]
    public void The_tests_can_be_run() =>
        Assert.That(
            Directory.EnumerateFiles(Repository.Root, "*.sln*").Select(Path.GetFileName), Is.EqualTo(new[] { "Migration.sln" }));

    [Test]
    public void All_projects_are_in_the_solution()
    {
        var solution = File.ReadAllText(Repository.At("Migration.sln")).Replace('\\', '/');
        string[] folders = ["src", "tests", "benchmarks"];
        Assert.That(
            folders.SelectMany(f => Directory.EnumerateFiles(Repository.At(f), "*.csproj", SearchOption.AllDirectories))
                .Select(f => Path.GetRelativePath(Repository.Root, f).Replace('\\', '/'))
                .Where(f => !solution.Contains($"\"{f}\"", StringComparison.Ordinal)),
            Is.Empty);
    }

    /// <summary>A README that has not been written yet names nothing; a written one names both commands at once.</summary>
    [TestCase("./antrea-migrate.sh --lab")]
    [TestCase("dotnet test")]
    public void The_first_screen_names_the_command(string command)
    {
        var lines = File.ReadAllLines(Repository.At("README.md"));
        Assert.That(lines.Length == 0 || lines.Take(FirstScreen).Any(l => l.Contains(command, StringComparison.Ordinal)), command);
    }

    [TestCaseSource(nameof(Documents))]
    public void Links_lead_somewhere(string document) => Assert.That(
        Regex.Matches(File.ReadAllText(Repository.At(document)), @"\]\((?<target>[^)#\s]+)[^)]*\)")
            .Select(m => m.Groups["target"].Value)
            .Where(t => !t.Contains("://", StringComparison.Ordinal))
            .Where(t => !Path.Exists(Repository.At(Path.GetDirectoryName(document)!, t))),
        Is.Empty);

    [TestCaseSource(nameof(Documents))]
    public void Files_named_in_code_spans_exist(string document) => Assert.That(
        Regex.Matches(File.ReadAllText(Repository.At(document)), @"`(?<path>(\./|src/|tests/|docs/|benchmarks/|\.ci/)[\w./-]*)")
            .Select(m => m.Groups["path"].Value.TrimEnd('.'))
            .Where(p => !Path.Exists(Repository.At(p))),
        Is.Empty);
}
