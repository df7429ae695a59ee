using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>A private temporary folder with everything one control plane writes: keys, etcd's data, logs, process ids.</summary>
/// <remarks>Its owner holds a lock on it. A folder nobody holds is left over from a crash: <see cref="SweepAsync"/> ends the
/// processes noted in it, each only if it still names the folder on its command line, and deletes the folder.</remarks>
internal sealed class ControlPlaneFolder : IDisposable
{
    private const string Prefix = "antrea-migration-control-plane-";
    private const string LockName = "lock";
    private const string ProcessesName = "processes";

    private readonly FileStream _lock;

    private ControlPlaneFolder(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    public string Path { get; }

    /// <summary>Makes a folder that only this user can look into.</summary>
    public static ControlPlaneFolder Create()
    {
        var path = Directory.CreateTempSubdirectory(Prefix).FullName;
        return new ControlPlaneFolder(path, new FileStream(System.IO.Path.Combine(path, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
    }

    /// <summary>Ends and removes what earlier control planes left behind that were not disposed.</summary>
    public static async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var path in Directory.GetDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            try
            {
                // Held for the sweep, so that two sweeps do not meet in one folder.
                await using var held = new FileStream(System.IO.Path.Combine(path, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                await EndProcessesAsync(path, cancellationToken).ConfigureAwait(false);
                Directory.Delete(path, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, being made or removed right now, or somebody else's.
            }
        }
    }

    /// <summary>Where a file of this folder is.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file that only this user can read; returns its path.</summary>
    public string Write(string name, string text)
    {
        var path = File(name);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(text);
        return path;
    }

    /// <summary>Notes a process that must not outlive the folder.</summary>
    public void Note(int processId) =>
        System.IO.File.AppendAllText(File(ProcessesName), processId.ToString(CultureInfo.InvariantCulture) + "\n");

    /// <summary>Deletes everything but the logs; the folder stays with them.</summary>
    public void KeepLogs()
    {
        foreach (var directory in Directory.GetDirectories(Path))
        {
            Directory.Delete(directory, recursive: true);
        }

        foreach (var file in Directory.GetFiles(Path).Where(f => !f.EndsWith(".log", StringComparison.Ordinal)))
        {
            System.IO.File.Delete(file);
        }

        _lock.Dispose();
    }

    /// <summary>Leaves everything as it is, as a crash does.</summary>
    public void Abandon() => _lock.Dispose();

    public void Dispose()
    {
        _lock.Dispose();
        Directory.Delete(Path, recursive: true);
    }

    private static async Task EndProcessesAsync(string path, CancellationToken cancellationToken)
    {
        var noted = System.IO.Path.Combine(path, ProcessesName);
        foreach (var line in System.IO.File.Exists(noted) ? await System.IO.File.ReadAllLinesAsync(noted, cancellationToken).ConfigureAwait(false) : [])
        {
            if (!int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !Names(id, path))
            {
                continue;
            }

            try
            {
                using var process = Process.GetProcessById(id);
                process.Kill();
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
            {
                // It ended meanwhile.
            }
        }
    }

    /// <summary>Whether a running process has the folder on its command line. Only Linux tells; elsewhere nothing is ended.</summary>
    private static bool Names(int processId, string path)
    {
        try
        {
            return System.IO.File.ReadAllText($"/proc/{processId}/cmdline").Contains(path, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
