using System.ComponentModel;
using System.Text;
using CliWrap;

namespace Antrea.Migration.Kind;

/// <summary>Runs programs with CliWrap.</summary>
internal sealed class CliWrapToolRunner : IToolRunner
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public async Task<ToolResult> RunAsync(
        ToolCommand command, Action<string>? onErrorLine, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var error = new StringBuilder();
        var errorTarget = PipeTarget.ToStringBuilder(error, Utf8);
        try
        {
            var result = await Cli.Wrap(command.Program)
                .WithArguments(command.Arguments)
                .WithEnvironmentVariables(command.Provider is null ? [] : new Dictionary<string, string?> { ["KIND_EXPERIMENTAL_PROVIDER"] = command.Provider })
                .WithStandardInputPipe(PipeSource.FromString(command.Input, Utf8))
                .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output, Utf8))
                .WithStandardErrorPipe(
                    onErrorLine is null
                        ? errorTarget
                        : PipeTarget.Merge(errorTarget, PipeTarget.ToDelegate(onErrorLine, Utf8)))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancellationToken)
                .ConfigureAwait(false);
            return new ToolResult(result.ExitCode, output.ToString(), error.ToString());
        }
        catch (Win32Exception exception)
        {
            throw new ToolMissingException(command.Program, exception);
        }
    }
}
