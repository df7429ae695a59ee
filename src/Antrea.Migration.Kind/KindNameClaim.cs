namespace Antrea.Migration.Kind;

/// <summary>A cluster's name, held by one process of this machine until it is disposed or the process ends.</summary>
/// <remarks>Two that create a cluster of the same name at once both find none; kind then fails one of them and deletes every Node of that name.</remarks>
internal sealed class KindNameClaim : IDisposable
{
    private readonly FileStream _file;

    private KindNameClaim(FileStream file) => _file = file;

    /// <summary>Claims a name; <see langword="null"/> when it is held already.</summary>
    public static KindNameClaim? Try(string name)
    {
        var path = Path.Combine(Path.GetTempPath(), $"antrea-migration-kind-{name}.claim");
        try
        {
            return new KindNameClaim(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && File.Exists(path))
        {
            return null; // Locked, or another user's.
        }
    }

    public void Dispose() => _file.Dispose();
}
