using System.Globalization;
using System.Text;

namespace Antrea.Migration.Tests.House;

/// <summary>The difference of two texts, in the unified form of diff -u.</summary>
internal static class TextDiff
{
    private const int Context = 3;

    // Above this many pairs of lines the changed middle is shown as removed and added whole.
    private const long MostPairs = 16_000_000;

    private readonly record struct Line(char Sign, string Text);

    /// <summary>Hunks with three lines around each change; empty when the texts are equal.</summary>
    public static string Unified(string before, string after, string beforeName, string afterName)
    {
        var lines = Compare(Split(before), Split(after));
        var shown = new bool[lines.Count];
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Sign != ' ')
            {
                Array.Fill(shown, true, Math.Max(0, i - Context), Math.Min(lines.Count, i + Context + 1) - Math.Max(0, i - Context));
            }
        }

        var text = new StringBuilder();
        var (old, @new) = (1, 1);
        for (var i = 0; i < lines.Count; i++)
        {
            if (shown[i])
            {
                if (i == 0 || !shown[i - 1])
                {
                    text.Append(text.Length == 0 ? $"--- {beforeName}\n+++ {afterName}\n" : "");
                    text.Append(Header(lines, shown, i, old, @new));
                }

                text.Append(lines[i].Sign).Append(lines[i].Text).Append('\n');
            }

            old += lines[i].Sign != '+' ? 1 : 0;
            @new += lines[i].Sign != '-' ? 1 : 0;
        }

        return text.ToString();
    }

    private static string Header(List<Line> lines, bool[] shown, int start, int old, int @new)
    {
        var hunk = lines.Skip(start).TakeWhile((_, i) => shown[start + i]).ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"@@ -{old},{hunk.Count(l => l.Sign != '+')} +{@new},{hunk.Count(l => l.Sign != '-')} @@\n");
    }

    private static List<Line> Compare(string[] before, string[] after)
    {
        var start = 0;
        while (start < before.Length && start < after.Length && before[start] == after[start])
        {
            start++;
        }

        var end = 0;
        while (end < before.Length - start && end < after.Length - start && before[^(end + 1)] == after[^(end + 1)])
        {
            end++;
        }

        return
        [
            .. before[..start].Select(l => new Line(' ', l)),
            .. CompareMiddle(before[start..^end], after[start..^end]),
            .. before[^end..].Select(l => new Line(' ', l)),
        ];
    }

    private static IEnumerable<Line> CompareMiddle(string[] before, string[] after)
    {
        // common[i, j]: the most lines that before[i..] and after[j..] have in common, in order.
        var isSmall = (long)before.Length * after.Length <= MostPairs;
        var common = isSmall ? new int[before.Length + 1, after.Length + 1] : new int[0, 0];
        for (var i = before.Length - 1; isSmall && i >= 0; i--)
        {
            for (var j = after.Length - 1; j >= 0; j--)
            {
                common[i, j] = before[i] == after[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        var (a, b) = (0, 0);
        while (a < before.Length || b < after.Length)
        {
            if (isSmall && a < before.Length && b < after.Length && before[a] == after[b])
            {
                yield return new Line(' ', before[a++]);
                b++;
            }
            else if (a < before.Length && (!isSmall || b == after.Length || common[a + 1, b] >= common[a, b + 1]))
            {
                yield return new Line('-', before[a++]);
            }
            else
            {
                yield return new Line('+', after[b++]);
            }
        }
    }

    private static string[] Split(string text) =>
        text.Length == 0 ? [] : (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
}
