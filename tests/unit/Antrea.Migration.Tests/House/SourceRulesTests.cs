using System.Text.RegularExpressions;

namespace Antrea.Migration.Tests.House;

/// <summary>What our sources never say. Each test names every place at once.</summary>
public class SourceRulesTests
{
    /// <summary>Blocking waits that an interface without an async form asks for.</summary>
    private static readonly string[] BlockingByContract =
    [
        "src/Antrea.Migration.Lab/ControlPlane/ExecSession.cs", // Stream.Write
    ];

    private sealed record Source(string Path, string[] Lines)
    {
        public IEnumerable<string> Find(string pattern, bool inComments = false) => Lines
            .Select((line, i) => (Line: line.Trim(), Number: i + 1))
            .Where(l => inComments || !l.Line.StartsWith("//", StringComparison.Ordinal))
            .Where(l => Regex.IsMatch(l.Line, pattern, RegexOptions.CultureInvariant))
            .Select(l => $"{Path}:{l.Number}: {l.Line}");
    }

    private static readonly Source[] Sources = [.. Repository.Sources(Repository.At("src")).Select(Read)];

    private static readonly Source[] Library =
        [.. Sources.Where(s => s.Path.StartsWith("src/Antrea.Migration/", StringComparison.Ordinal))];

    [Test]
    public void Sources_are_found() => Assert.That(
        Sources.Select(s => s.Path),
        Does.Contain("src/Antrea.Migration/Addressing/Cidr.cs").And.Contain("src/Antrea.Migrator/Program.cs"));

    [Test]
    public void Time_comes_from_a_TimeProvider() =>
        Nowhere(Sources, @"\bDateTime(Offset)?\.(Utc)?(Now|Today)\b|\bStopwatch\.|\bThread\.Sleep\b");

    [Test]
    public void The_library_knows_no_console_environment_or_process() => Nowhere(
        Library, @"\b(Console|Environment|Process)\.\w|\bProcessStartInfo\b|\bnew Process\b|\bCli\.Wrap\b");

    [Test]
    public void Processes_are_started_through_CliWrap() => Nowhere(Sources, @"\bProcess\.Start\b|\bProcessStartInfo\b|\bnew Process\b");

    [Test]
    public void Nothing_is_left_to_do() =>
        Nowhere(Sources, @"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException", inComments: true);

    [Test]
    public void No_code_is_generated_by_attributes() =>
        Nowhere(Sources, @"\[(GeneratedRegex|LoggerMessage|JsonSerializable|LibraryImport|GeneratedComInterface)\b");

    [Test]
    public void Results_are_awaited() => Assert.That(
        Sources.Where(s => !BlockingByContract.Contains(s.Path)).SelectMany(s => s.Find(@"\.GetAwaiter\(\)\.GetResult\(\)")), Is.Empty);

    [Test]
    public void No_warning_is_silenced_for_a_whole_file() => Nowhere(Sources, @"^#pragma warning disable\s*$|^#nullable disable");

    [Test]
    public void Catching_everything_has_a_filter_or_throws_again_or_keeps_the_exception() =>
        Assert.That(Sources.SelectMany(s => BlanketCatches(s)), Is.Empty);

    [TestCase("catch", "{", "}", ExpectedResult = 1)]
    [TestCase("catch (Exception)", "{", "    return null;", "}", ExpectedResult = 1)]
    [TestCase("catch (Exception e)", "{", "    return null;", "}", ExpectedResult = 1)]
    [TestCase("catch (Exception e)", "{", "    _failures.Enqueue(e);", "}", ExpectedResult = 0)]
    [TestCase("catch (Exception e)", "{", "    Log($\"broke: {e}\");", "}", ExpectedResult = 0)]
    [TestCase("catch (Exception e)", "{", "    Log(e.Message);", "}", ExpectedResult = 1)]
    [TestCase("catch", "{", "    socket.Dispose();", "    throw;", "}", ExpectedResult = 0)]
    [TestCase("catch (Exception e) when (e is IOException)", "{", "}", ExpectedResult = 0)]
    [TestCase("catch (IOException)", "{", "}", ExpectedResult = 1)]
    [TestCase("catch (IOException)", "{", "    // The file is gone, which is what was wanted.", "}", ExpectedResult = 0)]
    public int BlanketCatches_InASource(params string[] lines) => BlanketCatches(new Source("Some.cs", lines)).Count();

    private static void Nowhere(IEnumerable<Source> sources, string pattern, bool inComments = false) =>
        Assert.That(sources.SelectMany(s => s.Find(pattern, inComments)), Is.Empty);

    /// <summary>Catches of every exception that let it vanish, and empty catches without a word why.</summary>
    private static IEnumerable<string> BlanketCatches(Source source)
    {
        for (var i = 0; i < source.Lines.Length; i++)
        {
            var match = Regex.Match(source.Lines[i], @"^\s*catch\b\s*(\((?<type>[\w.]+)( (?<name>\w+))?\))?\s*$");
            if (!match.Success)
            {
                continue;
            }

            var indent = source.Lines[i].Length - source.Lines[i].TrimStart().Length;
            var body = source.Lines.Skip(i + 2).TakeWhile(l => l.TrimEnd() != new string(' ', indent) + "}").ToList();
            var isBlanket = match.Groups["type"] is { Success: false } or { Value: "Exception" or "System.Exception" };
            var name = match.Groups["name"].Value;
            var isKept = body.Exists(l => Regex.IsMatch(l, @"^\s*throw\b"))
                || (name.Length > 0 && body.Exists(l => Regex.IsMatch(l, $@"[(,={{]\s*{name}\s*[,);}}]")));
            if ((isBlanket && !isKept) || body.TrueForAll(string.IsNullOrWhiteSpace))
            {
                yield return $"{source.Path}:{i + 1}: {source.Lines[i].Trim()}";
            }
        }
    }

    private static Source Read(string file) =>
        new(Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'), File.ReadAllLines(file));
}
