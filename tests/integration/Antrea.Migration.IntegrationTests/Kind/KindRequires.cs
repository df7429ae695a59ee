using Antrea.Migration.Execution;
using Antrea.Migration.Kind;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>What the tests here need of the machine: without it they are skipped with the reason, or fail where
/// <c>ANTREA_MIGRATION_REQUIRE</c> (a list such as <c>docker,kind</c>) says that it must be there.</summary>
internal static class KindRequires
{
    /// <summary>A Docker engine that answers.</summary>
    public static Task DockerAsync() => TryAsync("docker", new KindTool().GetDockerVersionAsync);

    /// <summary>The program kind.</summary>
    public static Task KindAsync() => TryAsync("kind", new KindTool().GetKindVersionAsync);

    private static async Task TryAsync(string need, Func<CancellationToken, Task<string>> ask)
    {
        try
        {
            await ask(CancellationToken.None);
        }
        catch (MigrationException exception)
        {
            var required = Environment.GetEnvironmentVariable("ANTREA_MIGRATION_REQUIRE") ?? "";
            if (required.Split(',', StringSplitOptions.TrimEntries).Contains(need, StringComparer.OrdinalIgnoreCase))
            {
                throw new AssertionException($"ANTREA_MIGRATION_REQUIRE names {need}, but: {exception.Message}");
            }

            throw new IgnoreException($"needs {need}: {exception.Message}");
        }
    }
}
