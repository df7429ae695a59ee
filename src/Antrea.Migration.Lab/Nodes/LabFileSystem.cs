using System.Diagnostics.CodeAnalysis;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>A Node's files, in memory: absolute paths and text. Directories exist while something lies in them.</summary>
/// <remarks>Writes and renames are atomic. Thread-safe; <see cref="Changed"/> is raised outside the lock.</remarks>
internal sealed class LabFileSystem
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _files = new(StringComparer.Ordinal);

    /// <summary>A file in the directory given was written, removed, or renamed from there: what inotify calls WRITE, REMOVE and RENAME.</summary>
    /// <remarks>A file moved in from another directory is a CREATE only, which container runtimes do not react to.</remarks>
    public event Action<string>? Changed;

    /// <summary>The file's text; false when there is no such file.</summary>
    public bool TryRead(string path, [NotNullWhen(true)] out string? content)
    {
        lock (_gate)
        {
            return _files.TryGetValue(path, out content);
        }
    }

    public bool FileExists(string path) => TryRead(path, out _);

    public bool DirectoryExists(string path) => Paths(path).Count > 0;

    /// <summary>The names in a directory, sorted by code unit; empty when it does not exist.</summary>
    public IReadOnlyList<string> List(string directory)
    {
        var prefix = Prefix(directory);
        return [.. Paths(directory).Select(p => p[prefix.Length..].Split('/')[0]).Distinct()];
    }

    /// <summary>The names of the files, not the directories, right in a directory, sorted by code unit.</summary>
    public IReadOnlyList<string> Files(string directory)
    {
        var prefix = Prefix(directory);
        return [.. Paths(directory).Select(p => p[prefix.Length..]).Where(n => !n.Contains('/', StringComparison.Ordinal))];
    }

    /// <summary>Every file in path order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> All()
    {
        lock (_gate)
        {
            return [.. _files];
        }
    }

    public void Write(string path, string content)
    {
        CheckPath(path);
        lock (_gate)
        {
            _files[path] = content;
        }

        Changed?.Invoke(Directory(path));
    }

    /// <summary>Removes a file; false when it was not there.</summary>
    public bool Remove(string path)
    {
        lock (_gate)
        {
            if (!_files.Remove(path))
            {
                return false;
            }
        }

        Changed?.Invoke(Directory(path));
        return true;
    }

    /// <summary>Renames a file, over another if there is one; false when the source does not exist.</summary>
    public bool Move(string from, string to)
    {
        CheckPath(to);
        lock (_gate)
        {
            if (!_files.Remove(from, out var content))
            {
                return false;
            }

            _files[to] = content;
        }

        Changed?.Invoke(Directory(from));
        return true;
    }

    private static string Prefix(string directory) => directory.TrimEnd('/') + "/";

    private static string Directory(string path) => path[..path.LastIndexOf('/')];

    private static void CheckPath(string path)
    {
        if (!path.StartsWith('/') || path.EndsWith('/'))
        {
            throw new ArgumentException($"'{path}' is no absolute path of a file.", nameof(path));
        }
    }

    private List<string> Paths(string directory)
    {
        var prefix = Prefix(directory);
        lock (_gate)
        {
            return [.. _files.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal))];
        }
    }
}
