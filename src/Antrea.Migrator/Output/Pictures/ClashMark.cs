using Antrea.Migration.Addressing;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>Clashes between the same two lanes at the same place.</summary>
/// <param name="Across">Where the contested addresses are, exactly.</param>
/// <param name="UpperLane">Index of a lane of <see cref="PictureLane.All"/>.</param>
/// <param name="LowerLane">Index of the other one, or the same.</param>
/// <param name="Sentence">The first clash in words, and how many more there are.</param>
/// <param name="Clashes">How many they are.</param>
/// <param name="CutOff">Who is cut off.</param>
internal sealed record ClashMark(Span Across, int UpperLane, int LowerLane, string Sentence, int Clashes, CutOffWords CutOff)
{
    /// <summary>The marks of one family, from left to right.</summary>
    public static List<ClashMark> Of(IEnumerable<AddressClash> clashes, AddressAxis axis, CutOffPods pods) =>
    [
        .. clashes
            .Select(c => (Clash: c, Across: axis.SpanOf(c.Shared), Lanes: LanesOf(c)))
            .GroupBy(c => (c.Across.Cells, c.Lanes))
            .Select(group => new ClashMark(
                group.Select(c => c.Across).Aggregate((sum, next) => sum.With(next)),
                group.Key.Lanes.Upper,
                group.Key.Lanes.Lower,
                Words(group.First().Clash) + (group.Count() == 1 ? "" : $", and {AddressPictureLayout.Count(group.Count() - 1, "more clash", "more clashes")} here"),
                group.Count(),
                pods.In(group.Select(c => c.Clash.Shared))))
            .OrderBy(m => m.Across.Left)
            .ThenBy(m => m.Across.Right)
            .ThenBy(m => m.UpperLane)
            .ThenBy(m => m.LowerLane),
    ];

    private static (int Upper, int Lower) LanesOf(AddressClash clash)
    {
        var (left, right) = (PictureLane.IndexOf(clash.Left.Use), PictureLane.IndexOf(clash.Right.Use));
        return (Math.Min(left, right), Math.Max(left, right));
    }

    private static string Words(AddressClash clash) =>
        $"{PictureLane.Words(clash.Left)} {Verb(clash.Relation)} {PictureLane.Words(clash.Right)}";

    private static string Verb(CidrRelation relation) => relation switch
    {
        CidrRelation.Within => "lies in",
        CidrRelation.Contains => "holds",
        _ => "equals",
    };
}
