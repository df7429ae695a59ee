using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Execution;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>status</c>: what the journal in the cluster says, what the migrator at work does or waits for, and which network each Pod is on.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan PodsPatience = TimeSpan.FromSeconds(15);

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
                // A Node that does not answer must not keep back what the journal says.
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(PodsPatience);
                try
                {
                    status.Pods = await new MigrationExecutor(cluster.Client!, journal).TakeInventoryAsync(record, parse.GetValue(requireNoStrays) ? cancellationToken : limit.Token);
                }
                catch (MigrationException e) when (!parse.GetValue(requireNoStrays))
                {
                    status.PodsUnknown = e.Message;
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    status.PodsUnknown = $"they were not told within {PodsPatience.TotalSeconds:0} s; --require-no-strays waits for them";
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
