using Antrea.Migration.Execution;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

/// <summary>Real processes: a POSIX shell stands in for the tools.</summary>
[Platform(Exclude = "Win", Reason = "The stand-in for kind and docker is a POSIX shell.")]
public class CliWrapToolRunnerTests
{
    private static ToolCommand Shell(string script, string input = "") => new("sh", ["-c", script], input);

    [Test]
    public async Task RunAsync_ACommand_HasItsOutputsExitCodeAndInput()
    {
        List<string> lines = [];
        var result = await new CliWrapToolRunner().RunAsync(
            Shell("cat; echo 'ä 1' >&2; echo 2 >&2; exit 3", "ünïcode\n"), lines.Add, CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result, Is.EqualTo(new ToolResult(3, "ünïcode\n", "ä 1\n2\n")));
            Assert.That(lines, Is.EqualTo<string>(["ä 1", "2"]));
        }
    }

    [Test]
    public async Task RunAsync_WithoutInput_GivesTheProgramAnEndAtOnce() =>
        Assert.That(
            (await new CliWrapToolRunner().RunAsync(Shell("cat; echo end"), null, CancellationToken.None)).Output,
            Is.EqualTo("end\n"));

    [Test]
    public async Task RunAsync_WithAProvider_TellsTheProgramWhateverIsSetAroundIt() =>
        Assert.That(
            (await new CliWrapToolRunner().RunAsync(
                Shell("echo $KIND_EXPERIMENTAL_PROVIDER") with { Provider = "podman" }, null, CancellationToken.None)).Output,
            Is.EqualTo("podman\n"));

    [Test]
    public async Task RunAsync_Cancelled_KillsTheProgram()
    {
        using var cancellation = new CancellationTokenSource();
        var running = new CliWrapToolRunner().RunAsync(
            Shell("echo ready >&2; while :; do :; done"), _ => cancellation.Cancel(), cancellation.Token);
        var exception = await Assert.CatchAsync<OperationCanceledException>(() => running);
        Assert.That(exception!.CancellationToken, Is.EqualTo(cancellation.Token));
    }

    [Test]
    public void GetKindVersionAsync_WithoutKind_SaysWhatIsMissingAndWhatToDo() =>
        Assert.That(
            () => new KindTool(kind: "no-such-program-kind").GetKindVersionAsync(),
            Throws.InstanceOf<MigrationException>().With.Message.Contains("'no-such-program-kind' cannot be started")
                .And.Property(nameof(MigrationException.Next)).EqualTo("Install no-such-program-kind, or give its path."));
}
