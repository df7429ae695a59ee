using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration;

namespace Antrea.Migrator.Output;

/// <summary>Replaces the files that a program wrote to a folder by others: all of them, or none.</summary>
/// <remarks>
/// <para>A folder that is new, or holds nothing else, is written beside its place and gets its name by a rename; where an earlier one must go
/// first, nobody finds the folder between the two renames. Whoever reads it finds the old files or the new.</para>
/// <para>A folder with files of others, a mount point or a link stays where it is. Every new text is on the disk before a list of what is to happen is
/// (<see cref="JournalName"/>), and only then files change. While the list is there, whoever reads the folder as Kubernetes objects fails at
/// it, for it sorts first and is none.</para>
/// <para>A run that was ended at any point is ended or undone by the next one. That holds for the end of the process; a power cut may lose more.</para>
/// </remarks>
/// <param name="directory">The folder.</param>
/// <param name="isOurs">Whether a file was written by the program.</param>
/// <param name="before">Called before each change on the disk, with what it is.</param>
internal sealed class FolderReplacement(string directory, Func<string, bool> isOurs, Action<string>? before)
{
    /// <summary>The list of changes that have begun. Not hidden, so that nobody overlooks it.</summary>
    public const string JournalName = "0-unfinished.json";

    private const string DraftEnd = ".draft";

    private readonly string _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));

    private string Journal => Path.Combine(_path, JournalName);

    private string Staged => Sibling("new");

    private string Previous => Sibling("old");

    /// <summary>Ends what a run that was interrupted began, or undoes it where it had not begun to change files.</summary>
    /// <exception cref="MigrationException">The list of changes was changed since.</exception>
    public void Recover()
    {
        if (Directory.Exists(Previous) && !Path.Exists(_path))
        {
            Do("move back", () => Directory.Move(Previous, _path));
        }

        Remove(Previous);
        Remove(Staged);
        if (File.Exists(Journal))
        {
            var (writes, removes) = ReadJournal();
            Carry(writes, removes);
        }

        foreach (var draft in Directory.Exists(_path) ? Directory.GetFiles(_path, $".?-*{DraftEnd}") : [])
        {
            Do($"delete {draft}", () => File.Delete(draft));
        }
    }

    /// <summary>Writes the texts and removes what is stale; after <see cref="Recover"/>.</summary>
    /// <param name="texts">By file name.</param>
    /// <param name="stale">Names of the program's own files that are not among them.</param>
    /// <param name="cancellationToken">Heeded until files begin to change.</param>
    public async Task ReplaceAsync(IReadOnlyDictionary<string, string> texts, IReadOnlyCollection<string> stale, CancellationToken cancellationToken)
    {
        if (!IsWhollyOurs() || !await TrySwapAsync(texts, cancellationToken))
        {
            await WriteInPlaceAsync(texts, stale, cancellationToken);
        }
    }

    private bool IsWhollyOurs() =>
        Path.GetDirectoryName(_path) is not null
        && !IsWithin(Directory.GetCurrentDirectory())
        && (!Path.Exists(_path)
            || (new DirectoryInfo(_path) is { Exists: true, LinkTarget: null } folder
                && folder.EnumerateFileSystemInfos().All(f => f is FileInfo { LinkTarget: null } && isOurs(f.FullName))));

    /// <summary>Who stands in a folder that is moved away stands in none.</summary>
    private bool IsWithin(string place) =>
        Path.GetRelativePath(_path, place) is var way && way != ".." && !way.StartsWith($"..{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !Path.IsPathRooted(way);

    /// <summary>False when the place does not allow it; nothing has changed then.</summary>
    private async Task<bool> TrySwapAsync(IReadOnlyDictionary<string, string> texts, CancellationToken cancellationToken)
    {
        var hasPrevious = Path.Exists(_path);
        try
        {
            Do("stage", () => Directory.CreateDirectory(Staged));
            foreach (var (name, text) in texts)
            {
                await WriteAsync(Path.Combine(Staged, name), text, cancellationToken);
            }

            if (hasPrevious)
            {
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(Staged, File.GetUnixFileMode(_path));
                }

                Do("move away", () => Directory.Move(_path, Previous));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A mount point cannot be renamed, and the folder above may be somebody else's. In place, a real fault will show again, under the folder's name.
            Remove(Staged);
            return false;
        }
        catch
        {
            Remove(Staged);
            throw;
        }

        try
        {
            Do("move in", () => Directory.Move(Staged, _path));
        }
        catch
        {
            Recover();
            throw;
        }

        Remove(Previous);
        return true;
    }

    private async Task WriteInPlaceAsync(IReadOnlyDictionary<string, string> texts, IReadOnlyCollection<string> stale, CancellationToken cancellationToken)
    {
        Do("create", () => Directory.CreateDirectory(_path));
        var list = DraftOf(JournalName);
        try
        {
            foreach (var (name, text) in texts)
            {
                await WriteAsync(DraftOf(name), text, cancellationToken);
            }

            var journal = new JsonObject
            {
                ["unfinished"] = "antrea-migrator policies convert was interrupted here: this folder is half written. Run it again.",
                ["writes"] = Names(texts.Keys),
                ["removes"] = Names(stale),
            };
            await WriteAsync(list, journal.ToJsonString(), cancellationToken);
            Do("begin", () => File.Move(list, Journal));
        }
        finally
        {
            if (!File.Exists(Journal))
            {
                foreach (var draft in texts.Keys.Append(JournalName).Select(DraftOf).Where(File.Exists))
                {
                    Do($"delete {draft}", () => File.Delete(draft));
                }
            }
        }

        Carry(texts.Keys, stale);

        static JsonArray Names(IEnumerable<string> names) => new([.. names.Select(n => (JsonNode)n)]);
    }

    /// <summary>What the list says. Safe to repeat: what is done already is passed over.</summary>
    private void Carry(IEnumerable<string> writes, IEnumerable<string> removes)
    {
        foreach (var name in writes.Where(n => File.Exists(DraftOf(n))))
        {
            Do($"move {name}", () => File.Move(DraftOf(name), At(name), overwrite: isOurs(At(name))));
        }

        foreach (var name in removes.Where(n => isOurs(At(n))))
        {
            Do($"remove {name}", () => File.Delete(At(name)));
        }

        Do("end", () => File.Delete(Journal));
    }

    private (List<string> Writes, List<string> Removes) ReadJournal()
    {
        try
        {
            var journal = JsonNode.Parse(File.ReadAllText(Journal))!.AsObject();
            return (Names("writes"), Names("removes"));

            List<string> Names(string field) => [.. journal[field]!.AsArray().Select(n => NameIn(n!.GetValue<string>()))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            throw new MigrationException(
                $"{Journal} is not what an interrupted run left: {e.Message}",
                "Remove it and what antrea-migrator wrote to the folder, or name another folder, and run again.",
                e);
        }

        static string NameIn(string name) =>
            Path.GetFileName(name) == name && name.EndsWith(".yaml", StringComparison.Ordinal) ? name : throw new FormatException($"'{name}' is no file of this folder.");
    }

    private async Task WriteAsync(string file, string text, CancellationToken cancellationToken)
    {
        before?.Invoke($"write {file}");
        await File.WriteAllTextAsync(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), cancellationToken);
    }

    private void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Do($"delete {folder}", () => Directory.Delete(folder, recursive: true));
        }
    }

    private void Do(string what, Action change)
    {
        before?.Invoke(what);
        change();
    }

    private string At(string name) => Path.Combine(_path, name);

    private string DraftOf(string name) => At($".{name}{DraftEnd}");

    private string Sibling(string what) =>
        Path.Combine(Path.GetDirectoryName(_path) ?? _path, $".{Path.GetFileName(_path)}.antrea-migrator.{what}");
}
