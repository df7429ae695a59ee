using System.Text;

namespace Antrea.Migrator.Tests.Commands;

public class LabUpTests
{
    private const string Export = "export KUBECONFIG=";

    [Test]
    public async Task It_lives_until_it_is_interrupted()
    {
        using var interrupt = new CancellationTokenSource();
        await using var output = new LineWriter();
        await using var error = new StringWriter();
        var running = MigratorApp.RunAsync(["lab", "up", "c2a0", "--workers", "1"], output, error, interrupt.Token);
        await Task.WhenAny(output.FirstLine, running);
        Assert.That(output.FirstLine.IsCompleted, error.ToString());
        var line = await output.FirstLine;
        Assert.That(line, Does.StartWith(Export));
        var kubeconfig = line[Export.Length..];
        var status = await MigratorRun.OfAsync("check", "--kubeconfig", kubeconfig);
        Assert.That(status.Output, Does.StartWith("Scenario Simple, 2 Nodes"), status.Error);
        await interrupt.CancelAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await running, Is.EqualTo(ExitCodes.Success));
            Assert.That(error.ToString(), Is.Empty);
            Assert.That(File.Exists(kubeconfig), Is.False, "the kubeconfig goes with the cluster");
        }
    }

    [Test]
    public async Task Dual_stack_gives_Nodes_a_PodCIDR_of_each_family()
    {
        using var interrupt = new CancellationTokenSource();
        await using var output = new LineWriter();
        await using var error = new StringWriter();
        var running = MigratorApp.RunAsync(["lab", "up", "c2a0", "--workers", "1", "--ip-family", "dual"], output, error, interrupt.Token);
        await Task.WhenAny(output.FirstLine, running);
        Assert.That(output.FirstLine.IsCompleted, error.ToString());
        using var folder = new TemporaryFolder();
        var snapshot = await MigratorRun.OfAsync("snapshot", "--kubeconfig", (await output.FirstLine)[Export.Length..], "--to", folder.At("snapshot"));
        await interrupt.CancelAsync();
        Assert.That(await running, Is.EqualTo(ExitCodes.Success));
        Assert.That(snapshot.ExitCode, Is.EqualTo(ExitCodes.Success), snapshot.Error);
        var text = string.Concat(Directory.GetFiles(folder.At("snapshot")).Select(File.ReadAllText));
        Assert.That(text, Does.Contain("fd00:10:10:1::/64").And.Contain("fd00:10:20::/64").And.Contain("10.10.1.0/24"));
    }

    [Test]
    public async Task IPv6_is_refused_with_a_real_control_plane([Values("dual", "ipv6")] string family) =>
        (await MigratorRun.OfAsync("lab", "up", "c2a0", "--control-plane", "real", "--ip-family", family)).VerifyRefused($"--ip-family {family}");

    [Test]
    public async Task Another_terminal_plans_by_the_manifests_it_writes()
    {
        using var interrupt = new CancellationTokenSource();
        await using var output = new LineWriter();
        await using var error = new StringWriter();
        using var folder = new TemporaryFolder();
        var running = MigratorApp.RunAsync(
            ["lab", "up", "c2a0", "--workers", "1", "--ip-family", "ipv6", "--antrea-encap", "noEncap", "--manifests", folder.At("lab")], output, error, interrupt.Token);
        await Task.WhenAny(output.SecondLine, running);
        Assert.That(output.SecondLine.IsCompleted, error.ToString());
        var options = (await output.SecondLine).Split(' ').SkipWhile(word => word != "--antrea-manifest").ToArray();

        var plan = await MigratorRun.OfAsync(["plan", "--kubeconfig", (await output.FirstLine)[Export.Length..], .. options]);

        await interrupt.CancelAsync();
        Assert.That(await running, Is.EqualTo(ExitCodes.Success));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(options, Has.Length.EqualTo(6));
            Assert.That(await File.ReadAllTextAsync(folder.At("lab/antrea.yml")), Does.Contain("trafficEncapMode: noEncap"));
            Assert.That((plan.ExitCode, plan.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(plan.Output, Does.Contain("Simple, 2 Nodes"));
        }
    }

    [Test]
    public async Task A_file_that_is_there_is_not_overwritten()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("config", "mine");
        var run = await MigratorRun.OfAsync("lab", "up", "c2a0", "--workers", "1", "--kubeconfig", file);
        run.VerifyRefused(file);
        Assert.That(await File.ReadAllTextAsync(file), Is.EqualTo("mine"));
    }

    [Test]
    public async Task Interrupted_before_it_is_up_it_says_so()
    {
        using var interrupt = new CancellationTokenSource();
        await interrupt.CancelAsync();
        var run = await MigratorRun.OfAsync(interrupt.Token, "check", "--lab", "c2a0", "--workers", "1");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Interrupted, "Interrupted.\n")));
    }

    /// <summary>Tells when the first two lines are complete.</summary>
    private sealed class LineWriter : StringWriter
    {
        private readonly TaskCompletionSource<string> _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly TaskCompletionSource<string> _secondLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> FirstLine => _firstLine.Task;

        public Task<string> SecondLine => _secondLine.Task;

        public override Encoding Encoding => Encoding.UTF8;

        public override async Task WriteLineAsync(string? value)
        {
            await base.WriteLineAsync(value);
            _ = _firstLine.TrySetResult(value ?? "") || _secondLine.TrySetResult(value ?? "");
        }
    }
}
