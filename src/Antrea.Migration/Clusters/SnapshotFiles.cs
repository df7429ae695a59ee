using System.Security;
using System.Text;

namespace Antrea.Migration.Clusters;

/// <summary>Finds and reads the files of a saved cluster.</summary>
internal static class SnapshotFiles
{
    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    private static readonly EnumerationOptions Enumeration = new()
    {
        RecurseSubdirectories = true,
        MaxRecursionDepth = 32,
        IgnoreInaccessible = false,
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
    };

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads all objects of the files and folders; what is wrong is added to <paramref name="errors"/>.</summary>
    public static async Task<List<ClusterObject>> ReadAsync(
        IEnumerable<string> paths, ReadLimits limits, ICollection<InputError> errors, CancellationToken cancellationToken)
    {
        var objects = new List<ClusterObject>();
        foreach (var file in paths.SelectMany(p => Find(p, errors)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await ReadTextAsync(file, limits, errors, cancellationToken).ConfigureAwait(false) is { } text)
            {
                ObjectReader.Read(text, file, limits, objects, errors);
            }
        }

        return objects;
    }

    private static List<string> Find(string path, ICollection<InputError> errors)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            errors.Add(new InputError(path, "there is no such file or folder"));
            return [];
        }

        try
        {
            var files = Directory.EnumerateFiles(path, "*", Enumeration)
                .Where(f => Extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))
                .Order(StringComparer.Ordinal)
                .ToList();
            if (files.Count == 0)
            {
                errors.Add(new InputError(path, "there is no *.yaml, *.yml or *.json file in this folder"));
            }

            return files;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException)
        {
            errors.Add(new InputError(path, $"the folder cannot be read: {e.Message}"));
            return [];
        }
    }

    private static async Task<string?> ReadTextAsync(
        string file, ReadLimits limits, ICollection<InputError> errors, CancellationToken cancellationToken)
    {
        try
        {
            var size = new FileInfo(file).Length;
            if (size > limits.FileBytes)
            {
                errors.Add(new InputError(
                    file, $"the file has {size} bytes, more than the {limits.FileBytes} that are read; split it by kind or Namespace"));
                return null;
            }

            // Windows PowerShell's '>' writes UTF-16 with a mark in front, which the reader recognises.
            using var reader = new StreamReader(file, Utf8, detectEncodingFromByteOrderMarks: true);
            return await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DecoderFallbackException)
        {
            errors.Add(new InputError(file, "the file is not UTF-8 text"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException)
        {
            errors.Add(new InputError(file, $"the file cannot be read: {e.Message}"));
        }

        return null;
    }
}
