using System.IO.Compression;
using System.Text;

namespace Antrea.Migration.Internal;

/// <summary>Text in little room, itself a text: gzip in Base64.</summary>
internal static class PackedText
{
    public static string Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return Convert.ToBase64String(packed.ToArray());
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <exception cref="FormatException">It is no packed text; the message names <paramref name="source"/>.</exception>
    public static string Unpack(string text, string source)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(text)), CompressionMode.Decompress);
            using var reader = new StreamReader(gzip, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            throw new FormatException($"{source}: not a packed text: {e.Message}", e);
        }
    }
}
