namespace Antrea.Migrator.Output.Pictures;

/// <summary>A stretch from left to right, in pixels.</summary>
internal readonly record struct Span(double Left, double Right)
{
    /// <summary>What begins and ends in the same of these cells is drawn as one shape.</summary>
    public const double CellWidth = 4;

    public double Width => Right - Left;

    public double Middle => (Left + Right) / 2;

    /// <summary>The cells of its ends, of a narrow one that of its middle: what differs by less cannot be told apart.</summary>
    public (int Left, int Right) Cells => Width < CellWidth ? (CellOf(Middle), CellOf(Middle)) : (CellOf(Left), CellOf(Right));

    /// <summary>Both, and what is between.</summary>
    public Span With(Span other) => new(Math.Min(Left, other.Left), Math.Max(Right, other.Right));

    /// <summary>Widened where it is too narrow to be seen, within a frame.</summary>
    public Span AtLeast(double width, Span within)
    {
        var left = Width >= width ? Left : Math.Clamp(Middle - (width / 2), within.Left, within.Right - width);
        return new Span(left, Math.Max(Right, left + width));
    }

    private static int CellOf(double x) => (int)(x / CellWidth);
}
