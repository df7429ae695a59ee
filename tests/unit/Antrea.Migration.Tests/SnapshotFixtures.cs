using Antrea.Migration.Clusters;

namespace Antrea.Migration.Tests;

/// <summary>Finds the files beside the tests.</summary>
internal static class SnapshotFixtures
{
    /// <summary>The folder of a saved cluster under Fixtures/snapshots.</summary>
    public static string Folder(string name) =>
        Path.Combine(TestContext.CurrentContext.TestDirectory, "Fixtures", "snapshots", name);

    /// <summary>A saved cluster, read.</summary>
    public static Task<ClusterSnapshot> ReadAsync(string name) => new FolderClusterReader(Folder(name)).ReadAsync();

    /// <summary>A snapshot of YAML text, read as files are.</summary>
    public static ClusterSnapshot Read(string yaml) =>
        ClusterSnapshotBuilder.BuildStrict(ObjectReader.Read(yaml, "test.yaml"), []);

    /// <summary>A snapshot of YAML text, with bad values as findings, as a live cluster is read.</summary>
    public static ClusterSnapshot ReadLenient(string yaml) =>
        ClusterSnapshotBuilder.BuildLenient(ObjectReader.Read(yaml, "test.yaml"), []);
}
