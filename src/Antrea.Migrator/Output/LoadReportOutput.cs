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
        $"{seconds.Last().Index + 1,6} s  {seconds.Sum(s => s.Success)} ok, {seconds.Sum(s => s.Failure)} failed, {seconds.Sum(s => s.NotSent)} not sent, slowest {Text(seconds.Max(s => s.Max))}");

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
        ["outages"] = Array(report.Outages, o => new JsonObject
        {
            ["flow"] = o.Flow,
            ["phase"] = o.Phase,
            ["start"] = o.Start.ToString("O"),
            ["seconds"] = Seconds(o.Duration),
            ["requestsLost"] = o.RequestsLost,
            ["cause"] = o.Cause.ToString(),
            ["recovered"] = o.Recovered,
        }),
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
            $"{report.Target.OriginalString}, {(report.Mode == LoadMode.OpenModel ? "open model" : "closed loop")}, {Text(totals.Elapsed)}{(isInterrupted ? ", interrupted" : "")}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Requests   {report.Due} due, {totals.Success} ok, {totals.Failure} failed, {totals.NotSent} not sent, {report.RequestsPerSecond:0.0}/s"));
        foreach (var failure in totals.Failures)
        {
            output.WriteLine($"Failed     {failure} ({failure.FirstDetail})");
        }

        var table = new TextTable("", "min", "mean", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max");
        Add(table, "Latency", report.Latency);
        Add(table, "Sent late", report.Lateness);
        table.WriteTo(output);
        output.WriteLine($"Outages    {report.Outages.Length}, longest {Text(report.LongestOutage)}, together {Text(report.Downtime)}; longest silence {Text(totals.LongestSilence)}");
        foreach (var outage in report.Outages.Take(20))
        {
            var cause = outage.Cause == ProbeFailureCause.None ? "answered late" : outage.Cause.ToString();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"           from {outage.Start - report.Start:hh\\:mm\\:ss\\.fff} for {Text(outage.Duration)}, {outage.RequestsLost} lost, {cause}{(outage.Recovered ? "" : ", not over at the end")}"));
        }

        foreach (var threshold in thresholds)
        {
            output.WriteLine($"Fail if    {threshold}: {threshold.Measured(report)}{(threshold.IsCrossedBy(report) ? ", so it fails" : "")}");
        }
    }

    private static void Add(TextTable table, string name, LatencyDistribution d)
    {
        if (d.Count > 0)
        {
            table.Add(
                name, Text(d.Min), Text(d.Mean), Text(d.P50), Text(d.P90), Text(d.P95), Text(d.P99), Text(d.P999), Text(d.P9999), Text(d.Max));
        }
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

    private static string Text(TimeSpan span) => span >= TimeSpan.FromSeconds(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.00}s")
        : string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0.###}ms");
}
