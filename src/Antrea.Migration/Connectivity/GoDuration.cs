using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Antrea.Migration.Connectivity;

/// <summary>A span of time in nanoseconds, written as Go writes it: <c>20.248457447s</c>, <c>1m30s</c>, <c>200ms</c>.</summary>
/// <remarks>
/// <para><b>Shape.</b> Zero is <c>0s</c>. Below a second one unit is used (<c>ns</c>, <c>µs</c>, <c>ms</c>) and no leading zero;
/// from a second on hours, minutes and seconds, the larger ones only when needed. Trailing zeros of the fraction are left out.
/// About ±292 years. <c>default</c> is zero.</para>
/// <para><b>Source.</b> Go's <c>time.Duration.String</c> and <c>time.ParseDuration</c>, as documented by the package
/// <c>time</c>.</para>
/// </remarks>
public readonly record struct GoDuration : IComparable<GoDuration>
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Creates a duration.</summary>
    /// <param name="nanoseconds">Its length; negative for a span backwards.</param>
    public GoDuration(long nanoseconds) => Nanoseconds = nanoseconds;

    /// <summary>The length in nanoseconds.</summary>
    public long Nanoseconds { get; }

    /// <summary>The duration of a <see cref="TimeSpan"/>.</summary>
    /// <exception cref="OverflowException">It is longer than about 292 years.</exception>
    public static GoDuration FromTimeSpan(TimeSpan value) => new(checked(value.Ticks * TimeSpan.NanosecondsPerTick));

    /// <summary>Reads a duration such as <c>200ms</c>, <c>1.5h</c>, <c>-1m30s</c> or <c>0</c>.</summary>
    /// <exception cref="FormatException">The text is not a duration; the message names the text and the column.</exception>
    public static GoDuration Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var value, out var error) ? value : throw new FormatException(error);
    }

    /// <summary>Reads a duration, or says what is wrong with it.</summary>
    /// <param name="text">The text; no blanks around it.</param>
    /// <param name="value">The duration, or zero.</param>
    /// <param name="error">What is wrong, with text and column.</param>
    public static bool TryParse(
        [NotNullWhen(true)] string? text, out GoDuration value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        var rest = (text ?? "").AsSpan();
        var negative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
        {
            rest = rest[1..];
        }

        if (rest is "0")
        {
            error = null;
            return true;
        }

        if (rest.IsEmpty)
        {
            error = $"'{text}' is not a duration: expected a number with a unit, for example 200ms";
            return false;
        }

        UInt128 total = 0;
        while (!rest.IsEmpty)
        {
            var column = text!.Length - rest.Length + 1;
            if (!TryReadNumber(ref rest, out var whole, out var fraction, out var scale))
            {
                error = $"'{text}' is not a duration: expected a number at column {column}";
                return false;
            }

            column = text.Length - rest.Length + 1;
            if (!TryReadUnit(ref rest, out var unit))
            {
                error = $"'{text}' is not a duration: expected ns, us, µs, ms, s, m or h at column {column}";
                return false;
            }

            total += (whole * unit) + (fraction * unit / scale);
            if (total > (UInt128)long.MaxValue + (negative ? 1u : 0u))
            {
                error = $"'{text}' is too long a duration: at most about 292 years";
                return false;
            }
        }

        value = new GoDuration(negative ? (long)-(Int128)total : (long)total);
        error = null;
        return true;
    }

    /// <summary>The duration as a <see cref="TimeSpan"/>, cut to 100 ns.</summary>
    public TimeSpan ToTimeSpan() => new(Nanoseconds / TimeSpan.NanosecondsPerTick);

    /// <inheritdoc/>
    public int CompareTo(GoDuration other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>The duration as Go writes it.</summary>
    public override string ToString()
    {
        var length = (ulong)Int128.Abs(Nanoseconds);
        var text = new StringBuilder(Nanoseconds < 0 ? "-" : "");
        switch (length)
        {
            case 0:
                text.Append("0s");
                break;
            case < 1_000:
                text.Append(CultureInfo.InvariantCulture, $"{length}ns");
                break;
            case < 1_000_000:
                AppendDecimal(text, length, 1_000, 3).Append("µs");
                break;
            case < NanosecondsPerSecond:
                AppendDecimal(text, length, 1_000_000, 6).Append("ms");
                break;
            default:
                var minutes = length / (60UL * NanosecondsPerSecond);
                if (minutes >= 60)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{minutes / 60}h");
                }

                if (minutes > 0)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{minutes % 60}m");
                }

                AppendDecimal(text, length % (60UL * NanosecondsPerSecond), NanosecondsPerSecond, 9).Append('s');
                break;
        }

        return text.ToString();
    }

    private static StringBuilder AppendDecimal(StringBuilder text, ulong value, ulong unit, int digits)
    {
        text.Append(CultureInfo.InvariantCulture, $"{value / unit}");
        var fraction = (value % unit).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0').TrimEnd('0');
        return fraction.Length == 0 ? text : text.Append('.').Append(fraction);
    }

    /// <summary>Digits, optionally a point and digits, at least one digit in all. Digits past the 18th of a fraction are
    /// below a nanosecond for every unit and are dropped.</summary>
    private static bool TryReadNumber(ref ReadOnlySpan<char> rest, out UInt128 whole, out UInt128 fraction, out UInt128 scale)
    {
        whole = 0;
        fraction = 0;
        scale = 1;
        var i = 0;
        for (; i < rest.Length && char.IsAsciiDigit(rest[i]); i++)
        {
            // Saturates far above what any unit allows, so that the sum reports "too long" instead of wrapping.
            whole = whole > ulong.MaxValue ? whole : (whole * 10) + (uint)(rest[i] - '0');
        }

        var digits = i;
        if (i < rest.Length && rest[i] == '.')
        {
            for (i++; i < rest.Length && char.IsAsciiDigit(rest[i]); i++)
            {
                digits++;
                if (scale < 1_000_000_000_000_000_000)
                {
                    fraction = (fraction * 10) + (uint)(rest[i] - '0');
                    scale *= 10;
                }
            }
        }

        rest = rest[i..];
        return digits > 0;
    }

    private static bool TryReadUnit(ref ReadOnlySpan<char> rest, out UInt128 nanoseconds)
    {
        var length = rest.IndexOfAny("0123456789.");
        var name = length < 0 ? rest : rest[..length];
        nanoseconds = name switch
        {
            "ns" => 1,
            "us" or "\u00B5s" or "\u03BCs" => 1_000,
            "ms" => 1_000_000,
            "s" => NanosecondsPerSecond,
            "m" => 60 * (UInt128)NanosecondsPerSecond,
            "h" => 3600 * (UInt128)NanosecondsPerSecond,
            _ => 0,
        };
        if (nanoseconds == 0)
        {
            return false;
        }

        rest = rest[name.Length..];
        return true;
    }
}
