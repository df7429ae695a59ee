namespace Antrea.Migration.Clusters;

/// <summary>What Kubernetes takes as a label. What it does not take can be on no Pod and no Namespace.</summary>
/// <remarks>Source: Kubernetes <c>apimachinery/pkg/util/validation</c>.</remarks>
internal static class LabelSyntax
{
    private const int MaxNameLength = 63;
    private const int MaxPrefixLength = 253;

    /// <summary>Whether a label may have this value; the empty value is one.</summary>
    public static bool IsValue(string value) => value.Length == 0 || IsName(value);

    /// <summary>Whether a label may have this key: a name, perhaps behind a DNS name and a slash.</summary>
    public static bool IsKey(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? IsName(key) : IsDnsName(key[..slash]) && IsName(key[(slash + 1)..]);
    }

    private static bool IsName(string text) =>
        text.Length is >= 1 and <= MaxNameLength
        && char.IsAsciiLetterOrDigit(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Whether a text is a name as DNS has them, which is what most objects are called by: lower-case words with dots between.</summary>
    public static bool IsDnsName(string text) =>
        text.Length is >= 1 and <= MaxPrefixLength
        && text.Split('.').All(part =>
            part.Length > 0
            && part[0] != '-'
            && part[^1] != '-'
            && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));
}
