using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;

namespace Antrea.Migration.IntegrationTests.Containers;

/// <summary>Containers with a real nginx, for tests that need no more than a Docker engine on this machine.</summary>
/// <remarks>
/// <para>The image is the stand-ins' (eng/standins.sh), which holds Debian's nginx, or nginx's own where none was made. Testcontainers' reaper is
/// an image of its own that many machines cannot pull: everything made here carries the process that made it as a label instead, and what
/// processes left behind that are gone is removed by the next one.</para>
/// <para>Testcontainers speaks a newer version of Docker's API than Debian's engine and does not ask which one it has.</para>
/// </remarks>
internal static class DockerTier
{
    /// <summary>On every container and network: the process that made it, <c>PID.START</c>.</summary>
    public const string OwnerLabel = "antrea-migration.owner";

    private const string PublicImage = "docker.io/library/nginx:1.28-alpine";

    /// <summary>Answers 200 to everything, and logs when it did.</summary>
    private const string ServeScript =
        """
        cat > /tmp/nginx.conf <<'END'
        user root;
        worker_processes 1;
        daemon off;
        pid /tmp/nginx.pid;
        error_log /dev/stderr;
        events { worker_connections 1024; }
        http {
          log_format when "answered $msec";
          access_log /dev/stdout when;
          server { listen 80; location / { return 200 "hello\n"; } }
        }
        END
        exec nginx -c /tmp/nginx.conf
        """;

    private static readonly Lazy<Task> Ready = new(PrepareAsync);

    /// <summary>This process, in the label.</summary>
    public static string Owner { get; } = OwnerOf(Environment.ProcessId) ?? "";

    private static string Image { get; } = Kind.StandInImages.Base is { Length: > 0 } image ? image : PublicImage;

    /// <summary>Skips the test, or fails it where the tier is required, on a machine without an engine of its own.</summary>
    public static async Task RequireAsync()
    {
        await Requires.DockerAsync();
        if (!OperatingSystem.IsLinux())
        {
            throw Requires.Missing("docker", "the tests reach containers by their addresses, as only a Linux machine can");
        }

        await Ready.Value;
    }

    /// <summary>A network for one test.</summary>
    public static async Task<INetwork> CreateNetworkAsync(CancellationToken cancellationToken)
    {
        var network = new NetworkBuilder().WithLabel(OwnerLabel, Owner).Build();
        await network.CreateAsync(cancellationToken);
        return network;
    }

    /// <summary>nginx in a network, answering on port 80.</summary>
    public static Task<IContainer> StartServerAsync(INetwork network, CancellationToken cancellationToken) =>
        StartAsync(network, ServeScript, cancellationToken, Wait.ForUnixContainer().UntilCommandIsCompleted("wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"));

    /// <summary>A container in a network that does nothing but lend its network namespace, and may change its routes.</summary>
    public static Task<IContainer> StartHostAsync(INetwork network, CancellationToken cancellationToken) =>
        StartAsync(network, "exec sleep 2147483647", cancellationToken);

    /// <summary>The container's address in a network.</summary>
    public static Task<string> AddressAsync(IContainer container, INetwork network, CancellationToken cancellationToken) =>
        RunAsync(["inspect", "--format", $"{{{{(index .NetworkSettings.Networks \"{network.Name}\").IPAddress}}}}", container.Id], cancellationToken);

    /// <summary>Runs shell text in a container; a failure fails the test.</summary>
    public static async Task ExecAsync(IContainer container, string script, CancellationToken cancellationToken)
    {
        var result = await container.ExecAsync(["sh", "-ec", script], cancellationToken);
        Assert.That(result.ExitCode, Is.Zero, $"{script}\n{result.Stdout}{result.Stderr}");
    }

    /// <summary>What docker prints, for what Testcontainers has no call.</summary>
    public static async Task<string> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        (await Cli.Wrap("docker").WithArguments(arguments).ExecuteBufferedAsync(cancellationToken)).StandardOutput.Trim();

    /// <summary>All containers and networks that tests have made and not removed, containers first.</summary>
    public static async Task<List<(string Kind, string Id, string Owner)>> ListAsync(CancellationToken cancellationToken)
    {
        List<(string Kind, string Id, string Owner)> found = [];
        foreach (var (kind, list) in ((string, string[])[])[("container", ["container", "ls", "--all"]), ("network", ["network", "ls"])])
        {
            var lines = await RunAsync(
                [.. list, "--filter", $"label={OwnerLabel}", "--format", $"{{{{.ID}}}} {{{{.Label \"{OwnerLabel}\"}}}}"], cancellationToken);
            found.AddRange(lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).Select(l => (kind, l[0], l[1])));
        }

        return found;
    }

    /// <summary>Removes what processes left behind that are gone, containers first.</summary>
    public static async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var (kind, id, _) in (await ListAsync(cancellationToken)).Where(f => !IsAlive(f.Owner)))
        {
            await RunAsync(kind == "container" ? ["rm", "--force", "--volumes", id] : ["network", "rm", id], cancellationToken);
        }
    }

    private static async Task PrepareAsync()
    {
        const string apiVersion = "DOCKER_API_VERSION";
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(apiVersion)))
        {
            Environment.SetEnvironmentVariable(apiVersion, await RunAsync(["version", "--format", "{{.Server.APIVersion}}"], CancellationToken.None));
        }

        TestcontainersSettings.ResourceReaperEnabled = false;
        await SweepAsync(CancellationToken.None);
    }

    private static async Task<IContainer> StartAsync(
        INetwork network, string script, CancellationToken cancellationToken, IWaitForContainerOS? ready = null)
    {
        var container = new ContainerBuilder(Image)
            .WithEntrypoint("sh", "-ec", script)
            .WithNetwork(network)
            .WithLabel(OwnerLabel, Owner)
            .WithWaitStrategy(ready ?? Wait.ForUnixContainer())
            .WithCreateParameterModifier(p =>
            {
                p.HostConfig!.CapAdd = ["NET_ADMIN"];
                p.HostConfig.Sysctls = new Dictionary<string, string> { ["net.ipv4.ip_forward"] = "1" };
                p.StopSignal = "SIGKILL";
            })
            .Build();
        try
        {
            await container.StartAsync(cancellationToken);
            return container;
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }

    /// <summary>A process id is given again; together with the time it started it is not. Null for one that is not there.</summary>
    private static string? OwnerOf(int process)
    {
        try
        {
            // The program's name is in parentheses and may hold anything; the start is the twentieth field after it.
            var text = File.ReadAllText($"/proc/{process}/stat");
            return $"{process}.{text[(text.LastIndexOf(')') + 2)..].Split(' ')[19]}";
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsAlive(string owner) =>
        int.TryParse(owner.Split('.')[0], CultureInfo.InvariantCulture, out var process) && OwnerOf(process) == owner;
}
