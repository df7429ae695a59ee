using System.Text;

namespace Antrea.Migration.Clusters;

/// <summary>Saves a cluster's objects to a folder that <see cref="FolderClusterReader"/> reads back for the same analysis.</summary>
/// <remarks>
/// <para><b>Shape.</b> One file a kind, <c>KIND.GROUP.yaml</c> in lower case, the objects in it sorted by Namespace and name:
/// the same cluster gives the same files, and two snapshots can be compared with <c>diff</c>.</para>
/// <para><b>Left out.</b> Secrets and unrelated ConfigMaps entirely; from Pods and workloads environment values, commands,
/// arguments and foreign annotations; last-applied-configuration, managedFields, CA bundles. Names, labels, addresses,
/// images and policies stay: look at the folder before you hand it on.</para>
/// </remarks>
public static class SnapshotWriter
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes the snapshot.</summary>
    /// <param name="snapshot">What to save.</param>
    /// <param name="directory">The folder; made when it does not exist, and refused when there is anything in it.</param>
    /// <param name="cancellationToken">Ends the writing; what is written stays.</param>
    /// <returns>The paths of the files, sorted.</returns>
    /// <exception cref="IOException">The folder is not empty, is a file, or cannot be written.</exception>
    public static async Task<IReadOnlyList<string>> WriteAsync(
        ClusterSnapshot snapshot, string directory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new IOException($"'{directory}' is not an empty folder; a snapshot is not mixed with other files.");
        }

        Directory.CreateDirectory(directory);
        var files = new List<string>();
        foreach (var kind in snapshot.Objects
            .GroupBy(FileNameOf)
            .OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var objects = kind
                .OrderBy(o => o.Kind, StringComparer.Ordinal)
                .ThenBy(o => o.Namespace, StringComparer.Ordinal)
                .ThenBy(o => o.Name, StringComparer.Ordinal)
                .Select(SnapshotRedaction.Redact)
                .Where(o => o is not null)
                .ToList();
            if (objects.Count == 0)
            {
                continue;
            }

            var file = Path.Combine(directory, kind.Key);
            files.Add(file);
            var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true);
            await using (stream.ConfigureAwait(false))
            {
                foreach (var obj in objects)
                {
                    using var text = new StringWriter();
                    ObjectYaml.WriteDocument(text, obj);
                    await stream.WriteAsync(Utf8.GetBytes(text.ToString()), cancellationToken).ConfigureAwait(false);
                }
            }
        }

        return files;
    }

    // A kind comes from the input and may be any text: nothing of it may lead out of the folder.
    private static string FileNameOf(ClusterObject obj) =>
        string.Concat((obj.Group.Length == 0 ? obj.Kind : $"{obj.Kind}.{obj.Group}")
            .Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? char.ToLowerInvariant(c) : '_')
            .SkipWhile(c => c == '.'))
        + ".yaml";
}
