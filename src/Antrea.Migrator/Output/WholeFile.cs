namespace Antrea.Migrator.Output;

/// <summary>Writes files that are there whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>Makes the folder of a file that is written after long work, and tries to write there: that it cannot be should be known before.</summary>
    /// <param name="option">Who names the file.</param>
    /// <param name="path">The file; null for none.</param>
    /// <exception cref="IOException">It is a folder, its folder cannot be made, or nothing can be written there.</exception>
    /// <exception cref="UnauthorizedAccessException">The same for want of leave.</exception>
    public static void Prepare(string option, string? path)
    {
        if (path is null)
        {
            return;
        }

        if (Directory.Exists(path))
        {
            throw new IOException($"{option} {path} is a folder; name a file.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.Create(TemporaryOf(path), 1, FileOptions.DeleteOnClose).Dispose();
    }

    /// <summary>Makes a folder that is written to after long work, and tries to write there.</summary>
    /// <param name="option">Who names the folder.</param>
    /// <param name="path">The folder; null for none.</param>
    /// <exception cref="IOException">It is a file, it cannot be made, or nothing can be written there.</exception>
    /// <exception cref="UnauthorizedAccessException">The same for want of leave.</exception>
    public static void PrepareFolder(string option, string? path)
    {
        if (path is null)
        {
            return;
        }

        if (File.Exists(path))
        {
            throw new IOException($"{option} {path} is a file; name a folder.");
        }

        Prepare(option, Path.Combine(path, "antrea-migration"));
    }

    /// <summary>Writes beside the file first and moves then; an older file is replaced.</summary>
    public static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        var temporary = TemporaryOf(path);
        try
        {
            await File.WriteAllTextAsync(temporary, text, cancellationToken);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }

    private static string TemporaryOf(string path) => path + ".part";
}
