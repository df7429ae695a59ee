using Antrea.Migration.Findings;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindPreflightTests
{
    private static readonly KindClusterOptions Options = new() { Name = "c2a6" };

    private static FakeToolRunner Ready() => new FakeToolRunner()
        .On("docker version", output: "20.10.24\n")
        .On("docker info", output: "/var/lib/docker\n")
        .On("kind version", output: "kind v0.27.0 go1.24 linux/amd64\n")
        .On("kind get clusters", output: "test\n");

    private static string? Roomy(string path) => path switch
    {
        "/proc/sys/fs/inotify/max_user_instances" => "2048\n",
        "/proc/sys/fs/inotify/max_user_watches" => "524288\n",
        "/proc/meminfo" => "MemTotal:       24576000 kB\nMemAvailable:   20480000 kB\n",
        "/proc/modules" => "openvswitch 200704 0 - Live 0x0000000000000000\nip_set 57344 1 xt_set, Live 0x0\n",
        "/proc/sys/kernel/osrelease" => "6.1.0-28-amd64\n",
        "/lib/modules/6.1.0-28-amd64/modules.builtin" => "kernel/net/ipv4/ipip.ko\n",
        "/lib/modules/6.1.0-28-amd64/modules.dep" => "kernel/drivers/net/geneve.ko: kernel/net/ipv4/udp_tunnel.ko\nkernel/net/netfilter/xt_set.ko:\n",
        _ => null,
    };

    [Test]
    public async Task CheckAsync_AMachineWithEverything_FindsNothing() =>
        Assert.That(await new KindPreflight(new KindTool(Ready()), Roomy).CheckAsync(Options), Is.Empty);

    [Test]
    public async Task CheckAsync_WithPodman_AsksPodman()
    {
        var runner = new FakeToolRunner()
            .On("podman info --format '{{.Version.Version}}'", exitCode: 125, error: "Error: cannot connect")
            .On("kind version", output: "kind v0.27.0 go1.24 linux/amd64\n");
        var finding = (await new KindPreflight(new KindTool(runner, KindProvider.Podman), Roomy).CheckAsync(Options)).Single();
        Assert.That((finding.Id, finding.Subject), Is.EqualTo(("podman-unreachable", "podman")));
    }

    [Test]
    public async Task CheckAsync_AMachineWithoutProc_FindsNothingAboutIt() =>
        Assert.That(await new KindPreflight(new KindTool(Ready()), _ => null).CheckAsync(Options), Is.Empty);

    [Test]
    public async Task CheckAsync_DefaultInotifyLimits_AreTooLowForTwentyWorkersOnly()
    {
        static string? Debian(string path) => path switch
        {
            "/proc/sys/fs/inotify/max_user_instances" => "128\n",
            "/proc/sys/fs/inotify/max_user_watches" => "192536\n",
            _ => Roomy(path),
        };
        var preflight = new KindPreflight(new KindTool(Ready()), Debian);
        var twenty = await preflight.CheckAsync(Options);
        var two = await preflight.CheckAsync(Options with { Workers = 2 });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(twenty.Select(finding => (finding.Id, finding.Severity)), Is.EqualTo<(string, Severity)>(
                [("inotify-instances-low", Severity.Blocker), ("inotify-watches-low", Severity.Warning)]));
            Assert.That(twenty[0].Evidence, Is.EqualTo(
                "fs.inotify.max_user_instances is 128, but 252 should be there for this cluster."));
            Assert.That(twenty[0].Remedy, Does.StartWith("sysctl -w fs.inotify.max_user_instances=252 "));
            Assert.That(two.Select(finding => finding.Id), Is.EqualTo<string>(["inotify-watches-low"]));
        }
    }

    [Test]
    public async Task CheckAsync_SeveralThingsMissing_FindsThemAll()
    {
        var runner = new FakeToolRunner()
            .On("docker version", exitCode: 1, error: "Cannot connect to the Docker daemon")
            .On("kind version", () => throw new ToolMissingException("kind", new IOException("No such file or directory")));
        var findings = await new KindPreflight(new KindTool(runner), Roomy).CheckAsync(Options with { Workers = -1 });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(findings.Select(finding => finding.Id), Is.EqualTo<string>(
                ["kind-options-invalid", "docker-unreachable", "kind-missing"]));
            Assert.That(findings.Select(finding => finding.Severity), Is.All.EqualTo(Severity.Blocker));
            Assert.That(findings[1].Evidence, Does
                .Contain("'docker version --format '{{.Server.Version}}'' ended with exit code 1")
                .And.Contain("Cannot connect to the Docker daemon"));
            Assert.That(findings[2].Evidence, Is.EqualTo("'kind' cannot be started: No such file or directory"));
        }
    }

    [Test]
    public async Task CheckAsync_AClusterOfThatName_IsABlocker()
    {
        var findings = await new KindPreflight(new KindTool(Ready()), Roomy).CheckAsync(Options with { Name = "test" });
        Assert.That(findings.Single().Id, Is.EqualTo("kind-cluster-exists"));
    }

    [TestCase(2_000_000, 20, Severity.Warning)]
    [TestCase(1_000_000, 20, Severity.Blocker)]
    [TestCase(2_000_000, 2, null)]
    public async Task CheckAsync_LittleMemory_IsABlockerOnlyWhereNodesCannotBeMade(long kibibytes, int workers, Severity? severity)
    {
        string? Little(string path) => path == "/proc/meminfo" ? $"MemTotal: 1 kB\nMemAvailable:   {kibibytes} kB\n" : Roomy(path);

        var findings = await new KindPreflight(new KindTool(Ready()), Little).CheckAsync(Options with { Workers = workers });

        Assert.That(findings.Select(f => ((string, Severity?))(f.Id, f.Severity)), severity is null ? Is.Empty : Is.EqualTo(new[] { ("memory-low", severity) }));
    }

    [Test]
    public async Task CheckAsync_LittleDisk_NamesWhereDockerKeepsItsContainers()
    {
        var findings = await new KindPreflight(new KindTool(Ready()), Roomy, folder => folder == "/var/lib/docker" ? 7L << 30 : null).CheckAsync(Options);

        Assert.That(findings.Select(f => (f.Id, f.Severity, f.Subject)), Is.EqualTo(new[] { ("disk-low", Severity.Warning, "/var/lib/docker") }));
    }

    [Test]
    public async Task CheckAsync_AKernelWithoutModules_SaysWhoNeedsThem()
    {
        static string? Bare(string path) => path.Contains("modules", StringComparison.Ordinal) ? "" : Roomy(path);

        var findings = await new KindPreflight(new KindTool(Ready()), Bare).CheckAsync(Options);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(findings.Single().Id, Is.EqualTo("kernel-module-missing"));
            Assert.That(findings[0].Evidence, Does.Contain("ipip (Calico's IP-in-IP tunnels)").And.Contain("geneve (Antrea's tunnels)"));
        }
    }
}
