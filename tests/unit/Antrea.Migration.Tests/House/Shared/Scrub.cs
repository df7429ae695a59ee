using System.Globalization;
using System.Text.RegularExpressions;

namespace Antrea.Migration.Tests.House;

/// <summary>Replaces what differs from run to run, so that a text can be approved.</summary>
internal static class Scrub
{
    private static readonly Regex Time = new(
        @"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.,]\d+)?( ?(Z|[+-]\d{2}:?\d{2}))?", RegexOptions.CultureInvariant);

    private static readonly Regex Id = new(
        @"\b([0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    private static readonly Regex GoDuration = new(
        @"(?<![\w.])(\d+h)?(\d+m(?!s))?\d+(\.\d+)?(ns|µs|us|ms|s)\b", RegexOptions.CultureInvariant);

    /// <summary>Times and ids.</summary>
    public static string TimesAndIds(string text) => Ids(Times(text));

    /// <summary>Points in time, as RFC 3339 and its variants write them, become <c>{time}</c>.</summary>
    public static string Times(string text) => Time.Replace(text, "{time}");

    /// <summary>Durations as Go writes them (<c>1m20.25s</c>, <c>200ms</c>) become <c>{duration}</c>.</summary>
    public static string Durations(string text) => GoDuration.Replace(text, "{duration}");

    /// <summary>UIDs and 64-digit hashes become <c>{id 1}</c>, <c>{id 2}</c>…: the same id keeps its number.</summary>
    public static string Ids(string text)
    {
        var numbers = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        return Id.Replace(text, match =>
        {
            if (!numbers.TryGetValue(match.Value, out var number))
            {
                numbers[match.Value] = number = numbers.Count + 1;
            }

            return string.Create(CultureInfo.InvariantCulture, $"{{id {number}}}");
        });
    }
}
