namespace Antrea.Migration.Clusters;

/// <summary>Reads a cluster, live or from files.</summary>
public interface IClusterReader
{
    /// <summary>Reads the cluster as it is now.</summary>
    /// <exception cref="MigrationException">The cluster cannot be reached, or refuses.</exception>
    /// <exception cref="FormatException">What was read is not what it should be (an <see cref="InputException"/>); the message
    /// names file, object and field.</exception>
    Task<ClusterSnapshot> ReadAsync(CancellationToken cancellationToken = default);
}
