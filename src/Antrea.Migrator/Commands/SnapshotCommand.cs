using System.CommandLine;
using Antrea.Migration.Clusters;

namespace Antrea.Migrator.Commands;

/// <summary><c>snapshot</c>: saves what the analysis needs, Secrets left out.</summary>
internal static class SnapshotCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false);
        var to = new Option<string>("--to") { Description = "The folder to write; must be empty or missing.", Required = true };
        var command = new Command("snapshot", "Save what the analysis needs to a folder; Secrets are never read.") { to };
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var snapshot = await cluster.Reader.ReadAsync(cancellationToken);
            var directory = parse.GetRequiredValue(to);
            await SnapshotWriter.WriteAsync(snapshot, directory, cancellationToken);
            output.WriteLine($"{snapshot.Objects.Length} objects of {snapshot.Nodes.Length} Nodes written to {directory}");
            return ExitCodes.Success;
        });
        return command;
    }
}
