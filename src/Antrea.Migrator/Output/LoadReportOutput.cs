using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migrator.Output;

/// <summary>What a run of <c>probe --rate</c> or <c>--max</c> came to, for people and for machines.</summary>
internal static class LoadReportOutput
{
    /// <summary>Goes up when a member changes its name, type or meaning; docs/probe-json.md.</summary>
    public const string Schema = "antrea-migrator/probe/v1";

    /// <summary>More outages than this are not listed for people.</summary>
    private const int MostOutages = 20;

    private static readonly (string Name, Func<LatencyDistribution, TimeSpan> Of)[] Measures =
    [
        ("min", d => d.Min), ("mean", d => d.Mean), ("p50", d => d.P50), ("p90", d => d.P90), ("p95", d => d.P95), ("p99", d => d.P99),
        ("p99.9", d => d.P999), ("p99.99", d => d.P9999), ("max", d => d.Max),
    ];

    public static void Write(TextWriter output, string format, LoadReport report, ImmutableArray<LoadThreshold> thresholds, bool isInterrupted)
    {
        switch (format)
        {
            case "json":
                output.WriteJson(Json(report, thresholds, isInterrupted));
                break;
            case "csv":
                WriteCsv(output, report);
                break;
            case "junit":
                output.WriteLine(JUnit(report, thresholds, isInterrupted));
                break;
            default:
                WriteTable(output, report, thresholds, isInterrupted);
                break;
        }
    }

    /// <summary>Some seconds of a run that goes on.</summary>
    public static string Line(IReadOnlyCollection<LoadSecond> seconds) => string.Create(
        CultureInfo.InvariantCulture,
        $"{seconds.Last().Index + 1,6} s  {seconds.Sum(s => s.Success)} ok, {seconds.Sum(s => s.Failure)} failed, {seconds.Sum(s => s.NotSent)} not sent, slowest {OutageWords.Span(seconds.Max(s => s.Max))}");

    public static JsonObject Json(LoadReport report, ImmutableArray<LoadThreshold> thresholds, bool isInterrupted) => new()
    {
        ["schema"] = Schema,
        ["mode"] = report.Mode == LoadMode.OpenModel ? "openModel" : "closedLoop",
        ["target"] = report.Target.OriginalString,
        ["start"] = report.Start.ToString("O"),
        ["seconds"] = Seconds(report.Totals.Elapsed),
        ["interrupted"] = isInterrupted,
        ["due"] = report.Due,
        ["success"] = report.Totals.Success,
        ["failure"] = report.Totals.Failure,
        ["notSent"] = report.Totals.NotSent,
        ["successPercent"] = report.SuccessRate,
        ["requestsPerSecond"] = Math.Round(report.RequestsPerSecond, 3),
        ["longestSilenceSeconds"] = Seconds(report.Totals.LongestSilence),
        ["longestOutageSeconds"] = Seconds(report.LongestOutage),
        ["downtimeSeconds"] = Seconds(report.Downtime),
        ["failures"] = Array(report.Totals.Failures, f => new JsonObject
        {
            ["cause"] = f.Cause.ToString(),
            ["count"] = f.Count,
            ["firstDetail"] = f.FirstDetail,
        }),
        ["latencyMs"] = Json(report.Latency),
        ["latenessMs"] = Json(report.Lateness),
        ["outages"] = Array(report.Outages, TrafficJson.Of),
        ["timeline"] = Array(report.Timeline, s => new JsonObject
        {
            ["second"] = s.Index,
            ["success"] = s.Success,
            ["failure"] = s.Failure,
            ["notSent"] = s.NotSent,
            ["p50Ms"] = Milliseconds(s.P50),
            ["p99Ms"] = Milliseconds(s.P99),
            ["maxMs"] = Milliseconds(s.Max),
        }),
        ["thresholds"] = Array(thresholds, t => new JsonObject
        {
            ["failIf"] = t.ToString(),
            ["measured"] = t.Measured(report),
            ["crossed"] = t.IsCrossedBy(report),
        }),
    };

    private static void WriteTable(TextWriter output, LoadReport report, ImmutableArray<LoadThreshold> thresholds, bool isInterrupted)
    {
        var totals = report.Totals;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Target.OriginalString}, {(report.Mode == LoadMode.OpenModel ? "open model" : "closed loop")}, {OutageWords.Span(totals.Elapsed)}{(isInterrupted ? ", interrupted" : "")}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Requests   {report.Due} due, {totals.Success} ok, {totals.Failure} failed, {totals.NotSent} not sent, {report.RequestsPerSecond:0.0}/s"));
        foreach (var failure in totals.Failures)
        {
            output.WriteLine($"Failed     {failure} ({failure.FirstDetail})");
        }

        WriteDistributions(output, report);
        output.WriteLine($"Outages    {report.Outages.Length}, longest {OutageWords.Span(report.LongestOutage)}, together {OutageWords.Span(report.Downtime)}; longest silence {OutageWords.Span(totals.LongestSilence)}");
        foreach (var outage in report.Outages.Take(MostOutages))
        {
            output.WriteLine($"           {OutageWords.Of(outage, report.Start)}");
        }

        if (report.Outages.Length > MostOutages)
        {
            output.WriteLine($"           … and {report.Outages.Length - MostOutages} more; -o json has them all");
        }

        foreach (var threshold in thresholds)
        {
            output.WriteLine($"Fail if    {threshold}: {threshold.Measured(report)}{(threshold.IsCrossedBy(report) ? ", so it fails" : "")}");
        }
    }

    /// <summary>A row for each measure, so that it fits a narrow terminal; nothing of what nobody measured.</summary>
    private static void WriteDistributions(TextWriter output, LoadReport report)
    {
        (string Name, LatencyDistribution Times)[] columns =
            [.. new[] { ("Latency", report.Latency), ("Sent late", report.Lateness) }.Where(c => c.Item2.Count > 0)];
        if (columns.Length == 0)
        {
            return;
        }

        var table = new TextTable(["", .. columns.Select(c => c.Name)]);
        foreach (var (name, of) in Measures)
        {
            table.Add([name, .. columns.Select(c => OutageWords.Span(of(c.Times)))]);
        }

        table.WriteTo(output);
    }

    private static void WriteCsv(TextWriter output, LoadReport report)
    {
        output.WriteLine("second,success,failure,not_sent,p50_ms,p99_ms,max_ms");
        foreach (var s in report.Timeline)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{s.Index},{s.Success},{s.Failure},{s.NotSent},{Milliseconds(s.P50)},{Milliseconds(s.P99)},{Milliseconds(s.Max)}"));
        }
    }

    private static string JUnit(LoadReport report, ImmutableArray<LoadThreshold> thresholds, bool isInterrupted)
    {
        var cases = thresholds.Select(t => new XElement(
            "testcase",
            new XAttribute("classname", "antrea-migrator.probe"),
            new XAttribute("name", t.ToString()),
            t.IsCrossedBy(report) ? new XElement("failure", new XAttribute("message", $"measured {t.Measured(report)}")) : null,
            !t.IsCrossedBy(report) && isInterrupted ? new XElement("skipped", new XAttribute("message", "interrupted")) : null)).ToArray();
        var suite = new XElement(
            "testsuite",
            new XAttribute("name", $"probe {report.Target.OriginalString}"),
            new XAttribute("tests", cases.Length),
            new XAttribute("failures", cases.Count(c => c.Element("failure") is not null)),
            new XAttribute("time", Seconds(report.Totals.Elapsed)),
            new XAttribute("timestamp", XmlConvert.ToString(report.Start.UtcDateTime, XmlDateTimeSerializationMode.Utc)),
            cases);
        return new XElement("testsuites", suite).ToString();
    }

    private static JsonObject Json(LatencyDistribution d) => new()
    {
        ["count"] = d.Count,
        ["min"] = Milliseconds(d.Min),
        ["mean"] = Milliseconds(d.Mean),
        ["p50"] = Milliseconds(d.P50),
        ["p90"] = Milliseconds(d.P90),
        ["p95"] = Milliseconds(d.P95),
        ["p99"] = Milliseconds(d.P99),
        ["p99.9"] = Milliseconds(d.P999),
        ["p99.99"] = Milliseconds(d.P9999),
        ["max"] = Milliseconds(d.Max),
    };

    private static JsonArray Array<T>(ImmutableArray<T> items, Func<T, JsonObject> json) => new([.. items.Select(json)]);

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3);

    private static double Milliseconds(TimeSpan span) => Math.Round(span.TotalMilliseconds, 4);
}
