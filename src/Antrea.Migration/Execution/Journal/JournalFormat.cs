using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution;

/// <summary>One JSON object a line, the same in the file and in the cluster.</summary>
internal static class JournalFormat
{
    public static string Format(JournalEntry entry)
    {
        var json = new JsonObject
        {
            ["time"] = entry.Time.ToString("O"),
            ["step"] = entry.StepId,
            ["state"] = entry.State.ToString(),
            ["detail"] = entry.Detail,
        };
        if (entry.Duration is { } duration)
        {
            json["seconds"] = Math.Round(duration.TotalSeconds, 3);
        }

        return json.ToJsonString();
    }

    /// <summary>Reads lines; a last line without its end is what a crash leaves and is dropped, any other bad line is an error.</summary>
    public static ImmutableArray<JournalEntry> Parse(string text, string where)
    {
        var entries = ImmutableArray.CreateBuilder<JournalEntry>();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length - 1; i++)
        {
            if (lines[i].Length > 0)
            {
                entries.Add(ParseLine(lines[i], where, i + 1));
            }
        }

        return entries.ToImmutable();
    }

    private static JournalEntry ParseLine(string line, string where, int number)
    {
        try
        {
            var json = JsonNode.Parse(line)!;
            return new JournalEntry(
                json["time"]!.GetValue<DateTimeOffset>(),
                json["step"]!.GetValue<string>(),
                Enum.Parse<JournalState>(json["state"]!.GetValue<string>()),
                json["detail"]!.GetValue<string>())
            {
                Duration = json["seconds"] is { } seconds ? TimeSpan.FromSeconds(seconds.GetValue<double>()) : null,
            };
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException or NullReferenceException
            or InvalidOperationException)
        {
            throw new MigrationException(
                $"{where} line {number} is not a journal entry: {e.Message}",
                "Restore the journal from its copy, or move it away and look at the cluster with 'antrea-migrator check'.",
                e);
        }
    }
}
