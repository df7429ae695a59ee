using System.Collections.Immutable;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>What to draw and where, in pixels from the top left corner; later ones lie over earlier ones.</summary>
/// <param name="Width">Of the view box.</param>
/// <param name="Height">Of the view box.</param>
/// <param name="Title">The whole in one line.</param>
/// <param name="Style">The looks of the parts that not every picture has, as a style sheet; must close every brace that it opens.</param>
/// <param name="Parts">In drawing order.</param>
internal sealed record Picture(double Width, double Height, string Title, string Style, ImmutableArray<PicturePart> Parts)
{
    /// <summary>The same in sentences, for who cannot see it: an SVG's description, a list below it on a page.</summary>
    public ImmutableArray<string> Words { get; init; } = [];
}

/// <summary>A thing to draw.</summary>
/// <param name="Look">A class of the style sheet.</param>
internal abstract record PicturePart(string Look);

/// <summary>A box; with a tooltip it stands for something.</summary>
internal sealed record PictureBox(string Look, Span Across, double Top, double Height, string? Tooltip = null) : PicturePart(Look);

/// <summary>A line of text. Its length is estimated by <see cref="WidthOf"/>, since whoever draws it chooses the font.</summary>
internal sealed record PictureText(string Look, double X, double Baseline, string Text, bool IsCentered = false) : PicturePart(Look)
{
    private const double CharacterWidth = 6.6;

    public static double WidthOf(string text) => text.Length * CharacterWidth;

    /// <summary>The text in lines of this width at most, broken between words; a word that is wider by itself loses its end.</summary>
    public static IEnumerable<string> Wrap(string text, double width)
    {
        var most = (int)(width / CharacterWidth);
        var line = "";
        foreach (var word in text.Split(' ').Select(w => w.Length <= most ? w : w[..(most - 1)] + "…"))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > most)
            {
                yield return line;
                line = "";
            }

            line += line.Length == 0 ? word : " " + word;
        }

        yield return line;
    }
}

/// <summary>Round dots of one look; their size is the look's stroke.</summary>
internal sealed record PictureDots(string Look, ImmutableArray<(double X, double Y)> Points) : PicturePart(Look);

/// <summary>A line through some points.</summary>
internal sealed record PictureLine(string Look, ImmutableArray<(double X, double Y)> Points) : PicturePart(Look);
