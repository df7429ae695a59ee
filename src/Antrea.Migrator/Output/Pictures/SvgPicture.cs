using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>Writes a picture as SVG, or as a page that holds it: no scripts, nothing loaded, names from the cluster only as text.</summary>
internal static class SvgPicture
{
    /// <summary>Longer texts are cut: the names in them are somebody else's.</summary>
    private const int MostCharacters = 1000;

    /// <summary>What every picture has.</summary>
    private const string Style =
        """

        text { font: 12px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: #1f2933; }
        .heading { font-size: 17px; font-weight: 600; } .family { font-weight: 600; }
        .label { font-size: 10px; fill: #ffffff; } .number { font-size: 11px; font-weight: 700; fill: #ffffff; } .axis { font-size: 10px; fill: #5b6672; }
        .paper { fill: #ffffff; } .lane { fill: #f1f4f7; }
        @media (prefers-color-scheme: dark) {
        text { fill: #e4e7eb; } .label, .number { fill: #ffffff; } .axis { fill: #9aa5b1; }
        .paper { fill: #14181d; } .lane { fill: #20262d; }
        }
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>Whether a file of this name holds a page, and not the picture alone.</summary>
    public static bool IsPage(string path) => path.EndsWith(".html", StringComparison.OrdinalIgnoreCase);

    /// <summary>Writes the file; which of the formats, its name says.</summary>
    public static Task SaveAsync(string path, Picture picture, CancellationToken cancellationToken) =>
        WholeFile.WriteAsync(path, IsPage(path) ? WritePage(picture) : Write(picture), cancellationToken);

    /// <summary>The text of a file <c>.svg</c>.</summary>
    public static string Write(Picture picture) => Text(Draw(picture));

    /// <summary>The text of a file <c>.html</c>.</summary>
    public static string WritePage(Picture picture) => "<!DOCTYPE html>\n" + Text(
        new XElement(
            "html",
            new XAttribute("lang", "en"),
            new XElement(
                "head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("name", "color-scheme"), new XAttribute("content", "light dark")),
                new XElement("title", Harmless(picture.Title))),
            new XElement(
                "body",
                Draw(picture),
                picture.Words.IsEmpty ? null : new XElement("ul", picture.Words.Select(w => new XElement("li", Harmless(w)))))));

    private static XElement Draw(Picture picture) => new(
        Svg + "svg",
        new XAttribute("viewBox", $"0 0 {Number(picture.Width)} {Number(picture.Height)}"),
        new XAttribute("width", Number(picture.Width)),
        new XAttribute("height", Number(picture.Height)),
        new XAttribute("role", "img"),
        new XElement(Svg + "title", Harmless(picture.Title)),
        picture.Words.IsEmpty ? null : new XElement(Svg + "desc", string.Join('\n', picture.Words.Select(Harmless))),
        new XElement(Svg + "style", $"{Style}\n{picture.Style}\n".ReplaceLineEndings("\n")),
        picture.Parts.Select(part => Draw(part, picture.Width)));

    private static XElement Draw(PicturePart part, double width) => part switch
    {
        PictureBox box => new XElement(
            Svg + "rect",
            new XAttribute("class", box.Look),
            new XAttribute("x", Number(box.Across.Left)),
            new XAttribute("y", Number(box.Top)),
            new XAttribute("width", Number(box.Across.Width)),
            new XAttribute("height", Number(box.Height)),
            box.Tooltip is null ? null : new XElement(Svg + "title", Harmless(box.Tooltip))),
        PictureText text => new XElement(
            Svg + "text",
            new XAttribute("class", text.Look),
            new XAttribute("x", Number(text.X)),
            new XAttribute("y", Number(text.Baseline)),
            text.IsCentered ? new XAttribute("text-anchor", "middle") : null,
            Harmless(Fitting(text, width))),
        PictureLine line => new XElement(
            Svg + "polyline",
            new XAttribute("class", line.Look),
            new XAttribute("points", string.Join(' ', line.Points.Select(p => $"{Number(p.X)},{Number(p.Y)}")))),
        PictureDots dots => new XElement(
            Svg + "path",
            new XAttribute("class", dots.Look),
            new XAttribute("d", string.Concat(dots.Points.Select(p => $"M{Number(p.X)} {Number(p.Y)}h0")))),
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "No such part is drawn."),
    };

    /// <summary>What fits between its place and the right edge.</summary>
    private static string Fitting(PictureText text, double width)
    {
        var most = (int)((width - text.X) / PictureText.WidthOf("x"));
        return text.IsCentered || text.Text.Length <= most ? text.Text : text.Text[..Math.Max(most - 1, 0)] + "…";
    }

    private static string Number(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);

    /// <summary>Without what XML forbids, and without other controls but line ends; whatever else is in it is escaped when it is written.</summary>
    private static string Harmless(string text)
    {
        var harmless = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Take(MostCharacters))
        {
            var isKept = rune.Value == '\n' || !(Rune.IsControl(rune) || rune.Value is 0xFFFE or 0xFFFF || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format);
            harmless.Append((isKept ? rune : Rune.ReplacementChar).ToString());
        }

        return harmless.Append(harmless.Length >= MostCharacters ? "…" : "").ToString();
    }

    private static string Text(XElement root)
    {
        var text = new StringBuilder();
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n" };
        using (var writer = XmlWriter.Create(text, settings))
        {
            root.Save(writer);
        }

        return text.Append('\n').ToString();
    }
}
