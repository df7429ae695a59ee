using System.Text.Json.Nodes;
using Antrea.Migration.Connectivity;

namespace Antrea.Migrator.Output;

/// <summary>Flows and their outages for machines, in every report the same; docs/probe-json.md.</summary>
internal static class TrafficJson
{
    public static JsonObject Of(OutageWindow outage) => new()
    {
        ["flow"] = outage.Flow.ToString(),
        ["source"] = outage.Flow.Source,
        ["destination"] = outage.Flow.Destination,
        ["path"] = outage.Flow.Path,
        ["phase"] = outage.Phase,
        ["nodes"] = outage.Nodes,
        ["start"] = outage.Start.ToString("O"),
        ["seconds"] = Seconds(outage.Duration),
        ["requestsLost"] = outage.RequestsLost,
        ["cause"] = outage.Cause.ToString(),
        ["recovered"] = outage.Recovered,
    };

    public static JsonObject Of(FlowTotals totals) => new()
    {
        ["flow"] = totals.Flow.ToString(),
        ["source"] = totals.Flow.Source,
        ["destination"] = totals.Flow.Destination,
        ["path"] = totals.Flow.Path,
        ["total"] = totals.Total,
        ["failure"] = totals.Failure,
        ["notSent"] = totals.NotSent,
        ["longestOutageSeconds"] = Seconds(totals.LongestOutage),
    };

    public static JsonObject Of(ServiceDowntime service) => new()
    {
        ["target"] = service.Target.OriginalString,
        ["flows"] = service.Flows,
        ["impairedSeconds"] = Seconds(service.Impaired),
        ["downSeconds"] = Seconds(service.Down),
    };

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3);
}
