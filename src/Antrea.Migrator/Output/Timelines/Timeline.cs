using System.Collections.Immutable;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migrator.Output.Timelines;

/// <summary>What went on and what got through, in the order of time.</summary>
/// <param name="Title">The whole in one line.</param>
/// <param name="Start">When it began.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Phases">What went on, by start.</param>
/// <param name="Lanes">One for each flow.</param>
internal sealed record Timeline(
    string Title, DateTimeOffset Start, TimeSpan Elapsed, ImmutableArray<LoadPhase> Phases, ImmutableArray<TimelineLane> Lanes)
{
    public static Timeline Of(LoadReport report)
    {
        var totals = report.Totals;
        return new Timeline(
            $"{report.Target.OriginalString}: {OutageWords.Sum(report.Outages)}",
            report.Start,
            totals.Elapsed,
            report.Phases,
            [
                new TimelineLane(
                    report.Mode == LoadMode.OpenModel ? "Open model" : "Closed loop",
                    $"{report.Due} due, {totals.Success} ok, {totals.Failure} failed, {totals.NotSent} not sent; p50 {OutageWords.Span(report.Latency.P50)}, p99 {OutageWords.Span(report.Latency.P99)}",
                    report.Outages,
                    report.Dots,
                    [.. report.Timeline.Where(s => s.NotSent > 0).Select(s => (s.Index, s.NotSent))]),
            ]);
    }

    /// <param name="result">Of a watch that has ended.</param>
    /// <param name="title">What it watched.</param>
    public static Timeline Of(ContinuousProbeResult result, string title) => new(
        $"{title}: {OutageWords.Sum(result.Outages)}",
        result.Start,
        result.Elapsed,
        result.Phases,
        [
            .. result.Flows.Zip(result.Dots, (flow, dots) => new TimelineLane(
                flow.Flow.ToString(),
                $"{flow.Total} requests, {flow.Failure} lost, {flow.NotSent} not sent",
                [.. result.Outages.Where(o => o.Flow == flow.Flow)],
                dots.Dots,
                [])),
        ]);
}

/// <summary>One flow.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Totals">What became of its requests.</param>
/// <param name="Outages">By start.</param>
/// <param name="Dots">Single requests, thinned where they were many.</param>
/// <param name="NotSent">The seconds, from 0, in which requests were due and not sent, and how many.</param>
internal sealed record TimelineLane(
    string Name,
    string Totals,
    ImmutableArray<OutageWindow> Outages,
    ImmutableArray<LoadDot> Dots,
    ImmutableArray<(int Second, long Requests)> NotSent);
