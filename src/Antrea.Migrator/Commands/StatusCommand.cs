using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>status</c>: what the journal in the cluster says.</summary>
internal static class StatusCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false);
        var format = CommonOptions.Format();
        var command = new Command("status", "Show how far the migration of a cluster is.") { format };
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var entries = await new ConfigMapJournal(cluster.Client!).ReadAsync(cancellationToken);
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(new JsonObject
                {
                    ["plan"] = entries.FirstOrDefault(e => e.State == JournalState.Plan)?.StepId,
                    ["steps"] = new JsonArray([.. entries.Where(e => e.State != JournalState.Plan).Select(e => new JsonObject
                    {
                        ["id"] = e.StepId, ["state"] = e.State.ToString(), ["time"] = e.Time.ToString("O"), ["detail"] = e.Detail,
                    })]),
                });
            }
            else if (entries.IsEmpty)
            {
                output.WriteLine("No migration was begun on this cluster.");
            }
            else
            {
                output.WriteLine($"Plan {entries.First(e => e.State == JournalState.Plan).StepId}");
                foreach (var entry in entries.Where(e => e.State != JournalState.Plan))
                {
                    output.WriteLine($"{entry.Time:yyyy-MM-dd HH:mm:ss}  {entry.State,-6}  {entry.StepId}  {entry.Detail}");
                }
            }

            return ExitCodes.Success;
        });
        return command;
    }
}
