using System.Collections.Immutable;
using System.Globalization;

namespace Antrea.Migration.Connectivity;

/// <summary>What the seed's client printed, read back.</summary>
/// <remarks>The lines are kept, so that <see cref="ToString"/> gives the text that was read.</remarks>
public sealed class SeedClientTranscript
{
    private readonly ImmutableArray<SeedClientLine> _lines;

    private SeedClientTranscript(ImmutableArray<SeedClientLine> lines) => _lines = lines;

    /// <summary>Requests that ended.</summary>
    public long Total => Single(SeedClientField.Total).ToNumber();

    /// <summary>Requests answered with status 200.</summary>
    public long Success => Single(SeedClientField.Success).ToNumber();

    /// <summary>All the others.</summary>
    public long Failure => Single(SeedClientField.Failure).ToNumber();

    /// <summary>The printed percentage, 0–100.</summary>
    public double SuccessRate => double.Parse(Single(SeedClientField.SuccessRate).Value, CultureInfo.InvariantCulture);

    /// <summary>From the start of the client to its end.</summary>
    public GoDuration TotalTime => GoDuration.Parse(Single(SeedClientField.TotalTime).Value);

    /// <summary>How many workers said that they stop.</summary>
    public int StopSignals => _lines.Count(line => line.Field == SeedClientField.StopSignal);

    /// <summary>The progress lines in order: the log's time, in seconds and without a zone, and the number.</summary>
    public ImmutableArray<(DateTime At, long Completed)> Progress =>
        [.. _lines.Where(line => line.Field == SeedClientField.Completed).Select(line => (line.At, line.ToNumber()))];

    /// <summary>What follows <c>Due and not sent: </c> in the line that the seed's client does not have;
    /// <see langword="null"/> without such a line.</summary>
    public string? Hidden =>
        _lines.Where(line => line.Field == SeedClientField.Hidden).Select(line => line.Value).FirstOrDefault();

    /// <summary>The text as the client printed it, lines separated by <c>\n</c>, without one at the end.</summary>
    public override string ToString() => string.Join('\n', _lines);

    internal static SeedClientTranscript Parse(string text)
    {
        var lines = ImmutableArray.CreateBuilder<SeedClientLine>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var lineText = raw.TrimEnd('\r');
            if (SeedClientLine.TryParse(lineText, out var line))
            {
                lines.Add(line);
            }
            else if (lineText.Length > 0)
            {
                throw new FormatException($"Line {number} is none that the client prints: '{lineText}'");
            }
        }

        foreach (var field in (ReadOnlySpan<SeedClientField>)
            [
                SeedClientField.Total, SeedClientField.Success, SeedClientField.Failure,
                SeedClientField.SuccessRate, SeedClientField.TotalTime,
            ])
        {
            var count = lines.Count(line => line.Field == field);
            if (count != 1)
            {
                var sample = new SeedClientLine(default, field, "…").ToString()[20..];
                throw new FormatException($"The client prints '{sample}' once, but here it is {count} times in {number} lines.");
            }
        }

        return new SeedClientTranscript(lines.ToImmutable());
    }

    private SeedClientLine Single(SeedClientField field) => _lines.Single(line => line.Field == field);
}
