namespace Antrea.Migrator.Commands;

/// <summary>Where a migration keeps its files. A lab's are in a temporary folder that goes with it.</summary>
internal sealed class MigrationFiles : IDisposable
{
    private readonly DirectoryInfo? _temporary;

    private MigrationFiles(string journal, string backup, DirectoryInfo? temporary)
    {
        Journal = journal;
        Backup = backup;
        _temporary = temporary;
    }

    public string Journal { get; }

    public string Backup { get; }

    /// <summary>The plan being executed, next to the journal.</summary>
    public string Plan => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Journal))!, "plan.json");

    public static MigrationFiles For(string journal, string backup, bool temporary)
    {
        if (!temporary)
        {
            return new MigrationFiles(journal, backup, null);
        }

        var folder = Directory.CreateTempSubdirectory("antrea-migration-");
        return new MigrationFiles(Path.Combine(folder.FullName, "journal.jsonl"), Path.Combine(folder.FullName, "backup"), folder);
    }

    public void Dispose() => _temporary?.Delete(recursive: true);
}
