using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration;
using Antrea.Migrator.Commands;
using Antrea.Migrator.Commands.Nodes;

namespace Antrea.Migrator;

/// <summary>The command line as a function, so that tests call what people call.</summary>
internal static class MigratorApp
{
    private const string TraceVariable = "ANTREA_MIGRATOR_TRACE";

    private const string Unforeseen =
        $"This is a fault of antrea-migrator itself; please report it with the output of the same command under {TraceVariable}=1. "
        + "Running it again does no harm: what is done is not done twice.";

    public static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var root = new RootCommand("Moves a living Kubernetes cluster from Calico to Antrea.")
        {
            RequirementsCommand.Create(output),
            CheckCommand.Create(output),
            SnapshotCommand.Create(output),
            CidrsCommand.Create(output),
            RoutesCommand.Create(output),
            PoliciesCommand.Create(output),
            PlanCommand.Create(output),
            MigrateCommand.Create(output),
            RollbackCommand.Create(output),
            StatusCommand.Create(output),
            ControlCommands.CreatePause(output),
            ControlCommands.CreateResume(output),
            ControlCommands.CreateAbort(output),
            ProbeCommand.Create(output),
            MatrixCommand.Create(output),
            LabCommand.Create(output),
            NodeVerbs.Create(output),
        };
        var parse = root.Parse(args);
        if (parse.Errors.Count > 0 && args.Length > 0)
        {
            // The default prints the whole help, and the one line that matters gets lost above it.
            foreach (var message in parse.Errors.Select(e => e.Message).Distinct())
            {
                await error.WriteLineAsync($"error: {message}");
            }

            await error.WriteLineAsync($"  next: {PathOf(parse.CommandResult)} --help shows what there is.");
            return ExitCodes.Error;
        }

        try
        {
            // A step is never cut off in the middle of a write: Ctrl-C cancels, and the command ends when the write has ended and a KinD cluster is gone.
            return await parse.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = KindOptions.EndsWithin(parse),
                },
                cancellationToken);
        }
        catch (OperationCanceledException e) when (e.InnerException is not TimeoutException)
        {
            await error.WriteLineAsync(
                parse.CommandResult.Command.Name is "migrate" or "rollback"
                    ? "Interrupted. What was begun is in the journal; run the command again to go on."
                    : "Interrupted.");
            return ExitCodes.Interrupted;
        }
        catch (MigrationException e)
        {
            await error.WriteLineAsync($"error: {e.Message}\n  next: {e.Next}");
            return ExitCodes.Error;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            // Which parameter of which method it was helps nobody at a command line.
            var parameter = e is ArgumentException { ParamName: { } name } ? $" (Parameter '{name}')" : "";
            await error.WriteLineAsync($"error: {(parameter.Length > 0 ? e.Message.Replace(parameter, "", StringComparison.Ordinal) : e.Message)}");
            return ExitCodes.Error;
        }
        catch (Exception e)
        {
            // Nobody foresaw it, but whoever runs this at night still needs one message and the documented exit code.
            await error.WriteLineAsync(DescribeUnforeseen(e));
            return ExitCodes.Error;
        }
    }

    private static string DescribeUnforeseen(Exception e) =>
        $"error: {e.GetType().Name}: {e.GetBaseException().Message}\n  next: {Unforeseen}"
        + (Environment.GetEnvironmentVariable(TraceVariable) == "1" ? $"\n{e}" : "");

    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "antrea-migrator";
}
