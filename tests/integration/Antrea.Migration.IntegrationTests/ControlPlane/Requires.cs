namespace Antrea.Migration.IntegrationTests;

/// <summary>What a test needs from the machine. Missing, it is skipped with the reason, or fails where the environment
/// variable ANTREA_MIGRATION_REQUIRE names the need.</summary>
internal static class Requires
{
    private const string Switch = "ANTREA_MIGRATION_REQUIRE";

    /// <summary>The path of kubectl.</summary>
    public static string Kubectl()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => (string[])[Path.Combine(folder, "kubectl"), Path.Combine(folder, "kubectl.exe")])
            .FirstOrDefault(File.Exists);
        return path ?? throw Missing("kubectl", "kubectl is not on the PATH.");
    }

    /// <summary>What to throw when a need is not met.</summary>
    /// <param name="need">The name that ANTREA_MIGRATION_REQUIRE may contain.</param>
    /// <param name="reason">One sentence.</param>
    public static Exception Missing(string need, string reason)
    {
        var required = (Environment.GetEnvironmentVariable(Switch) ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Contains(need);
        return required
            ? new AssertionException($"{reason} {Switch} names {need}, so this is a failure.")
            : new IgnoreException(reason);
    }
}
