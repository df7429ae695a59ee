using System.Text;
using CliWrap;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

/// <summary>kubectl with a kubeconfig and a home of its own.</summary>
internal sealed class Kubectl : IDisposable
{
    private readonly string _path;
    private readonly string _home;

    public Kubectl(string kubeconfig)
    {
        _path = Requires.Kubectl();
        _home = Directory.CreateTempSubdirectory("antrea-migration-kubectl-").FullName;
        File.WriteAllText(ConfigPath, kubeconfig);
    }

    private string ConfigPath => Path.Combine(_home, "config");

    /// <summary>Runs kubectl; the exit code and both outputs come back, and nothing is thrown for a failure.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(string arguments, CancellationToken token, string? input = null)
    {
        var (output, error) = (new StringBuilder(), new StringBuilder());
        var result = await Command(arguments.Split(' '), input)
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(error))
            .ExecuteAsync(token);
        return (result.ExitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs kubectl, which must succeed; its standard output comes back.</summary>
    public async Task<string> OutputAsync(string arguments, CancellationToken token, string? input = null)
    {
        var (code, output, error) = await RunAsync(arguments, token, input);
        Assert.That(code, Is.Zero, $"kubectl {arguments}: {error}");
        return output;
    }

    /// <summary>Runs kubectl and hands on every line of its standard output, until the reader says it has enough.</summary>
    public async Task ReadUntilAsync(string arguments, Func<string, bool> enough, CancellationToken token)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        try
        {
            await Command(arguments.Split(' '), null)
                .WithStandardOutputPipe(PipeTarget.ToDelegate(line =>
                {
                    if (enough(line))
                    {
                        stop.Cancel();
                    }
                }))
                .ExecuteAsync(stop.Token);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            return; // it has seen enough
        }

        Assert.Fail($"kubectl {arguments} ended before the expected line came");
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private Command Command(string[] arguments, string? input) => Cli.Wrap(_path)
        .WithArguments(arguments)
        .WithEnvironmentVariables(variables => variables.Set("KUBECONFIG", ConfigPath).Set("HOME", _home))
        .WithStandardInputPipe(input is null ? PipeSource.Null : PipeSource.FromString(input))
        .WithValidation(CommandResultValidation.None);
}
