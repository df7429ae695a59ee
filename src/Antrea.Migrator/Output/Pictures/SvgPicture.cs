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

    private const string Style =
        """

        text { font: 12px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: #1f2933; }
        .heading { font-size: 17px; font-weight: 600; } .family { font-weight: 600; }
        .label { font-size: 10px; fill: #ffffff; } .number { font-size: 11px; font-weight: 700; fill: #ffffff; } .axis { font-size: 10px; fill: #5b6672; }
        .paper { fill: #ffffff; } .lane { fill: #f1f4f7; } .gap { fill: #ffffff; }
        .break, .leader, .tick { fill: none; stroke: #9aa5b1; stroke-width: 1; } .leader { stroke: #d6001c; }
        .cut { fill: none; stroke: #ffffff; stroke-width: 2; }
        .pool { fill: #7a8794; } .block { fill: #2f6fb5; } .address { fill: #2a9aa8; } .podcidr { fill: #3f8f4f; } .service { fill: #7d57b0; }
        .node { fill: #8a6d3b; } .outside { fill: #52606d; } .suggested { fill: #13806a; }
        .pool, .block, .address, .podcidr, .service, .node, .outside, .suggested { stroke: #ffffff; stroke-width: 0.6; } .run { stroke: #1f2933; stroke-dasharray: 2 2; }
        .band { fill: #d6001c; fill-opacity: 0.22; } .clash { fill: #d6001c; stroke: #7f0011; stroke-width: 1; } .badge { fill: #d6001c; }
        @media (prefers-color-scheme: dark) {
        text { fill: #e4e7eb; } .label, .number { fill: #ffffff; } .axis { fill: #9aa5b1; }
        .paper { fill: #14181d; } .lane { fill: #20262d; } .gap { fill: #14181d; } .cut { stroke: #14181d; }
        .pool, .block, .address, .podcidr, .service, .node, .outside, .suggested { stroke: #14181d; } .run { stroke: #e4e7eb; }
        .band { fill: #ff4d5e; fill-opacity: 0.3; } .clash { fill: #ff4d5e; stroke: #ffb3ba; } .badge { fill: #d6001c; } .leader { stroke: #ff4d5e; }
        }

        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>The text of a file <c>.svg</c>.</summary>
    public static string Write(AddressPicture picture) => Text(Draw(picture));

    /// <summary>The text of a file <c>.html</c>.</summary>
    public static string WritePage(AddressPicture picture) => "<!DOCTYPE html>\n" + Text(
        new XElement(
            "html",
            new XAttribute("lang", "en"),
            new XElement(
                "head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("name", "color-scheme"), new XAttribute("content", "light dark")),
                new XElement("title", Harmless(picture.Title))),
            new XElement("body", Draw(picture))));

    private static XElement Draw(AddressPicture picture) => new(
        Svg + "svg",
        new XAttribute("viewBox", $"0 0 {Number(picture.Width)} {Number(picture.Height)}"),
        new XAttribute("width", Number(picture.Width)),
        new XAttribute("height", Number(picture.Height)),
        new XAttribute("role", "img"),
        new XElement(Svg + "title", Harmless(picture.Title)),
        new XElement(Svg + "style", Style.ReplaceLineEndings("\n")),
        picture.Parts.Select(Draw));

    private static XElement Draw(PicturePart part) => part switch
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
            Harmless(Fitting(text))),
        PictureLine line => new XElement(
            Svg + "polyline",
            new XAttribute("class", line.Look),
            new XAttribute("points", string.Join(' ', line.Points.Select(p => $"{Number(p.X)},{Number(p.Y)}")))),
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "No such part is drawn."),
    };

    /// <summary>What fits between its place and the right edge.</summary>
    private static string Fitting(PictureText text)
    {
        var most = (int)((AddressPictureLayout.Width - text.X) / PictureText.WidthOf("x"));
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
