using System.Globalization;

namespace Antrea.Migration.Connectivity;

/// <summary>What a line of the seed's client says.</summary>
internal enum SeedClientField
{
    /// <summary><c>100 Requests completed</c>.</summary>
    Completed,

    /// <summary><c>Receiving Stop Signal, stopping...</c>.</summary>
    StopSignal,

    /// <summary><c>Total Requests:  1002</c>.</summary>
    Total,

    /// <summary><c>Success: 0</c>.</summary>
    Success,

    /// <summary><c>Failure: 1002</c>.</summary>
    Failure,

    /// <summary><c>Success Rate: 0.000000%</c>.</summary>
    SuccessRate,

    /// <summary><c>Total time: 24.651842152s</c>.</summary>
    TotalTime,

    /// <summary><c>Due and not sent: …</c>: ours, the client has no such line.</summary>
    Hidden,
}

/// <summary>One line of the seed's client, as text and as value. All its words live here, for writing and for reading.</summary>
/// <param name="At">The log's time, in seconds and without a zone.</param>
/// <param name="Field">What it says.</param>
/// <param name="Value">The number, or what stands for it, as printed; empty for <see cref="SeedClientField.StopSignal"/>.</param>
internal readonly record struct SeedClientLine(DateTime At, SeedClientField Field, string Value)
{
    private const string TimeFormat = "yyyy/MM/dd HH:mm:ss";

    /// <summary>What stands before and after the value. Two blanks after <c>Total Requests:</c>: the seed's client prints a
    /// label that ends in one and lets the logger add another.</summary>
    private static readonly (SeedClientField Field, string Before, string After)[] Forms =
    [
        (SeedClientField.StopSignal, "Receiving Stop Signal, stopping...", ""),
        (SeedClientField.Total, "Total Requests:  ", ""),
        (SeedClientField.SuccessRate, "Success Rate: ", "%"),
        (SeedClientField.Success, "Success: ", ""),
        (SeedClientField.Failure, "Failure: ", ""),
        (SeedClientField.TotalTime, "Total time: ", ""),
        (SeedClientField.Hidden, "Due and not sent: ", ""),
        (SeedClientField.Completed, "", " Requests completed"),
    ];

    public static SeedClientLine Create(DateTimeOffset at, SeedClientField field, FormattableString value) =>
        new(at.DateTime, field, FormattableString.Invariant(value));

    /// <summary>Reads a line that <see cref="ToString"/> could have written, and no other.</summary>
    public static bool TryParse(string text, out SeedClientLine line)
    {
        line = default;
        if (text.Length <= TimeFormat.Length
            || text[TimeFormat.Length] != ' '
            || !DateTime.TryParseExact(
                text.AsSpan(0, TimeFormat.Length), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
        {
            return false;
        }

        var rest = text[(TimeFormat.Length + 1)..];
        foreach (var (field, before, after) in Forms)
        {
            if (rest.Length >= before.Length + after.Length
                && rest.StartsWith(before, StringComparison.Ordinal)
                && rest.EndsWith(after, StringComparison.Ordinal)
                && IsValue(field, rest[before.Length..^after.Length]))
            {
                line = new SeedClientLine(at, field, rest[before.Length..^after.Length]);
                return true;
            }
        }

        return false;
    }

    /// <summary>The whole line, without its end.</summary>
    public override string ToString()
    {
        var field = Field;
        var (_, before, after) = Array.Find(Forms, form => form.Field == field);
        return $"{At.ToString(TimeFormat, CultureInfo.InvariantCulture)} {before}{Value}{after}";
    }

    public long ToNumber() => long.Parse(Value, NumberStyles.None, CultureInfo.InvariantCulture);

    private static bool IsValue(SeedClientField field, string value) => field switch
    {
        SeedClientField.StopSignal => value.Length == 0,
        SeedClientField.Hidden => value.Length > 0,
        SeedClientField.TotalTime => GoDuration.TryParse(value, out _, out _),
        SeedClientField.SuccessRate =>
            double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _),
        _ => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _),
    };
}
