using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>One family's part of the picture: numbered clashes, lanes, the axis, and the clashes in words.</summary>
internal sealed class FamilyPanel
{
    public const double PlotLeft = 150;
    public const double PlotWidth = AddressPictureLayout.Width - PlotLeft - 30;

    /// <summary>How many marks get a number and a sentence: those that cut most Pods off. The others are marks alone.</summary>
    private const int MostNumbered = 20;

    /// <summary>How many ranges a tooltip names.</summary>
    private const int MostNamed = 6;

    /// <summary>Narrower ones have no room for a mark.</summary>
    private const double LeastGap = 5;

    /// <summary>So that a single range is seen among thousands.</summary>
    private const double LeastBox = 2;

    private const double LaneHeight = 28;
    private const double BoxHeight = 18;
    private const double BadgeWidth = 20;
    private const double RowHeight = 17;
    private const double Indent = 16;

    /// <summary>How far a break mark reaches to either side.</summary>
    private const double CutReach = 4;

    /// <summary>How far from a line a label keeps.</summary>
    private const double LineReach = 2;

    private static readonly Span Plot = new(PlotLeft, PlotLeft + PlotWidth);

    private readonly bool _isIPv6;
    private readonly ImmutableArray<AddressClash> _clashes;
    private readonly ImmutableArray<Entry> _entries;
    private readonly List<int> _lanes;

    public FamilyPanel(
        bool isIPv6, ImmutableArray<AddressRange> ranges, ImmutableArray<AddressClash> clashes, ImmutableArray<SuggestedPool> pools)
    {
        _isIPv6 = isIPv6;
        _clashes = clashes;
        _entries =
        [
            .. ranges.Select(r => new Entry(r.Cidr, PictureLane.IndexOf(r.Use), () => PictureLane.Words(r))),
            .. pools.Select(p => new Entry(p.Cidr, PictureLane.All.Length - 1, () => $"{p.Cidr} is free: room for a new IPPool with blocks of /{p.BlockSize}")),
        ];
        _lanes = [.. _entries.Select(e => e.Lane).Distinct().Order()];
    }

    public bool IsEmpty => _entries.IsEmpty;

    /// <summary>Adds the panel below <paramref name="top"/>.</summary>
    /// <returns>Where it ends.</returns>
    public double AddTo(List<PicturePart> parts, CutOffPods pods, double top)
    {
        var axis = Axis();
        var marks = ClashMark.Of(_clashes, axis, pods);
        List<ClashMark> numbered =
        [
            .. marks.OrderByDescending(m => m.CutOff.Pods)
                .ThenByDescending(m => m.Clashes)
                .ThenBy(m => m.Across.Left)
                .Take(MostNumbered)
                .OrderBy(m => m.Across.Left)
                .ThenBy(m => m.Across.Right),
        ];
        parts.Add(new PictureText(
            "family", 24, top + 14,
            $"{(_isIPv6 ? "IPv6" : "IPv4")}: {AddressPictureLayout.Count(_clashes.Length, "clash", "clashes")} among {AddressPictureLayout.Count(_entries.Length, "range")}"));
        var badges = top + 26;
        var lanes = badges + (numbered.Count > 0 ? 34 : 0);
        var end = lanes + (_lanes.Count * LaneHeight);
        AddLanes(parts, axis, marks, numbered, lanes, end);
        AddMarks(parts, marks, lanes);
        AddBadges(parts, numbered, badges, lanes);
        end = AddAxis(parts, axis, end);
        for (var i = 0; i < numbered.Count; i++)
        {
            var indent = 0.0;
            foreach (var line in PictureText.Wrap($"{i + 1}: {numbered[i].Sentence}; {numbered[i].CutOff.Brief}", AddressPictureLayout.Width - PlotLeft - (2 * Indent)))
            {
                parts.Add(new PictureText("text", PlotLeft + indent, end + RowHeight - 4, line));
                indent = Indent;
                end += RowHeight;
            }
        }

        if (marks.Count > numbered.Count)
        {
            parts.Add(new PictureText("text", PlotLeft, end + RowHeight - 4, $"… and {marks.Count - numbered.Count} more marks; their tooltips say what they are"));
            end += RowHeight;
        }

        return end;
    }

    private AddressAxis Axis()
    {
        ImmutableArray<Cidr> shown = [.. _entries.Select(e => e.Range).Distinct().Order()];
        var surrounding = new HashSet<Cidr>();
        for (var i = 0; i + 1 < shown.Length; i++)
        {
            if (shown[i].Contains(shown[i + 1]))
            {
                surrounding.Add(shown[i]);
            }
        }

        return AddressAxis.Of(
            shown,
            _entries.Where(e => !PictureLane.All[e.Lane].Surrounds || !surrounding.Contains(e.Range)).Select(e => e.Range),
            _clashes.Select(c => c.Shared),
            Plot.Left,
            Plot.Width);
    }

    private void AddLanes(List<PicturePart> parts, AddressAxis axis, List<ClashMark> marks, List<ClashMark> numbered, double top, double end)
    {
        for (var row = 0; row < _lanes.Count; row++)
        {
            var lane = PictureLane.All[_lanes[row]];
            var rowTop = top + (row * LaneHeight);
            parts.Add(new PictureBox("lane", Plot, rowTop, LaneHeight - 2));
            parts.Add(new PictureText("text", 24, rowTop + 17, lane.Name));
        }

        List<Span> gaps = [.. axis.Gaps().Where(g => g.Width >= LeastGap)];
        parts.AddRange(gaps.Select(g => new PictureBox("gap", g, top, end - top - 2)));
        parts.AddRange(gaps.Select(g => AddressPictureLayout.BreakMark("break", g.Middle, end - 4, 10)));
        for (var row = 0; row < _lanes.Count; row++)
        {
            var rowTop = top + (row * LaneHeight) + 4;
            var surrounds = PictureLane.All[_lanes[row]].Surrounds;
            AddBoxes(parts, axis, Hidden(marks, numbered, surrounds ? gaps : [], _lanes[row]), _lanes[row], rowTop);
            if (surrounds)
            {
                parts.AddRange(gaps.Select(g => AddressPictureLayout.BreakMark("cut", g.Middle, rowTop, BoxHeight)));
            }
        }
    }

    /// <summary>The ranges of a lane, those that cannot be told apart in one box; outer ones first, so that inner ones lie over them.</summary>
    private void AddBoxes(List<PicturePart> parts, AddressAxis axis, List<Span> hidden, int lane, double top)
    {
        var boxes = _entries.Where(e => e.Lane == lane)
            .Select(e => (Entry: e, Across: axis.SpanOf(e.Range)))
            .GroupBy(e => e.Across.Cells)
            .Select(g => (Entries: g.Select(e => e.Entry).ToList(), Across: g.Select(e => e.Across).Aggregate((sum, next) => sum.With(next))))
            .OrderByDescending(b => b.Across.Width)
            .ThenBy(b => b.Across.Left)
            .ThenBy(b => b.Entries[0].Range);
        foreach (var (entries, across) in boxes)
        {
            var ranges = entries.Select(e => e.Range).Distinct().Count();
            var named = entries.Take(MostNamed).Select(e => e.Words());
            var rest = entries.Count > MostNamed ? [$"… and {entries.Count - MostNamed} more"] : Array.Empty<string>();
            parts.Add(new PictureBox(
                PictureLane.All[lane].Look + (ranges > 1 ? " run" : ""), across.AtLeast(LeastBox, Plot), top, BoxHeight, string.Join('\n', named.Concat(rest))));
            var label = entries[0].Range.ToString();
            if (ranges == 1 && RoomFor(PictureText.WidthOf(label) + 6, across, hidden) is { } left)
            {
                parts.Add(new PictureText("label", left + 4, top + 13, label));
            }
        }
    }

    /// <summary>Where something lies over a lane's boxes, from left to right: marks, the lines from numbers down to marks below, and breaks.</summary>
    private static List<Span> Hidden(List<ClashMark> marks, List<ClashMark> numbered, List<Span> cuts, int lane) =>
    [
        .. marks.Where(m => m.UpperLane <= lane && lane <= m.LowerLane).Select(m => m.Across.AtLeast(Span.CellWidth, Plot))
            .Concat(numbered.Where(m => lane < m.UpperLane).Select(m => new Span(m.Across.Middle - LineReach, m.Across.Middle + LineReach)))
            .Concat(cuts.Select(c => new Span(c.Middle - CutReach, c.Middle + CutReach)))
            .OrderBy(s => s.Left),
    ];

    /// <summary>Where in a box a label of this width begins that no mark hides; null when there is no room for it.</summary>
    private static double? RoomFor(double width, Span across, IEnumerable<Span> hidden)
    {
        var left = across.Left;
        foreach (var mark in hidden)
        {
            left = mark.Left < left + width ? Math.Max(left, mark.Right) : left;
        }

        return left + width < across.Right ? left : null;
    }

    /// <summary>A band from lane to lane, and the contested addresses in both.</summary>
    private void AddMarks(List<PicturePart> parts, List<ClashMark> marks, double lanes)
    {
        foreach (var mark in marks)
        {
            var across = mark.Across.AtLeast(Span.CellWidth, Plot);
            var (upper, lower) = (TopOf(mark.UpperLane, lanes), TopOf(mark.LowerLane, lanes));
            var tooltip = $"CLASH: {mark.Sentence}\n{mark.CutOff.Full}";
            parts.Add(new PictureBox("band", across, upper, lower + BoxHeight - upper, tooltip));
            parts.Add(new PictureBox("clash", across, upper, BoxHeight, tooltip));
            if (mark.LowerLane != mark.UpperLane)
            {
                parts.Add(new PictureBox("clash", across, lower, BoxHeight, tooltip));
            }
        }
    }

    /// <summary>Numbers above the lanes, each as near to its mark as its neighbours let it.</summary>
    private void AddBadges(List<PicturePart> parts, List<ClashMark> marks, double top, double lanes)
    {
        var at = new double[marks.Count];
        for (var i = 0; i < marks.Count; i++)
        {
            at[i] = Math.Max(marks[i].Across.Middle, i == 0 ? Plot.Left : at[i - 1] + BadgeWidth + 4);
        }

        for (var i = marks.Count - 1; i >= 0; i--)
        {
            at[i] = Math.Min(at[i], (i == marks.Count - 1 ? Plot.Right : at[i + 1] - BadgeWidth - 4));
            var middle = marks[i].Across.Middle;
            parts.Add(new PictureLine("leader", [(at[i], top + 16), (middle, lanes), (middle, TopOf(marks[i].UpperLane, lanes))]));
            parts.Add(new PictureBox("badge", new Span(at[i] - (BadgeWidth / 2), at[i] + (BadgeWidth / 2)), top, 16, $"{marks[i].Sentence}\n{marks[i].CutOff.Full}"));
            parts.Add(new PictureText("number", at[i], top + 12, $"{i + 1}", IsCentered: true));
        }
    }

    private static double AddAxis(List<PicturePart> parts, AddressAxis axis, double top)
    {
        var free = Plot.Left;
        foreach (var (left, first) in axis.Stretches())
        {
            var label = first.ToString();
            if (left >= free && left + PictureText.WidthOf(label) <= AddressPictureLayout.Width)
            {
                parts.Add(new PictureLine("tick", [(left, top), (left, top + 5)]));
                parts.Add(new PictureText("axis", left, top + 16, label));
                free = left + PictureText.WidthOf(label) + 8;
            }
        }

        return top + 24;
    }

    private double TopOf(int lane, double lanes) => lanes + (_lanes.IndexOf(lane) * LaneHeight) + 4;

    /// <summary>A range in its lane. Words are made only for tooltips.</summary>
    private sealed record Entry(Cidr Range, int Lane, Func<string> Words);
}
