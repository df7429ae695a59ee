namespace Antrea.Migration.Clusters;

/// <summary>How much input a reader takes before it refuses, so that no file can exhaust memory or stack.</summary>
/// <param name="FileBytes">The size of one file, in bytes.</param>
/// <param name="DocumentCharacters">The length of one document, in characters.</param>
/// <param name="Depth">How deep mappings and sequences may nest.</param>
/// <param name="AliasNodes">How many values all aliases of one document may stand for together.</param>
internal sealed record ReadLimits(long FileBytes, int DocumentCharacters, int Depth, int AliasNodes)
{
    /// <summary>512 MiB a file, 64 Mi characters a document, 100 levels, 100,000 values behind aliases.</summary>
    public static ReadLimits Default { get; } = new(512L << 20, 64 << 20, 100, 100_000);
}
