using Antrea.Migration.Execution;

namespace Antrea.Migration.Tests.Execution;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FileJournalTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("journal-");

    private string JournalPath => Path.Combine(_folder.FullName, "deeper", "journal.jsonl");

    public void Dispose() => _folder.Delete(recursive: true);

    [Test]
    public async Task ReadAsync_NoFile_IsEmpty() => Assert.That(await new FileJournal(JournalPath).ReadAsync(), Is.Empty);

    [Test]
    public async Task AppendAsync_ThenReadByAnother_GivesTheSameEntries()
    {
        JournalEntry[] entries = [Entry("a", JournalState.Plan), Entry("b", JournalState.Intent), Entry("b", JournalState.Done)];
        foreach (var entry in entries)
        {
            await new FileJournal(JournalPath).AppendAsync(entry);
        }

        Assert.That(await new FileJournal(JournalPath).ReadAsync(), Is.EqualTo(entries));
    }

    [Test]
    public async Task AppendAsync_AfterACrashInTheMiddleOfALine_DropsThatLineOnly()
    {
        var journal = new FileJournal(JournalPath);
        await journal.AppendAsync(Entry("a", JournalState.Done));
        await File.AppendAllTextAsync(JournalPath, """{"time":"2026-01-01T00:0""");

        Assert.That(await journal.ReadAsync(), Has.Length.EqualTo(1), "the torn line is not an entry");
        await journal.AppendAsync(Entry("b", JournalState.Done));

        Assert.That((await journal.ReadAsync()).Select(e => e.StepId), Is.EqualTo((string[])["a", "b"]));
    }

    [Test]
    public async Task ReadAsync_ABadLineInTheMiddle_NamesFileAndLine()
    {
        var journal = new FileJournal(JournalPath);
        await journal.AppendAsync(Entry("a", JournalState.Done));
        await File.AppendAllTextAsync(JournalPath, "nonsense\n");

        Assert.That(
            async () => await journal.ReadAsync(),
            Throws.TypeOf<MigrationException>().With.Message.Contains($"{JournalPath} line 2").And.Property("Next").Not.Empty);
    }

    [Test]
    public void AppendAsync_TheFolderIsAFile_SaysWhichJournal()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "deeper"), "");

        Assert.That(
            async () => await new FileJournal(JournalPath).AppendAsync(Entry("a", JournalState.Done)),
            Throws.TypeOf<MigrationException>().With.Message.Contains(JournalPath));
    }

    private static JournalEntry Entry(string step, JournalState state) =>
        new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), step, state, "detail with \"quotes\"\nand a line feed");
}
