using Antrea.Migration.Findings;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindPreflightTests
{
    private static readonly KindClusterOptions Options = new() { Name = "c2a6" };

    private static FakeToolRunner Ready() => new FakeToolRunner()
        .On("docker version", output: "20.10.24\n")
        .On("kind version", output: "kind v0.27.0 go1.24 linux/amd64\n")
        .On("kind get clusters", output: "test\n");

    private static string? Roomy(string path) => path switch
    {
        "/proc/sys/fs/inotify/max_user_instances" => "2048\n",
        "/proc/sys/fs/inotify/max_user_watches" => "524288\n",
        _ => null,
    };

    [Test]
    public async Task CheckAsync_AMachineWithEverything_FindsNothing() =>
        Assert.That(await new KindPreflight(new KindTool(Ready()), Roomy).CheckAsync(Options), Is.Empty);

    [Test]
    public async Task CheckAsync_AMachineWithoutProc_FindsNothingAboutIt() =>
        Assert.That(await new KindPreflight(new KindTool(Ready()), _ => null).CheckAsync(Options), Is.Empty);

    [Test]
    public async Task CheckAsync_DefaultInotifyLimits_AreTooLowForTwentyWorkersOnly()
    {
        static string? Debian(string path) =>
            path.EndsWith("max_user_instances", StringComparison.Ordinal) ? "128\n" : "192536\n";
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
}
