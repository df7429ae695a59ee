using System.ComponentModel;
using System.Text;
using Antrea.Migration;
using Antrea.Migration.Execution;
using CliWrap;

namespace Antrea.Migrator.Commands.Nodes;

/// <summary>The Node that this process runs on, by its files: mounted somewhere, as in the node agent's Pod, or <c>/</c>.</summary>
internal sealed class NodeHost(string root)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Runs what <c>exec</c> would bring, and reads as much of its output as would be read there.</summary>
    /// <exception cref="MigrationException">It cannot be started, or prints too much.</exception>
    public async Task<NodeCommandResult> RunAsync(NodeCommand command, CancellationToken cancellationToken)
    {
        var argv = root == "/" ? command.ToArgv() : command.ToArgvIn(root);
        var (output, error) = ("", "");
        MigrationException? tooMuch = null;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var result = await Cli.Wrap(argv[0])
                .WithArguments(argv[1..])
                .WithStandardOutputPipe(Target(text => output = text))
                .WithStandardErrorPipe(Target(text => error = text))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(ending.Token);
            return tooMuch is null ? new NodeCommandResult(result.ExitCode, output, error) : throw tooMuch;
        }
        catch (OperationCanceledException) when (tooMuch is not null)
        {
            throw tooMuch;
        }
        catch (Win32Exception e)
        {
            throw new MigrationException($"{argv[0]} cannot be started: {e.Message}", "Run this on a Node, or in an image that has sh and chroot.", e);
        }

        PipeTarget Target(Action<string> keep) => PipeTarget.Create(async (stream, pipeToken) =>
        {
            using var reader = new StreamReader(stream, Utf8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
            try
            {
                keep(await NodeOutput.ReadAsync(reader, pipeToken));
            }
            catch (MigrationException e)
            {
                // The program may go on printing to nobody.
                tooMuch = e;
                await ending.CancelAsync();
            }
        });
    }
}
