namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>Names that say which test process a cluster is of.</summary>
internal static class RunName
{
    /// <summary>A name of this process alone.</summary>
    public static string New() => $"am-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}";

    /// <summary>Whether the process is gone that made the name; its clusters are nobody's any more.</summary>
    public static bool IsOrphan(string name) =>
        name.Split('-') is ["am", var process, _, ..] && int.TryParse(process, out _) && !Directory.Exists($"/proc/{process}");
}
