namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>Names that say which test process a cluster is of.</summary>
internal static class RunName
{
    private static readonly string Prefix = $"am-{Environment.ProcessId}-";

    /// <summary>A name of this process alone.</summary>
    public static string New() => $"{Prefix}{Guid.NewGuid().ToString("N")[..6]}";

    /// <summary>Whether it is one of those.</summary>
    public static bool IsOfThisProcess(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether the process is gone that made the name; its clusters are nobody's any more.</summary>
    public static bool IsOrphan(string name) =>
        name.Split('-') is ["am", var process, _, ..] && int.TryParse(process, out _) && !Directory.Exists($"/proc/{process}");
}
