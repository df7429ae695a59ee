using Antrea.Migration.Execution;
using Antrea.Migration.Kind;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.IntegrationTests;

/// <summary>What a test needs beyond the SDK. Missing: skipped with the reason, or failed where the tier is required.</summary>
/// <remarks>The environment variable ANTREA_MIGRATION_REQUIRE lists the tiers whose absence is a failure, for example <c>kubectl,kernel</c>.</remarks>
internal static class Requires
{
    private const string Switch = "ANTREA_MIGRATION_REQUIRE";

    private static readonly Lazy<Task<string?>> FabricObstacle = new(() => KernelFabric.FindObstacleAsync(CancellationToken.None));

    /// <summary>The path of kubectl.</summary>
    public static string Kubectl() => Program("kubectl", "kubectl");

    /// <summary>Network namespaces and netfilter: Linux, root.</summary>
    public static void Kernel()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            throw Missing("kernel", "network namespaces need Linux and root");
        }

        Program("kernel", "ip");
        Program("kernel", "iptables-nft");
        Program("kernel", "unshare");
    }

    /// <summary>Network namespaces, tunnels and netfilter of the lab's own making, as the kernel fabric needs them.</summary>
    public static async Task KernelFabricAsync(CancellationToken cancellationToken)
    {
        if (await FabricObstacle.Value.WaitAsync(cancellationToken) is { } obstacle)
        {
            throw Missing("kernel", obstacle);
        }
    }

    /// <summary>The folder of a real control plane's programs.</summary>
    public static string ControlPlane()
    {
        const string Variable = "KUBEBUILDER_ASSETS";
        string[] programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
        return Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder
            ? throw Missing("controlplane", $"{Variable} is not set; eng/kubernetes.sh builds the programs and prints their folder")
            : programs.FirstOrDefault(p => !File.Exists(Path.Combine(folder, p))) is { } missing
                ? throw Missing("controlplane", $"{Variable} {folder} has no {missing}")
                : folder;
    }

    /// <summary>A Docker engine that answers.</summary>
    public static Task DockerAsync() => AnswerAsync("docker", new KindTool().GetEngineVersionAsync);

    /// <summary>The program kind.</summary>
    public static Task KindAsync() => AnswerAsync("kind", new KindTool().GetKindVersionAsync);

    /// <summary>Minutes of work, which only a run does that asks for it: <c>ANTREA_MIGRATION_REQUIRE=long</c>.</summary>
    public static void LongRun() => Asked("long", "Takes minutes");

    /// <summary>A program that a tier has where it is complete.</summary>
    public static void Tool(string tier, string program) => Program(tier, program);

    /// <summary>Whether a program is there, for a part of a test that can do without.</summary>
    public static bool HasProgram(string program) => Find(program) is not null;

    private static string Program(string tier, string program) => Find(program) ?? throw Missing(tier, $"{program} is not on the PATH");

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/sbin", "/sbin"])
        .SelectMany(folder => (string[])[Path.Combine(folder, program), Path.Combine(folder, program + ".exe")])
        .FirstOrDefault(File.Exists);

    private static async Task AnswerAsync(string tier, Func<CancellationToken, Task<string>> ask)
    {
        try
        {
            await ask(CancellationToken.None);
        }
        catch (MigrationException e)
        {
            throw Missing(tier, e.Message);
        }
    }

    /// <summary>Skips what no run does by itself, unless the switch names it.</summary>
    public static void Asked(string name, string reason)
    {
        if (!IsNamed(name))
        {
            throw new IgnoreException($"{reason}; {Switch}={name} runs it.");
        }
    }

    /// <summary>Skips, or fails when the tier is required; to be thrown.</summary>
    public static Exception Missing(string tier, string reason) =>
        IsNamed(tier)
            ? new AssertionException($"{Switch} names {tier}, but: {reason}.")
            : new IgnoreException($"Needs {tier}: {reason}.");

    private static bool IsNamed(string tier) =>
        (Environment.GetEnvironmentVariable(Switch) ?? "")
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Contains(tier, StringComparer.OrdinalIgnoreCase);
}
