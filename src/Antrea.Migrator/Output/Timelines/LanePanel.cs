using System.Collections.Immutable;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Antrea.Migrator.Output.Pictures;

namespace Antrea.Migrator.Output.Timelines;

/// <summary>One flow's part of the picture.</summary>
internal sealed class LanePanel(TimelineLane lane, DateTimeOffset start, TimeAxis time, LatencyAxis latency, ImmutableArray<double> edges, double height)
{
    private const double NameHeight = 20;
    private const double LabelHeight = 16;
    private const double StripeHeight = 4;
    private const double BoldWidth = 1.12;

    /// <summary>So that a short one is seen in a long run.</summary>
    private const double LeastOutage = 2;

    /// <summary>Adds the panel below <paramref name="top"/>.</summary>
    /// <returns>Where it ends.</returns>
    public double AddTo(List<PicturePart> parts, double top)
    {
        parts.Add(new PictureText("family", time.Across.Left, top + 15, lane.Name));
        parts.Add(new PictureText("text", time.Across.Left + (PictureText.WidthOf(lane.Name) * BoldWidth) + 14, top + 15, lane.Totals));
        var outages = Merged();
        var plot = top + NameHeight + (outages.Count > 0 ? LabelHeight : 4);
        parts.Add(new PictureBox("lane", time.Across, plot, height));
        foreach (var (at, label) in latency.Ticks())
        {
            var y = plot + (height * (1 - at));
            parts.Add(new PictureLine("grid", [(time.Across.Left, y), (time.Across.Right, y)]));
            parts.Add(new PictureText("axis", time.Across.Left - 8 - (PictureText.WidthOf(label) * 0.95), y + 3, label));
        }

        parts.AddRange(edges.Select(x => new PictureLine("edge", [(x, plot), (x, plot + height)])));
        AddOutages(parts, outages, plot);
        foreach (var (second, requests) in lane.NotSent)
        {
            var across = time.Of(TimeSpan.FromSeconds(second), TimeSpan.FromSeconds(second + 1)).AtLeast(1, time.Across);
            parts.Add(new PictureBox("unsent", across, plot + height - StripeHeight, StripeHeight, $"{requests} requests due in second {second} and not sent"));
        }

        AddDots(parts, "good", lane.Dots.Where(d => d.Succeeded), plot);
        AddDots(parts, "failed", lane.Dots.Where(d => !d.Succeeded), plot);
        return plot + height + 8;
    }

    private void AddDots(List<PicturePart> parts, string look, IEnumerable<LoadDot> dots, double plot)
    {
        (double, double)[] points =
            [.. dots.Select(d => (Math.Round(time.At(d.Due), 1), Math.Round(plot + (height * (1 - latency.At(d))), 1))).Distinct()];
        if (points.Length > 0)
        {
            parts.Add(new PictureDots(look, [.. points]));
        }
    }

    private void AddOutages(List<PicturePart> parts, List<(Span Across, List<OutageWindow> Outages)> outages, double plot)
    {
        foreach (var (across, windows) in outages)
        {
            var words = windows.Count == 1
                ? $"Outage {OutageWords.Of(windows[0], start)}"
                : $"{OutageWords.Sum(windows)}, from {OutageWords.Offset(windows[0].Start - start)} on";
            parts.Add(new PictureBox("outage", across, plot, height, words));
            parts.Add(new PictureBox("stripe", across, plot, StripeHeight));
        }

        // The longest ones get their length written above, as far as there is room.
        List<Span> taken = [];
        foreach (var (across, windows) in outages.OrderByDescending(o => o.Outages.Max(w => w.Duration)))
        {
            var text = (windows.Count == 1 ? "" : $"{windows.Count} up to ") + OutageWords.Span(windows.Max(w => w.Duration));
            var half = PictureText.WidthOf(text) / 2;
            var middle = Math.Clamp(across.Middle, time.Across.Left + half, time.Across.Right - half);
            if (taken.TrueForAll(t => middle + half + 4 < t.Left || middle - half - 4 > t.Right))
            {
                taken.Add(new Span(middle - half, middle + half));
                parts.Add(new PictureText("lost", middle, plot - 4, text, IsCentered: true));
            }
        }
    }

    /// <summary>Outages by their places; those less than a pixel apart are one.</summary>
    private List<(Span Across, List<OutageWindow> Outages)> Merged()
    {
        List<(Span Across, List<OutageWindow> Outages)> merged = [];
        foreach (var outage in lane.Outages)
        {
            var across = time.Of(outage.Start - start, outage.End - start).AtLeast(LeastOutage, time.Across);
            if (merged is [.., var last] && across.Left - last.Across.Right < 1)
            {
                last.Outages.Add(outage);
                merged[^1] = (last.Across.With(across), last.Outages);
            }
            else
            {
                merged.Add((across, [outage]));
            }
        }

        return merged;
    }
}
