namespace Antrea.Migrator.Tests.Commands;

public class SnapshotTests
{
    [Test]
    public async Task The_analysis_of_a_snapshot_is_that_of_the_cluster()
    {
        using var folder = new TemporaryFolder();
        var saved = await MigratorRun.OfAsync("snapshot", "--lab", "c2a0", "--workers", "2", "--to", folder.At("saved"));
        Assert.That(saved.ExitCode, Is.EqualTo(ExitCodes.Success), saved.Error);
        Assert.That(saved.Output, Does.Match($"^[0-9]+ objects of 3 Nodes written to "));
        foreach (var verb in (string[])["cidrs", "policies convert"])
        {
            var live = await MigratorRun.OfAsync([.. verb.Split(' '), "--lab", "c2a0", "--workers", "2", "-o", "json"]);
            var offline = await MigratorRun.OfAsync([.. verb.Split(' '), "--from", folder.At("saved"), "-o", "json"]);
            Assert.That((offline.ExitCode, offline.Output), Is.EqualTo((live.ExitCode, live.Output)), verb);
        }
    }

    [Test]
    public async Task No_Secret_is_written()
    {
        using var folder = new TemporaryFolder();
        await MigratorRun.OfAsync("snapshot", "--lab", "c2a0", "--workers", "1", "--to", folder.At("saved"));
        var texts = Directory.EnumerateFiles(folder.At("saved"), "*", SearchOption.AllDirectories).Select(File.ReadAllText).ToArray();
        Assert.That(texts, Is.Not.Empty);
        Assert.That(texts, Has.None.Contains("kind: Secret"));
    }

    [Test]
    public async Task A_folder_with_files_in_it_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        folder.Write("mine.txt", "mine");
        var run = await MigratorRun.OfAsync("snapshot", "--lab", "c2a0", "--workers", "1", "--to", folder.Path);
        run.VerifyRefused(folder.Path, "empty");
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.EqualTo([folder.At("mine.txt")]));
    }
}
