using System.Globalization;
using Antrea.Migration.Connectivity;

namespace Antrea.Migrator.Output;

/// <summary>Outages and the times in them, in words.</summary>
internal static class OutageWords
{
    /// <summary>When it was, for how long, and all that is known of it.</summary>
    /// <param name="outage">The outage.</param>
    /// <param name="start">When the run began.</param>
    public static string Of(OutageWindow outage, DateTimeOffset start) =>
        $"from {Offset(outage.Start - start)} for {Span(outage.Duration)}, {outage.RequestsLost} lost, "
        + (outage.Cause == ProbeFailureCause.None ? "answered late" : outage.Cause.ToString())
        + (outage.Phase.Length == 0 ? "" : $", phase {outage.Phase}")
        + (outage.Nodes.Length == 0 ? "" : $", under restart on {outage.Nodes}")
        + (outage.Recovered ? "" : ", not over at the end");

    /// <summary>How many, and how long.</summary>
    public static string Sum(IReadOnlyCollection<OutageWindow> outages) => outages.Count switch
    {
        0 => "no outage",
        1 => $"one outage of {Span(outages.First().Duration)}",
        _ => $"{outages.Count} outages, the longest of {Span(outages.Max(o => o.Duration))}",
    };

    /// <summary>A time since the start of a run.</summary>
    public static string Offset(TimeSpan time) => time.ToString(@"hh\:mm\:ss\.fff", CultureInfo.InvariantCulture);

    /// <summary>How long something took.</summary>
    public static string Span(TimeSpan span) => span >= TimeSpan.FromSeconds(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.00}s")
        : string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0.###}ms");
}
