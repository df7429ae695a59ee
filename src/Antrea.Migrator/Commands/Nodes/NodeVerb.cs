using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Execution;

namespace Antrea.Migrator.Commands.Nodes;

/// <summary>Makes verbs of the library's commands for Nodes.</summary>
internal sealed class NodeVerb(TextWriter output)
{
    /// <summary>A verb that changes nothing and prints what the Node says.</summary>
    /// <param name="name">The verb.</param>
    /// <param name="description">Its help.</param>
    /// <param name="read">The command for a command line.</param>
    /// <param name="symbols">Its arguments and options.</param>
    public Command Look(string name, string description, Func<ParseResult, NodeCommand> read, params Symbol[] symbols) =>
        Create(name, description, read, _ => ExitCodes.Success, symbols);

    /// <summary>A verb that lists what should not be there: exit code 2 when there is something.</summary>
    public Command Audit(string name, string description, Func<ParseResult, NodeCommand> read, params Symbol[] symbols) =>
        Create(name, description, read, found => found.Length == 0 ? ExitCodes.Success : ExitCodes.Findings, symbols);

    /// <summary>A verb that changes the Node, and only when it is told to.</summary>
    public Command Change(string name, string description, Func<ParseResult, NodeCommand> read, params Symbol[] symbols)
    {
        var execute = new Option<bool>("--execute") { Description = "Change the Node. Without it only the shell text is shown that would be run." };
        return Create(name, description, read, _ => ExitCodes.Success, [.. symbols, execute], execute);
    }

    private Command Create(
        string name, string description, Func<ParseResult, NodeCommand> read, Func<string, int> judge, Symbol[] symbols, Option<bool>? execute = null)
    {
        var host = new Option<string>("--host")
        {
            Description = "Where the Node's files are: in the node agent's Pod they are mounted; / on the Node itself.",
            DefaultValueFactory = _ => PodExecNodeAccess.HostFiles,
        };
        var command = new Command(name, description) { host };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        command.SetAction(async (parse, cancellationToken) =>
        {
            var wanted = read(parse);
            if (execute is not null && !parse.GetValue(execute))
            {
                Show(wanted);
                return ExitCodes.Success;
            }

            var root = parse.GetRequiredValue(host);
            if (!Directory.Exists(root))
            {
                throw new MigrationException(
                    $"There is no folder {root} with a Node's files.", "Run this in the node agent's Pod; on the Node itself say --host /.");
            }

            var result = await new NodeHost(root).RunAsync(wanted, cancellationToken);
            if (result.ExitCode != 0)
            {
                throw new MigrationException(
                    $"{wanted.Verb} ended with exit code {result.ExitCode}: {$"{result.Output}{result.Error}".Trim()}", "Look at what it names; it may be repeated.");
            }

            output.Write(result.Output);
            return judge(result.Output);
        });
        return command;
    }

    private void Show(NodeCommand command)
    {
        output.WriteLine(command.Script);
        foreach (var (argument, i) in command.Arguments.Select((a, i) => (a, i + 1)))
        {
            output.WriteLine($"  ${i}: {(argument.Length > 200 ? $"{argument[..200]}… ({argument.Length} characters)" : argument)}");
        }

        output.WriteLine();
        output.WriteLine("Dry run: nothing was changed. Add --execute to run this on the Node.");
    }
}
