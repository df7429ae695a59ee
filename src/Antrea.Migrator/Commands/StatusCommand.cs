using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>status</c>: what the journal in the cluster says, and what the migrator at work does or waits for.</summary>
internal static class StatusCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false);
        var format = CommonOptions.Format();
        var command = new Command("status", "Show how far the migration of a cluster is, what it waits for, and how long it will take.") { format };
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var record = await new ConfigMapJournal(cluster.Client!).ReadRecordAsync(cancellationToken);
            var status = MigrationStatus.Of(record);
            var migrator = await MigratorPresence.ReadAsync(cluster.Client!, cancellationToken: cancellationToken);
            var request = await new MigrationControl(cluster.Client!).ReadAsync(cancellationToken);
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(ToJson(record, status, migrator, request));
            }
            else if (status is null)
            {
                output.WriteLine("No migration was begun on this cluster.");
            }
            else
            {
                Write(output, status, migrator, request);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static void Write(TextWriter output, MigrationStatus status, MigratorPresence? migrator, MigrationRequest? request)
    {
        output.WriteLine(status.Plan.Undoes is { } undone ? $"Rollback of plan {undone}" : $"Plan {status.Plan.Id}");
        foreach (var phase in status.Phases)
        {
            output.WriteLine($"  {(phase.Done == phase.Total ? "✓" : phase.Done > 0 ? "…" : "·")} {phase.Phase,-16} {phase.Done} of {phase.Total} steps");
        }

        output.WriteLine(status.Next is { } next ? $"Next      {next.Id}: {next.Title}" : "Next      nothing: every step is done");
        if (status.Entry is { } entry)
        {
            output.WriteLine($"          {entry.State} {entry.Time:yyyy-MM-dd HH:mm:ss} UTC {entry.Detail}".TrimEnd());
        }

        output.WriteLine(migrator is null
            ? "Migrator  none is at work"
            : $"Migrator  {migrator.Holder} since {migrator.Since:yyyy-MM-dd HH:mm:ss} UTC, last seen {migrator.Renewed:HH:mm:ss}: {(migrator.Doing.Length > 0 ? migrator.Doing : "has just begun")}");
        if (request is not null)
        {
            output.WriteLine($"Asked     to {request.Wish.ToString().ToLowerInvariant()}, by {request.By}, {request.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        }

        if (status.Next is not null)
        {
            output.WriteLine($"Time left about {status.Remaining.TotalMinutes:0.0} min"
                + (status.Unmeasured > 0 ? $" and {status.Unmeasured} steps of kinds that were not measured yet" : ""));
        }

        foreach (var node in status.Nodes)
        {
            output.WriteLine($"  {node.Node}  {node.Done} of {node.Total}{(node.Last is { } last ? $", last {last}" : "")}");
        }
    }

    private static JsonObject ToJson(MigrationRecord record, MigrationStatus? status, MigratorPresence? migrator, MigrationRequest? request) => new()
    {
        ["plan"] = record.Plan?.Id,
        ["rollback"] = record.Rollback?.Id,
        ["migrator"] = migrator is null ? null : new JsonObject
        {
            ["holder"] = migrator.Holder,
            ["since"] = migrator.Since.ToString("O"),
            ["renewed"] = migrator.Renewed.ToString("O"),
            ["doing"] = migrator.Doing,
        },
        ["request"] = request is null ? null : new JsonObject
        {
            ["wish"] = request.Wish.ToString().ToLowerInvariant(),
            ["by"] = request.By,
            ["since"] = request.Since.ToString("O"),
        },
        ["next"] = status?.Next?.Id,
        ["secondsLeft"] = status is null ? null : Math.Round(status.Remaining.TotalSeconds, 1),
        ["stepsNotMeasured"] = status?.Unmeasured,
        ["phases"] = new JsonArray([.. (status?.Phases ?? []).Select(p => new JsonObject
        {
            ["name"] = p.Phase.ToString(), ["done"] = p.Done, ["total"] = p.Total,
        })]),
        ["nodes"] = new JsonArray([.. (status?.Nodes ?? []).Select(n => new JsonObject
        {
            ["name"] = n.Node, ["done"] = n.Done, ["total"] = n.Total, ["last"] = n.Last?.ToString(),
        })]),
        ["steps"] = new JsonArray([.. record.Entries.Select(e => new JsonObject
        {
            ["id"] = e.StepId, ["state"] = e.State.ToString(), ["time"] = e.Time.ToString("O"), ["detail"] = e.Detail,
        })]),
    };
}
