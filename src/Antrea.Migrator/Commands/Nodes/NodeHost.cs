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
        try
        {
            var result = await Cli.Wrap(argv[0])
                .WithArguments(argv[1..])
                .WithStandardOutputPipe(Target(text => output = text))
                .WithStandardErrorPipe(Target(text => error = text))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancellationToken);
            return new NodeCommandResult(result.ExitCode, output, error);
        }
        catch (Win32Exception e)
        {
            throw new MigrationException($"{argv[0]} cannot be started: {e.Message}", "Run this on a Node, or in an image that has sh and chroot.", e);
        }
    }

    private static PipeTarget Target(Action<string> keep) => PipeTarget.Create(async (stream, cancellationToken) =>
    {
        using var reader = new StreamReader(stream, Utf8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        keep(await NodeOutput.ReadAsync(reader, cancellationToken));
    });
}
