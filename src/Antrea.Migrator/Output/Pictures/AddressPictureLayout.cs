using Antrea.Migration.Addressing;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>Lays the address space out: a panel for each family, IPv4 above IPv6, and a legend.</summary>
/// <remarks>Pure: the same analysis gives the same picture. However large the cluster, a lane has at most <see cref="MostBoxesALane"/> boxes.</remarks>
internal static class AddressPictureLayout
{
    public const double Width = 1280;

    /// <summary>Ranges nest or are apart, and no two boxes of a lane begin and end in the same cells: they are at most three times as many
    /// as cells.</summary>
    public const int MostBoxesALane = (int)(3 * ((FamilyPanel.PlotWidth / Span.CellWidth) + 2));

    private const double Margin = 24;

    private const string Style =
        """
        .gap { fill: #ffffff; }
        .break, .leader, .tick { fill: none; stroke: #9aa5b1; stroke-width: 1; } .leader { stroke: #d6001c; }
        .cut { fill: none; stroke: #ffffff; stroke-width: 2; }
        .pool { fill: #7a8794; } .block { fill: #2f6fb5; } .address { fill: #2a9aa8; } .podcidr { fill: #3f8f4f; } .service { fill: #7d57b0; }
        .node { fill: #8a6d3b; } .outside { fill: #52606d; } .suggested { fill: #13806a; }
        .pool, .block, .address, .podcidr, .service, .node, .outside, .suggested { stroke: #ffffff; stroke-width: 0.6; } .run { stroke: #1f2933; stroke-dasharray: 2 2; }
        .band { fill: #d6001c; fill-opacity: 0.22; } .clash { fill: #d6001c; stroke: #7f0011; stroke-width: 1; } .badge { fill: #d6001c; }
        @media (prefers-color-scheme: dark) {
        .gap { fill: #14181d; } .cut { stroke: #14181d; }
        .pool, .block, .address, .podcidr, .service, .node, .outside, .suggested { stroke: #14181d; } .run { stroke: #e4e7eb; }
        .band { fill: #ff4d5e; fill-opacity: 0.3; } .clash { fill: #ff4d5e; stroke: #ffb3ba; } .badge { fill: #d6001c; } .leader { stroke: #ff4d5e; }
        }
        """;

    public static Picture Of(AddressAnalysis analysis, CutOffAnalysis cutOff, PoolAdvice advice)
    {
        var pods = new CutOffPods(cutOff);
        var title = $"Address space: {Count(analysis.Overlaps.Length, "overlap")} of Calico's addresses with PodCIDRs, "
            + $"{Count(analysis.Clashes.Length, "clash", "clashes")} in all ({analysis.Scenario})";
        var parts = new List<PicturePart> { new PictureText("heading", Margin, 34, title) };
        var top = 52.0;
        foreach (var isIPv6 in (bool[])[false, true])
        {
            var panel = new FamilyPanel(
                isIPv6,
                [.. analysis.Ranges.Where(r => r.Cidr.IsIPv6 == isIPv6)],
                [.. analysis.Clashes.Where(c => c.Shared.IsIPv6 == isIPv6)],
                [.. advice.Pools.Where(p => p.Cidr.IsIPv6 == isIPv6)]);
            if (!panel.IsEmpty)
            {
                top = panel.AddTo(parts, pods, top) + 20;
            }
        }

        top = AddLegend(parts, top);
        parts.Insert(0, new PictureBox("paper", new Span(0, Width), 0, top + Margin));
        return new Picture(Width, top + Margin, title, Style, [.. parts]);
    }

    public static string Count(int count, string one, string? many = null) => $"{count} {(count == 1 ? one : many ?? one + "s")}";

    private static double AddLegend(List<PicturePart> parts, double top)
    {
        parts.Add(new PictureBox("clash", new Span(Margin, Margin + 14), top, 14));
        parts.Add(new PictureText("text", Margin + 22, top + 11, "contested addresses, in both lanes that want them"));
        parts.Add(new PictureBox("pool run", new Span(Margin + 380, Margin + 394), top, 14));
        parts.Add(new PictureText("text", Margin + 402, top + 11, "several ranges too close to draw apart"));
        parts.Add(BreakMark("break", Margin + 690, top, 14));
        parts.Add(new PictureText("text", Margin + 702, top + 11, "unused addresses cut out; widths are not to scale"));
        return top + 14;
    }

    /// <summary>A zigzag from top to bottom.</summary>
    public static PictureLine BreakMark(string look, double x, double top, double height) =>
        new(look, [(x, top), (x - 3, top + (height * 0.35)), (x + 3, top + (height * 0.65)), (x, top + height)]);
}
