using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Execution;
using Antrea.Migrator.Commands;

namespace Antrea.Migrator;

/// <summary>The command line as a function, so that tests call what people call.</summary>
internal static class MigratorApp
{
    public static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var root = new RootCommand("Moves a living Kubernetes cluster from Calico to Antrea.")
        {
            RequirementsCommand.Create(output),
            CheckCommand.Create(output),
            SnapshotCommand.Create(output),
            CidrsCommand.Create(output),
            PoliciesCommand.Create(output),
            PlanCommand.Create(output),
            MigrateCommand.Create(output),
            StatusCommand.Create(output),
            ProbeCommand.Create(output),
            LabCommand.Create(output),
        };
        try
        {
            // A step is never cut off in the middle of a write: Ctrl-C cancels, and the command ends when the write has ended.
            return await root.Parse(args).InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
                },
                cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("Interrupted. What was begun is in the journal; run the command again to go on.");
            return ExitCodes.Interrupted;
        }
        catch (MigrationException e)
        {
            await error.WriteLineAsync($"error: {e.Message}\n  next: {e.Next}");
            return ExitCodes.Error;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"error: {e.Message}");
            return ExitCodes.Error;
        }
    }
}
