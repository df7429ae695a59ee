using System.Globalization;

namespace Antrea.Migration.Routing;

/// <summary>The words of one line of text, and where they stand.</summary>
internal sealed class RouteLine
{
    /// <summary>The most characters of a line that is read: a multipath route of hundreds of next hops.</summary>
    public const int MaxLength = 64 * 1024;

    private readonly List<int> _columns = [];
    private int _number;

    /// <summary>The words, without the blanks between them.</summary>
    public List<string> Words { get; } = [];

    /// <summary>Where the word of this index stands, as <c>LINE:COLUMN</c>, both from 1.</summary>
    public string PlaceOf(int word) => string.Create(
        CultureInfo.InvariantCulture, $"{_number}:{(word < _columns.Count ? _columns[word] : _columns.Count == 0 ? 1 : _columns[^1])}");

    /// <summary>Replaces the words by those of another line.</summary>
    /// <param name="text">The line, or a part of it.</param>
    /// <param name="number">The line's number, from 1.</param>
    /// <param name="offset">How many characters of the line stand before the part.</param>
    public void Read(ReadOnlySpan<char> text, int number, int offset)
    {
        _number = number;
        Words.Clear();
        _columns.Clear();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var start = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            Words.Add(text[start..at].ToString());
            _columns.Add(offset + start + 1);
        }
    }
}
