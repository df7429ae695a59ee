using System.Globalization;

namespace Antrea.Migration.Connectivity;

/// <summary>Words that came from the network, made fit to be printed.</summary>
internal static class ForeignText
{
    private const int MostCharacters = 200;

    /// <summary>One line of bounded length, in which nothing moves a terminal's cursor or changes its colours.</summary>
    public static string Plain(string text)
    {
        var plain = string.Concat(text.Take(MostCharacters).Select(c => IsHarmless(c) ? c : '\uFFFD'));
        return text.Length > MostCharacters ? plain + "…" : plain;
    }

    private static bool IsHarmless(char c) =>
        !char.IsControl(c) && char.GetUnicodeCategory(c) is not (UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
