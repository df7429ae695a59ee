using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Execution;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>status</c>: what the journal in the cluster says, what the migrator at work does or waits for, and which network each Pod is on.</summary>
internal static class StatusCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false);
        var format = CommonOptions.Format();
        var requireNoStrays = new Option<bool>("--require-no-strays")
        {
            Description = "Return exit code 2 while a Pod is on another network than a finished phase should have left it on; 1 where that cannot be told.",
        };
        var command = new Command("status", "Show how far the migration of a cluster is, what it waits for, how long it will take, and which networks its Pods are on.") { format, requireNoStrays };
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var journal = new ConfigMapJournal(cluster.Client!);
            var record = await journal.ReadRecordAsync(cancellationToken);
            var status = new StatusOutput(
                record,
                MigrationStatus.Of(record),
                await MigratorPresence.ReadAsync(cluster.Client!, cancellationToken: cancellationToken),
                await new MigrationControl(cluster.Client!).ReadAsync(cancellationToken));
            if (record.Current is not null)
            {
                try
                {
                    status.Pods = await new MigrationExecutor(cluster.Client!, journal).TakeInventoryAsync(record, cancellationToken);
                }
                catch (MigrationException e) when (!parse.GetValue(requireNoStrays))
                {
                    // What the journal says can be told all the same.
                    status.PodsUnknown = e.Message;
                }
            }

            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(status.ToJson());
            }
            else
            {
                status.Write(output);
            }

            return parse.GetValue(requireNoStrays) && status.Pods is { Strays.IsEmpty: false } ? ExitCodes.Findings : ExitCodes.Success;
        });
        return command;
    }
}
