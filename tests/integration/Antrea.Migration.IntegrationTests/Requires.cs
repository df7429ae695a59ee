namespace Antrea.Migration.IntegrationTests;

/// <summary>What a test needs beyond the SDK. Missing: skipped with the reason, or failed where the tier is required.</summary>
/// <remarks>The environment variable ANTREA_MIGRATION_REQUIRE lists the tiers whose absence is a failure, for example <c>kubectl,kernel</c>.</remarks>
internal static class Requires
{
    /// <summary>Network namespaces and iptables: Linux, root.</summary>
    public static void Kernel()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            Missing("kernel", "network namespaces need Linux and root");
        }

        Program("kernel", "ip");
        Program("kernel", "iptables");
        Program("kernel", "unshare");
    }

    /// <summary>Skips, or fails when <paramref name="tier"/> is required, unless <paramref name="program"/> is on the PATH.</summary>
    public static void Program(string tier, string program)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Concat(["/usr/sbin", "/sbin"])
            .Any(folder => File.Exists(Path.Combine(folder, program)));
        if (!found)
        {
            Missing(tier, $"{program} is not installed");
        }
    }

    /// <summary>Skips with the reason, or fails when <paramref name="tier"/> is required.</summary>
    public static void Missing(string tier, string reason)
    {
        var required = (Environment.GetEnvironmentVariable("ANTREA_MIGRATION_REQUIRE") ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (required.Contains(tier))
        {
            throw new AssertionException($"Tier '{tier}' is required here (ANTREA_MIGRATION_REQUIRE): {reason}.");
        }

        throw new IgnoreException($"Needs tier '{tier}': {reason}.");
    }
}
