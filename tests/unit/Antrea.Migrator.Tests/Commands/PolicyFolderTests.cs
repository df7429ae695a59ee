using System.Text.Json.Nodes;
using Antrea.Migration;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migrator.Commands;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>A folder of policies changes as a whole, wherever the run that writes it is ended.</summary>
public sealed class PolicyFolderTests
{
    private const string Foreign = "notes.txt";

    private static readonly PolicyConversion Old = Tiers(("a", 1), ("b", 2), ("c", 3));
    private static readonly PolicyConversion New = Tiers(("b", 2), ("c", 4), ("d", 5));
    private static readonly PolicyConversion Other = Tiers(("e", 6));

    public enum Place
    {
        New,
        Empty,
        OfAnEarlierRun,
        WithFilesOfOthers,
    }

    private static IEnumerable<TestCaseData> Ends() =>
        from place in Enum.GetValues<Place>()
        from next in new[] { nameof(New), nameof(Other) }
        select new TestCaseData(place, next);

    [TestCaseSource(nameof(Ends))]
    public async Task A_run_that_is_ended_at_any_step_leaves_the_old_set_or_the_new_and_the_next_one_cleans_up(Place place, string next)
    {
        var steps = 0;
        using (var folder = await MakeAsync(place))
        {
            await new PolicyFolder(folder.At("out"), _ => steps++).WriteAsync(New, default);
            Assert.That(steps, Is.GreaterThan(3));
            VerifyHolds(folder, place, New);
        }

        for (var last = 0; last < steps; last++)
        {
            using var folder = await MakeAsync(place);
            var done = 0;

            // From that step on nothing succeeds any more, cleaning up included: the process is gone.
            var end = last;
            await Assert.ThrowsAsync<EndOfProcess>(
                () => new PolicyFolder(folder.At("out"), what => _ = done++ < end ? 0 : throw new EndOfProcess(what)).WriteAsync(New, default));
            await VerifyWholeAsync(folder.At("out"), place, last);
            await new PolicyFolder(folder.At("out")).WriteAsync(next == nameof(New) ? New : Other, default);
            VerifyHolds(folder, place, next == nameof(New) ? New : Other);
        }
    }

    [TestCase(Place.New)]
    [TestCase(Place.OfAnEarlierRun)]
    [TestCase(Place.WithFilesOfOthers)]
    public async Task A_disk_that_fails_at_one_step_changes_nothing_or_everything(Place place)
    {
        for (var failing = 0; ; failing++)
        {
            using var folder = await MakeAsync(place);
            var (done, step) = (0, failing);
            try
            {
                await new PolicyFolder(folder.At("out"), what => _ = done++ != step ? 0 : throw new IOException(what)).WriteAsync(New, default);
            }
            catch (IOException)
            {
                await VerifyWholeAsync(folder.At("out"), place, failing);
            }

            if (done <= failing)
            {
                VerifyHolds(folder, place, New);
                return;
            }
        }
    }

    [Test]
    public async Task A_linked_folder_stays_a_link()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("real"));
        Directory.CreateSymbolicLink(folder.At("out"), folder.At("real"));
        await new PolicyFolder(folder.At("out")).WriteAsync(Old, default);
        await new PolicyFolder(folder.At("out")).WriteAsync(New, default);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new DirectoryInfo(folder.At("out")).LinkTarget, Is.Not.Null);
            Assert.That(Texts(folder.At("real")), Is.EquivalentTo(TextsOf(New)));
        }
    }

    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("""{"writes": ["../x.yaml"], "removes": []}""")]
    [TestCase("""{"writes": [], "removes": ["/etc/passwd"]}""")]
    public async Task A_list_of_changes_that_somebody_changed_is_not_obeyed(string journal)
    {
        using var folder = await MakeAsync(Place.WithFilesOfOthers);
        folder.Write(Path.Combine("out", FolderReplacement.JournalName), journal);
        await Assert.ThrowsAsync<MigrationException>(() => new PolicyFolder(folder.At("out")).WriteAsync(New, default));
        Assert.That(Texts(folder.At("out")), Is.EquivalentTo(TextsOf(Old)));
    }

    private static async Task<TemporaryFolder> MakeAsync(Place place)
    {
        var folder = new TemporaryFolder();
        if (place == Place.Empty)
        {
            Directory.CreateDirectory(folder.At("out"));
        }
        else if (place != Place.New)
        {
            await new PolicyFolder(folder.At("out")).WriteAsync(Old, default);
        }

        if (place == Place.WithFilesOfOthers)
        {
            folder.Write(Path.Combine("out", Foreign), "mine");
        }

        return folder;
    }

    private static async Task VerifyWholeAsync(string path, Place place, int step)
    {
        if (place == Place.WithFilesOfOthers && File.Exists(Path.Combine(path, FolderReplacement.JournalName)))
        {
            var error = await Assert.ThrowsAsync<InputException>(() => new FolderClusterReader(path).ReadAsync());
            Assert.That(error!.Message, Does.Contain(FolderReplacement.JournalName), $"step {step}: nobody takes a half-written folder for a whole one");
            return;
        }

        // A new folder, and one that is to be replaced as a whole, may be missing: nobody takes that for a set of policies.
        List<string> before = place is Place.OfAnEarlierRun or Place.WithFilesOfOthers ? TextsOf(Old) : [];
        var isWhole = Directory.Exists(path)
            ? IsSame(Texts(path), before) || IsSame(Texts(path), TextsOf(New))
            : place != Place.WithFilesOfOthers;
        Assert.That(isWhole, Is.True, $"step {step}");
    }

    private static bool IsSame(List<string> texts, List<string> others) =>
        texts.Order(StringComparer.Ordinal).SequenceEqual(others.Order(StringComparer.Ordinal));

    private static void VerifyHolds(TemporaryFolder folder, Place place, PolicyConversion conversion)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Texts(folder.At("out")), Is.EquivalentTo(TextsOf(conversion)));
            Assert.That(Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName), Is.EqualTo(new[] { "out" }), "nothing is left beside it");
            Assert.That(
                Directory.GetFileSystemEntries(folder.At("out")).Where(f => !f.EndsWith(".yaml", StringComparison.Ordinal)).Select(Path.GetFileName),
                Is.EqualTo(place == Place.WithFilesOfOthers ? new[] { Foreign } : Array.Empty<string>()),
                "nothing is left in it");
        }
    }

    /// <summary>Without their first line, which says whose they are.</summary>
    private static List<string> Texts(string path) =>
        [.. Directory.GetFiles(path, "*.yaml").Select(f => File.ReadAllText(f)).Select(t => t[(t.IndexOf('\n', StringComparison.Ordinal) + 1)..])];

    private static List<string> TextsOf(PolicyConversion conversion) => [.. conversion.Objects.Select(ObjectYaml.Write)];

    private static PolicyConversion Tiers(params (string Name, int Priority)[] tiers) => new(
        [],
        [
            .. tiers.Select(t => new JsonObject
            {
                ["apiVersion"] = "crd.antrea.io/v1beta1",
                ["kind"] = "Tier",
                ["metadata"] = new JsonObject { ["name"] = t.Name },
                ["spec"] = new JsonObject { ["priority"] = t.Priority },
            }),
        ],
        []);

    private sealed class EndOfProcess(string step) : Exception(step);
}
