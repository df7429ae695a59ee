using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Execution;

namespace Antrea.Migrator.Output;

/// <summary>What <c>status</c> prints, for people and for machines.</summary>
internal sealed class StatusOutput(MigrationRecord record, MigrationStatus? status, MigratorPresence? migrator, MigrationRequest? request)
{
    private const int MostStraysInText = 20;
    private const int MostStraysInJson = 1000;

    /// <summary>The Pods' networks; null where nothing was begun or <see cref="PodsUnknown"/> says why.</summary>
    public PodInventory? Pods { get; set; }

    /// <summary>Why the Pods' networks are not known.</summary>
    public string? PodsUnknown { get; set; }

    public void Write(TextWriter output)
    {
        if (status is null)
        {
            output.WriteLine("No migration was begun on this cluster.");
            return;
        }

        output.WriteLine(status.Plan.Undoes is { } undone ? $"Rollback of plan {undone}" : $"Plan {status.Plan.Id}");
        foreach (var phase in status.Phases)
        {
            output.WriteLine($"  {(phase.Done == phase.Total ? "✓" : phase.Done > 0 ? "…" : "·")} {phase.Phase,-16} {phase.Done} of {phase.Total} steps");
        }

        output.WriteLine(status.Next is { } next ? $"Next      {next.Id}: {next.Title}" : "Next      nothing: every step is done");
        if (status.Entry is { } entry)
        {
            output.WriteLine($"          {entry.State} {entry.Time:yyyy-MM-dd HH:mm:ss} UTC {entry.Detail}".TrimEnd());
            if (entry.State == JournalState.Failed)
            {
                output.WriteLine($"          To retry run the same 'antrea-migrator {(status.Plan.Undoes is null ? "migrate" : "rollback")} --execute' again: it goes on at this step.");
            }
        }

        foreach (var stop in record.Entries.Where(e => e.StepId is JournalEntry.PauseId or JournalEntry.UnbegunId && e.Time > (status.Entry?.Time ?? default)).OrderBy(e => e.Time))
        {
            output.WriteLine($"          {stop.State} {stop.Time:yyyy-MM-dd HH:mm:ss} UTC {stop.Detail}");
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

        WritePods(output);
        foreach (var node in status.Nodes)
        {
            output.WriteLine($"  {node.Node}  {node.Done} of {node.Total}{(node.Last is { } last ? $", last {last}" : "")}");
        }
    }

    public JsonObject ToJson() => new()
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
        ["pods"] = Pods is null ? null : new JsonObject
        {
            ["calico"] = Pods.Counts.GetValueOrDefault(PodNetwork.Calico),
            ["multus"] = Pods.Counts.GetValueOrDefault(PodNetwork.Multus),
            ["antrea"] = Pods.Counts.GetValueOrDefault(PodNetwork.Antrea),
            ["unknown"] = Pods.Counts.GetValueOrDefault(PodNetwork.Unknown),
        },
        ["podsUnknownBecause"] = PodsUnknown,
        ["strays"] = Pods is null ? null : new JsonObject
        {
            ["count"] = Pods.Strays.Length,
            ["pods"] = new JsonArray([.. Pods.Strays.Take(MostStraysInJson).Select(s => new JsonObject
            {
                ["name"] = s.Pod, ["node"] = s.Node, ["network"] = s.Network.ToString(),
            })]),
        },
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

    private void WritePods(TextWriter output)
    {
        if (Pods is null)
        {
            output.WriteLine($"Pods      not known: {PodsUnknown}");
            return;
        }

        output.WriteLine($"Pods      {(Pods.Counts.IsEmpty ? "none" : string.Join(", ", Pods.Counts.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value} {c.Key}"))))}");
        output.WriteLine(Pods.Strays.IsEmpty ? "Strays    none" : $"Strays    {Pods.Strays.Length}: on another network than a finished phase should have left them on; run the migration again, or restart them");
        foreach (var stray in Pods.Strays.Take(MostStraysInText))
        {
            output.WriteLine($"          {stray.Pod} ({stray.Network}, Node {stray.Node})");
        }

        if (Pods.Strays.Length > MostStraysInText)
        {
            output.WriteLine($"          and {Pods.Strays.Length - MostStraysInText} more: see -o json");
        }
    }
}
