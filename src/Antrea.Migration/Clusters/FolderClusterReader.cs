using System.Collections.Immutable;

namespace Antrea.Migration.Clusters;

/// <summary>Reads a cluster from files and folders of YAML or JSON, as <c>kubectl get … -o yaml</c> prints it or <see cref="SnapshotWriter"/> writes it.</summary>
/// <remarks>
/// <para><b>Shape.</b> Folders are read with everything below them: files named *.yaml, *.yml or *.json, in ordinal
/// order of their paths; hidden ones are left out. A file given by name is read whatever its name. When the same object
/// comes twice, the last one counts and a finding says so. Secrets are dropped unread.</para>
/// <para><b>Errors.</b> All files are read before anything is reported, so one run names everything that is wrong: text
/// that is no YAML, objects without a name, addresses and ranges that make no sense.</para>
/// </remarks>
public sealed class FolderClusterReader : IClusterReader
{
    private readonly ImmutableArray<string> _paths;

    /// <summary>Reads from the given places.</summary>
    /// <param name="paths">Files and folders, at least one.</param>
    /// <exception cref="ArgumentException">There is no path, or an empty one.</exception>
    public FolderClusterReader(params IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _paths = [.. paths];
        if (_paths.IsEmpty || _paths.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("At least one file or folder is needed, and none may be empty.", nameof(paths));
        }
    }

    /// <inheritdoc/>
    public async Task<ClusterSnapshot> ReadAsync(CancellationToken cancellationToken = default)
    {
        var errors = new List<InputError>();
        var objects = await SnapshotFiles.ReadAsync(_paths, ReadLimits.Default, errors, cancellationToken).ConfigureAwait(false);
        var bad = new List<BadValue>();
        var snapshot = ClusterSnapshotBuilder.Build(objects, [], bad);
        errors.AddRange(bad.Select(b => b.ToError()));
        if (errors.Count == 0 && objects.Count == 0)
        {
            errors.Add(new InputError(string.Join(", ", _paths), "there is no Kubernetes object in it"));
        }

        return errors.Count == 0 ? snapshot : throw new InputException(errors);
    }
}
