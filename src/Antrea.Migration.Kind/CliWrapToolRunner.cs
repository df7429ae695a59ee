using System.ComponentModel;
using System.Text;
using CliWrap;

namespace Antrea.Migration.Kind;

/// <summary>Runs programs with CliWrap.</summary>
internal sealed class CliWrapToolRunner : IToolRunner
{
    public async Task<ToolResult> RunAsync(
        ToolCommand command, Action<string>? onErrorLine, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var error = new StringBuilder();
        var errorTarget = PipeTarget.ToStringBuilder(error, Encoding.UTF8);
        try
        {
            var result = await Cli.Wrap(command.Program)
                .WithArguments(command.Arguments)
                .WithStandardInputPipe(PipeSource.FromString(command.Input, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
                .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output, Encoding.UTF8))
                .WithStandardErrorPipe(
                    onErrorLine is null
                        ? errorTarget
                        : PipeTarget.Merge(errorTarget, PipeTarget.ToDelegate(onErrorLine, Encoding.UTF8)))
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
