using Antrea.Migration.Tests.House;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Containers;

/// <summary>The node agent's image as eng/node-agent.sh makes it, from the node image of eng/kind.sh where there is one, which has all that a Node has.</summary>
internal static class NodeAgentImage
{
    private const string Variable = "ANTREA_MIGRATION_KIND_IMAGE";

    /// <summary>Its name; of this process alone.</summary>
    public static string Tag { get; } = $"antrea-migration-test/node-agent:{Environment.ProcessId}";

    /// <summary>Makes it.</summary>
    public static async Task MakeAsync(CancellationToken cancellationToken)
    {
        string[] bases = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } local ? ["--base", local, "--busybox", local] : [];
        var scratch = Directory.CreateTempSubdirectory("node-agent-image-"); // What NuGet and MSBuild leave in the folder for temporary files goes with it.
        try
        {
            var result = await Cli.Wrap(Repository.At("eng/node-agent.sh")).WithArguments([Tag, .. bases])
                .WithEnvironmentVariables(new Dictionary<string, string?> { ["TMPDIR"] = scratch.FullName })
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);
            Assert.That(result.ExitCode, Is.Zero, result.StandardOutput + result.StandardError);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>Starts a container of it; the caller disposes of it, and the container is gone.</summary>
    /// <param name="arguments">What <c>docker run</c> is told beside the image.</param>
    /// <param name="command">What runs in it; the image's own when empty.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<Running> StartAsync(string[] arguments, string[] command, CancellationToken cancellationToken) => new(
        await DockerTier.RunAsync(["run", "--detach", "--label", $"{DockerTier.OwnerLabel}={DockerTier.Owner}", .. arguments, Tag, .. command], cancellationToken));

    /// <summary>Removes the image; none is fine.</summary>
    public static async Task RemoveAsync(CancellationToken cancellationToken) => await Cli.Wrap("docker").WithArguments(["image", "rm", "--force", Tag])
        .WithValidation(CommandResultValidation.None).ExecuteAsync(cancellationToken);

    /// <summary>A container.</summary>
    internal sealed class Running(string id) : IAsyncDisposable
    {
        /// <summary>Runs a program in it, as <c>exec</c> would.</summary>
        public Task<BufferedCommandResult> ExecAsync(IEnumerable<string> argv, CancellationToken cancellationToken) => ExecAsync("", argv, cancellationToken);

        /// <summary>The same with something on its standard input.</summary>
        public async Task<BufferedCommandResult> ExecAsync(string input, IEnumerable<string> argv, CancellationToken cancellationToken) =>
            await Cli.Wrap("docker").WithArguments(["exec", "--interactive", id, .. argv]).WithStandardInputPipe(PipeSource.FromString(input))
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);

        /// <summary>Runs a verb of <c>antrea-migrator node</c> on the container as if it were a Node.</summary>
        public Task<BufferedCommandResult> NodeAsync(string arguments, CancellationToken cancellationToken) =>
            ExecAsync(["antrea-migrator", "node", .. arguments.Split(' '), "--host", "/"], cancellationToken);

        public async ValueTask DisposeAsync() => await DockerTier.RunAsync(["rm", "--force", "--volumes", id], CancellationToken.None);
    }
}
