using System.Collections.Immutable;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>What to draw and where, in pixels from the top left corner; later ones lie over earlier ones.</summary>
/// <param name="Width">Of the view box.</param>
/// <param name="Height">Of the view box.</param>
/// <param name="Title">The whole in one line.</param>
/// <param name="Parts">In drawing order.</param>
internal sealed record AddressPicture(double Width, double Height, string Title, ImmutableArray<PicturePart> Parts);

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
}

/// <summary>A line through some points.</summary>
internal sealed record PictureLine(string Look, ImmutableArray<(double X, double Y)> Points) : PicturePart(Look);
