using System.Collections.Immutable;
using System.Text;

namespace Antrea.Migration.Execution;

/// <summary>A journal in a file: one JSON object a line, each flushed to the disk before the step goes on.</summary>
/// <remarks>For one process at a time. A line cut off by a crash is dropped when the file is read or written next.</remarks>
public sealed class FileJournal : IMigrationJournal
{
    private readonly string _path;

    /// <summary>Uses <paramref name="path"/>; the file and its folder are made with the first entry.</summary>
    public FileJournal(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.GetFullPath(path);
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return File.Exists(_path)
                ? JournalFormat.Parse(await File.ReadAllTextAsync(_path, cancellationToken).ConfigureAwait(false), _path)
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MigrationException(
                $"The journal {_path} cannot be read: {e.Message}", "Make the file readable, or name another one.", e);
        }
    }

    /// <inheritdoc/>
    public async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            var file = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            await using (file.ConfigureAwait(false))
            {
                await SeekBehindLastWholeLineAsync(file, cancellationToken).ConfigureAwait(false);
                var line = Encoding.UTF8.GetBytes(JournalFormat.Format(entry) + "\n");
                await file.WriteAsync(line, cancellationToken).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MigrationException(
                $"The journal {_path} cannot be written: {e.Message}",
                "Free some space or name another file; nothing was done that is not in the journal.",
                e);
        }
    }

    private static async Task SeekBehindLastWholeLineAsync(FileStream file, CancellationToken cancellationToken)
    {
        var last = new byte[1];
        for (var end = file.Length; end > 0; end--)
        {
            file.Position = end - 1;
            await file.ReadExactlyAsync(last, cancellationToken).ConfigureAwait(false);
            if (last[0] == '\n')
            {
                file.SetLength(end);
                file.Position = end;
                return;
            }
        }

        file.SetLength(0);
    }
}
