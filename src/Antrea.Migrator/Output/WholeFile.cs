namespace Antrea.Migrator.Output;

/// <summary>Writes files that are there whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>Writes beside the file first and moves then; an older file is replaced.</summary>
    public static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        var temporary = path + ".part";
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
}
