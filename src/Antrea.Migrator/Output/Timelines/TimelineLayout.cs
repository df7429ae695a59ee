using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Connectivity;
using Antrea.Migrator.Output.Pictures;

namespace Antrea.Migrator.Output.Timelines;

/// <summary>Lays a run out: phases as bands on top, below them for each flow its requests as dots and its outages as red spans.</summary>
/// <remarks>Pure: the same run gives the same picture. However long the run, the picture has room for so much and no more: dots come thinned,
/// and outages too close to be told apart are one span.</remarks>
internal static class TimelineLayout
{
    public const double Width = 1280;

    /// <summary>More flows than this are not drawn; those with the longest outages are.</summary>
    public const int MostLanes = 12;

    private const double Margin = 24;
    private const double AxisWidth = 60;
    private const int MostSentences = 60;

    private static readonly Span Plot = new(Margin + AxisWidth, Width - Margin);

    public static Picture Of(Timeline timeline)
    {
        var lanes = Chosen(timeline.Lanes);
        var time = new TimeAxis(timeline.Elapsed, Plot);
        var latency = new LatencyAxis(lanes.SelectMany(l => l.Dots));
        var phases = new PhaseBands(timeline, time);
        var parts = new List<PicturePart>
        {
            new PictureText("heading", Margin, 34, timeline.Title),
            new PictureText("text", Margin, 54, string.Create(
                CultureInfo.InvariantCulture, $"{GoDuration.FromTimeSpan(TimeSpan.FromSeconds(Math.Round(timeline.Elapsed.TotalSeconds, 1)))} from {timeline.Start:yyyy-MM-dd HH:mm:ss zzz}. Each dot is a request: when it was due, and how long it took.")),
        };
        var top = phases.AddTo(parts, 68);
        var height = lanes.Length switch { 1 => 260, <= 3 => 150, _ => 96 };
        foreach (var lane in lanes)
        {
            top = new LanePanel(lane, timeline.Start, time, latency, phases.Edges, height).AddTo(parts, top);
        }

        foreach (var (x, label) in time.Ticks())
        {
            parts.Add(new PictureText("axis", Math.Min(x, Width - PictureText.WidthOf(label) / 2), top + 14, label, IsCentered: true));
        }

        top += 26;
        if (lanes.Length < timeline.Lanes.Length)
        {
            parts.Add(new PictureText("text", Plot.Left, top + 12, $"… and {timeline.Lanes.Length - lanes.Length} more flows with outages no longer than these"));
            top += 20;
        }

        AddLegend(parts, top, hasNodes: timeline.Phases.Any(p => p.Nodes.Length > 0), hasUnsent: lanes.Any(l => !l.NotSent.IsEmpty));
        parts.Insert(0, new PictureBox("paper", new Span(0, Width), 0, top + 14 + Margin));
        return new Picture(Width, top + 14 + Margin, timeline.Title, TimelineStyle.Sheet, [.. parts]) { Words = Words(timeline) };
    }

    private static ImmutableArray<TimelineLane> Chosen(ImmutableArray<TimelineLane> lanes)
    {
        if (lanes.Length <= MostLanes)
        {
            return lanes;
        }

        return
        [
            .. lanes.Index()
                .OrderByDescending(l => l.Item.Outages.Select(o => o.Duration).DefaultIfEmpty().Max())
                .Take(MostLanes)
                .OrderBy(l => l.Index)
                .Select(l => l.Item),
        ];
    }

    private static void AddLegend(List<PicturePart> parts, double top, bool hasNodes, bool hasUnsent)
    {
        var left = Plot.Left;
        Add(x => new PictureDots("good", [(x + 7, top + 7)]), "answered well");
        Add(x => new PictureDots("failed", [(x + 7, top + 7)]), "failed");
        Add(x => new PictureBox("outage", new Span(x, x + 14), top, 14), "outage");
        if (hasUnsent)
        {
            Add(x => new PictureBox("unsent", new Span(x, x + 14), top + 5, 5), "requests due and not sent");
        }

        if (hasNodes)
        {
            Add(x => new PictureBox("nodes", new Span(x, x + 14), top + 4, 6), "Pods restarted; the tooltip names the Nodes");
        }

        void Add(Func<double, PicturePart> sign, string text)
        {
            parts.Add(sign(left));
            parts.Add(new PictureText("text", left + 22, top + 11, text));
            left += 22 + PictureText.WidthOf(text) + 26;
        }
    }

    private static ImmutableArray<string> Words(Timeline timeline)
    {
        List<string> sentences =
        [
            timeline.Title + ".",
            .. timeline.Lanes.Select(l => $"{l.Name}: {l.Totals}."),
            .. PhaseBands.Merged(timeline).Select(p => $"Phase {p.Name} from {OutageWords.Offset(p.Start)} for {OutageWords.Span(p.End - p.Start)}."),
            .. timeline.Lanes.SelectMany(l => l.Outages).OrderBy(o => o.Start).Select(o => $"Outage of {o.Flow} {OutageWords.Of(o, timeline.Start)}."),
        ];
        return sentences.Count <= MostSentences ? [.. sentences] : [.. sentences.Take(MostSentences), $"And {sentences.Count - MostSentences} more."];
    }
}
