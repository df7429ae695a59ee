using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>A limit that a run must keep to, written as what must not be: <c>success&lt;100%</c>, <c>p99&gt;50ms</c>, <c>outage&gt;1s</c>.</summary>
/// <remarks>
/// <para><b>Shape.</b> A measure, one of <c>&lt; &lt;= &gt; &gt;=</c>, a value; blanks between them are allowed. <c>success</c> is a share of all that
/// was due and takes a percentage. <c>min mean p50 p90 p95 p99 p99.9 p99.99 max</c> are latencies of answered requests, <c>lateness</c> is the 99th
/// percentile of how late requests were sent, <c>outage</c> is the longest outage, <c>downtime</c> all of them, <c>silence</c> the longest time
/// without the end of a request; these take durations as Go writes them. <c>failures</c>, <c>not-sent</c> and <c>rate</c> (ended requests a
/// second) take numbers.</para>
/// <para>A limit on latencies is crossed when nothing was answered: what was not measured did not keep to it.</para>
/// </remarks>
public sealed class LoadThreshold
{
    private static readonly Measure[] Measures =
    [
        new("success", Unit.Percent, r => r.SuccessRate),
        new("min", Unit.Latency, r => r.Latency.Min.Ticks),
        new("mean", Unit.Latency, r => r.Latency.Mean.Ticks),
        new("p50", Unit.Latency, r => r.Latency.P50.Ticks),
        new("p90", Unit.Latency, r => r.Latency.P90.Ticks),
        new("p95", Unit.Latency, r => r.Latency.P95.Ticks),
        new("p99", Unit.Latency, r => r.Latency.P99.Ticks),
        new("p99.9", Unit.Latency, r => r.Latency.P999.Ticks),
        new("p99.99", Unit.Latency, r => r.Latency.P9999.Ticks),
        new("max", Unit.Latency, r => r.Latency.Max.Ticks),
        new("lateness", Unit.Duration, r => r.Lateness.P99.Ticks),
        new("outage", Unit.Duration, r => r.LongestOutage.Ticks),
        new("downtime", Unit.Duration, r => r.Downtime.Ticks),
        new("silence", Unit.Duration, r => r.Totals.LongestSilence.Ticks),
        new("failures", Unit.Number, r => r.Totals.Failure),
        new("not-sent", Unit.Number, r => r.Totals.NotSent),
        new("rate", Unit.Number, r => r.RequestsPerSecond),
    ];

    private readonly string _text;
    private readonly Measure _measure;
    private readonly string _comparison;
    private readonly double _limit;

    private LoadThreshold(string text, Measure measure, string comparison, double limit) =>
        (_text, _measure, _comparison, _limit) = (text, measure, comparison, limit);

    private enum Unit
    {
        Percent,
        Latency,
        Duration,
        Number,
    }

    /// <summary>The names of all measures.</summary>
    public static ImmutableArray<string> MeasureNames { get; } = [.. Measures.Select(measure => measure.Name)];

    /// <summary>Everything below the whole: the limit where none is given.</summary>
    public static LoadThreshold AnyFailure { get; } = Parse("success<100%");

    /// <summary>Reads a limit.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong with it.</exception>
    public static LoadThreshold Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var threshold, out var error) ? threshold : throw new FormatException(error);
    }

    /// <summary>Reads a limit, or says what is wrong with it.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out LoadThreshold? threshold, [NotNullWhen(false)] out string? error)
    {
        threshold = null;
        text ??= "";
        var at = text.AsSpan().IndexOfAny('<', '>');
        if (at < 0)
        {
            error = $"'{text}' compares nothing: expected for example success<100%, p99>50ms or outage>1s";
            return false;
        }

        var comparison = text[at..].StartsWith(text[at] + "=", StringComparison.Ordinal) ? text.Substring(at, 2) : text.Substring(at, 1);
        var name = text[..at].Trim();
        var value = text[(at + comparison.Length)..].Trim();
        if (Array.Find(Measures, measure => measure.Name == name) is not { } found)
        {
            error = $"'{text}' measures '{name}': expected one of {string.Join(", ", MeasureNames)}";
            return false;
        }

        if (ReadValue(found.Unit, value) is not { } limit)
        {
            error = $"'{text}' compares {name} with '{value}': expected "
                + found.Unit switch { Unit.Percent => "a percentage, for example 99.9%", Unit.Number => "a number", _ => "a duration, for example 50ms" };
            return false;
        }

        threshold = new LoadThreshold(text, found, comparison, limit);
        error = null;
        return true;
    }

    /// <summary>Whether the run did what must not be.</summary>
    public bool IsCrossedBy(LoadReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (_measure.Unit == Unit.Latency && report.Latency.Count == 0)
        {
            return true;
        }

        var value = _measure.Of(report);
        return _comparison switch
        {
            "<" => value < _limit,
            "<=" => value <= _limit,
            ">" => value > _limit,
            _ => value >= _limit,
        };
    }

    /// <summary>What the run has there, for people.</summary>
    public string Measured(LoadReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var value = _measure.Of(report);
        return _measure.Unit switch
        {
            Unit.Percent => FormattableString.Invariant($"{Math.Floor(value * 1e4) / 1e4}%"),
            Unit.Latency when report.Latency.Count == 0 => "nothing was answered",
            Unit.Number => FormattableString.Invariant($"{value:0.#}"),
            _ => GoDuration.FromTimeSpan(new TimeSpan((long)value)).ToString(),
        };
    }

    /// <summary>The limit as it was written.</summary>
    public override string ToString() => _text;

    private static double? ReadValue(Unit unit, string value) => unit switch
    {
        Unit.Percent => value is [.. var number, '%'] && TryRead(number, out var percent) && percent <= 100 ? percent : null,
        Unit.Number => TryRead(value, out var count) ? count : null,
        _ => GoDuration.TryParse(value, out var duration, out _) && duration.Nanoseconds >= 0 ? duration.ToTimeSpan().Ticks : null,
    };

    private static bool TryRead(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private sealed record Measure(string Name, Unit Unit, Func<LoadReport, double> Of);
}
