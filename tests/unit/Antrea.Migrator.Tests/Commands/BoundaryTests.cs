namespace Antrea.Migrator.Tests.Commands;

/// <summary>What leaves the command when something breaks that no verb knows of, or when somebody interrupts it.</summary>
public class BoundaryTests
{
    [Test]
    public async Task What_nobody_foresaw_is_one_message_and_exit_code_1()
    {
        var closed = new StringWriter();
        await closed.DisposeAsync();
        await using var error = new StringWriter();
        var exitCode = await MigratorApp.RunAsync(["requirements", "-o", "json"], closed, error, CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.EqualTo(ExitCodes.Error));
            Assert.That(error.ToString(), Does.StartWith("error: ObjectDisposedException: ").And.Contain("\n  next: ").And.Contain("ANTREA_MIGRATOR_TRACE=1"));
            Assert.That(error.ToString(), Does.Not.Contain("   at "));
        }
    }

    [Test]
    public async Task A_migration_that_is_interrupted_says_how_to_go_on_and_what_its_traffic_met()
    {
        using var folder = new TemporaryFolder();
        using var interrupt = new CancellationTokenSource();
        await using var output = new TriggerWriter("── Bridge", interrupt);
        await using var error = new StringWriter();
        var exitCode = await MigratorApp.RunAsync(
            ["migrate", "--lab", "c2a0", "--workers", "1", "-c", "1", "-n", "1", "--interval", "1", "--report", folder.At("report.json"), "--timeline", folder.At("timeline.svg")],
            output,
            error,
            interrupt.Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.EqualTo(ExitCodes.Interrupted), output.ToString());
            Assert.That(error.ToString(), Does.StartWith("Interrupted.").And.Contain("run the command again to go on"));
            Assert.That(output.ToString(), Does.Not.Contain("── InstallAntrea"));
            Assert.That(output.ToString(), Does.Contain("── Interrupted ─").And.Contain("   Traffic   default/client → nginx-origin: "));
            Assert.That(File.ReadAllText(folder.At("report.json")), Does.Contain("\"result\": \"Interrupted\"").And.Contain("\"destination\": \"nginx-origin\""));
            Assert.That(File.ReadAllText(folder.At("timeline.svg")), Does.Contain("Phase Bridge from "));
        }
    }

    /// <summary>Interrupts when a line with this text is printed.</summary>
    private sealed class TriggerWriter(string text, CancellationTokenSource interrupt) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.StartsWith(text, StringComparison.Ordinal) == true)
            {
                interrupt.Cancel();
            }
        }
    }
}
