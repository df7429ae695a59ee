using System.CommandLine;
using System.Text.Json.Nodes;

namespace Antrea.Migrator.Tests;

/// <summary>One run of the command: what a person sees of it.</summary>
internal sealed record MigratorRun(int ExitCode, string Output, string Error)
{
    public JsonNode Json => JsonNode.Parse(Output)!;

    public IEnumerable<string> Lines => Output.Split('\n').Select(l => l.TrimEnd());

    public static Task<MigratorRun> OfAsync(params string[] args) => OfAsync(CancellationToken.None, args);

    /// <summary>Runs the command and holds it to what goes for every run: nobody is shown a stack trace.</summary>
    public static async Task<MigratorRun> OfAsync(CancellationToken cancellationToken, params string[] args)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exitCode = await MigratorApp.RunAsync(args, output, error, cancellationToken);
        var run = new MigratorRun(exitCode, Plain(output.ToString()), Plain(error.ToString()));
        Assert.That(run.Error, Does.Not.Contain("   at ").And.Not.Contain("Parameter '"), string.Join(' ', args));
        return run;
    }

    /// <summary>Exit code 1, nothing on the standard output, and one message.</summary>
    /// <param name="parts">What the message must name.</param>
    public void VerifyRefused(params string[] parts)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ExitCode, Is.EqualTo(ExitCodes.Error), Error);
            Assert.That(Output, Is.Empty);
            Assert.That(Error.Split('\n').Count(l => l.StartsWith("error: ", StringComparison.Ordinal)), Is.EqualTo(1), Error);
            foreach (var part in parts)
            {
                Assert.That(Error, Does.Contain(part));
            }
        }
    }

    /// <summary>The program that runs these tests is not called antrea-migrator, and help names the program.</summary>
    private static string Plain(string text) =>
        text.ReplaceLineEndings("\n").Replace(RootCommand.ExecutableName, "antrea-migrator", StringComparison.Ordinal);
}
