using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>What an unquoted YAML scalar means to Kubernetes.</summary>
/// <remarks>
/// Kubernetes turns YAML into JSON by the rules of YAML 1.1 without its timestamps: <c>yes</c>, <c>on</c> and <c>y</c>
/// are true, <c>0644</c> is octal, <c>1_000</c> is a thousand, <c>2023-10-14</c> stays text. A file that kubectl would
/// apply must mean the same here, so these rules hold rather than those of YAML 1.2. What kubectl prints is quoted
/// wherever the two differ. Source: sigs.k8s.io/yaml, <c>goyaml.v2/resolve.go</c>.
/// </remarks>
internal static class YamlScalar
{
    // A longer run of digits is no number anybody meant, and turning it into one takes time that grows with its square.
    private const int LongestNumber = 400;

    /// <summary>The value of an unquoted scalar; a text when it is nothing else.</summary>
    /// <param name="text">The scalar.</param>
    /// <param name="value">The value; null for YAML's null.</param>
    /// <returns>False when the value is infinite or not a number, which JSON cannot say.</returns>
    public static bool TryResolve(string text, out JsonNode? value)
    {
        value = null;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return true;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                value = JsonValue.Create(true);
                return true;
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                value = JsonValue.Create(false);
                return true;
            case ".nan" or ".NaN" or ".NAN" or ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF"
                or "-.inf" or "-.Inf" or "-.INF":
                return false;
        }

        value = TryNumber(text) ?? JsonValue.Create(text);
        return true;
    }

    /// <summary>Whether a text read back unquoted would still be that text, by the rules of YAML 1.1 and 1.2 alike.</summary>
    public static bool IsPlainText(string text)
    {
        if (text.Length == 0 || !char.IsAsciiLetter(text[0]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '/'))
            {
                return false;
            }
        }

        return TryResolve(text, out var value) && value is JsonValue scalar && scalar.TryGetValue<string>(out _);
    }

    private static JsonNode? TryNumber(string text)
    {
        if (text.Length > LongestNumber || !(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.'))
        {
            return null;
        }

        if (IsJsonNumber(text))
        {
            // As written, so that a number keeps its digits on the way through.
            return IsFinite(text) ? JsonNode.Parse(text) : null;
        }

        var plain = text[0] == '.' ? text : text.Replace("_", "", StringComparison.Ordinal);
        if (TryInteger(plain, out var integer))
        {
            return JsonNode.Parse(integer.ToString(CultureInfo.InvariantCulture));
        }

        return IsFloat(plain) && IsFinite(plain)
            ? JsonNode.Parse(double.Parse(plain, NumberStyles.Float, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture))
            : null;
    }

    private static bool TryInteger(string text, out BigInteger value)
    {
        value = 0;
        var negative = text.StartsWith('-');
        var digits = text.AsSpan(negative || text.StartsWith('+') ? 1 : 0);
        var radix = 10;
        if (digits.Length > 1 && digits[0] == '0')
        {
            radix = digits[1] switch { 'x' or 'X' => 16, 'o' or 'O' => 8, 'b' or 'B' => 2, _ => 0 };
            digits = digits[(radix == 0 ? 1 : 2)..];
            radix = radix == 0 ? 8 : radix;
        }

        if (digits.IsEmpty)
        {
            return false;
        }

        foreach (var c in digits)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }

            var digit = char.IsAsciiDigit(c) ? c - '0' : char.ToLowerInvariant(c) - 'a' + 10;
            if (digit >= radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        value = negative ? -value : value;
        return true;
    }

    private static bool IsJsonNumber(ReadOnlySpan<char> text)
    {
        var at = text[0] == '-' ? 1 : 0;
        var whole = Digits(text, ref at);
        if (whole == 0 || (whole > 1 && text[at - whole] == '0'))
        {
            return false;
        }

        if (at < text.Length && text[at] == '.')
        {
            at++;
            if (Digits(text, ref at) == 0)
            {
                return false;
            }
        }

        return EndsWithExponent(text, at);
    }

    private static bool IsFloat(ReadOnlySpan<char> text)
    {
        var at = text[0] is '-' or '+' ? 1 : 0;
        var whole = Digits(text, ref at);
        if (at < text.Length && text[at] == '.')
        {
            at++;
            if (Digits(text, ref at) == 0 && whole == 0)
            {
                return false;
            }
        }
        else if (whole == 0)
        {
            return false;
        }

        return EndsWithExponent(text, at);
    }

    private static bool EndsWithExponent(ReadOnlySpan<char> text, int at)
    {
        if (at == text.Length)
        {
            return true;
        }

        if (text[at] is not ('e' or 'E'))
        {
            return false;
        }

        at++;
        if (at < text.Length && text[at] is '+' or '-')
        {
            at++;
        }

        return Digits(text, ref at) > 0 && at == text.Length;
    }

    private static int Digits(ReadOnlySpan<char> text, ref int at)
    {
        var from = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return at - from;
    }

    private static bool IsFinite(string text) =>
        double.IsFinite(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
}
