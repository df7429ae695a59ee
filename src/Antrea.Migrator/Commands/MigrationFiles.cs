using Antrea.Migration.Planning;

namespace Antrea.Migrator.Commands;

/// <summary>Where a migration keeps its files. Those of a cluster made for the run are in a temporary folder that goes with it, unless they are named.</summary>
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

    /// <summary>A folder of its own for each plan, so that two clusters' files never mix; a rollback's is that of the plan it undoes.</summary>
    public static MigrationFiles For(MigrationPlan plan, string? journal, string? backup, bool temporary)
    {
        if (!temporary)
        {
            var home = Path.Combine("antrea-migration", plan.Undoes ?? plan.Id);
            return new MigrationFiles(journal ?? Path.Combine(home, "journal.jsonl"), backup ?? Path.Combine(home, "backup"), null);
        }

        var folder = Directory.CreateTempSubdirectory("antrea-migration-");
        return new MigrationFiles(
            journal ?? Path.Combine(folder.FullName, "journal.jsonl"), backup ?? Path.Combine(folder.FullName, "backup"), folder);
    }

    public void Dispose() => _temporary?.Delete(recursive: true);
}
