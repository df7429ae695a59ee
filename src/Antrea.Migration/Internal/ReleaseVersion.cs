using System.Globalization;

namespace Antrea.Migration.Internal;

/// <summary>A release number such as v2.5.3; what follows a hyphen or plus is left out of comparisons.</summary>
internal readonly record struct ReleaseVersion(int Major, int Minor, int Patch = 0) : IComparable<ReleaseVersion>
{
    /// <summary>Reads <c>v2.5.3</c>, <c>2.5.3</c>, <c>v2.5</c> or <c>v2.5.3-rc.1</c>.</summary>
    public static bool TryParse(string? text, out ReleaseVersion version)
    {
        version = default;
        if (text is null)
        {
            return false;
        }

        var numbers = text.TrimStart('v').Split('-', '+')[0].Split('.');
        Span<int> parts = [0, 0, 0];
        if (numbers.Length is < 2 or > 3)
        {
            return false;
        }

        for (var i = 0; i < numbers.Length; i++)
        {
            if (!int.TryParse(numbers[i], NumberStyles.None, CultureInfo.InvariantCulture, out parts[i]))
            {
                return false;
            }
        }

        version = new ReleaseVersion(parts[0], parts[1], parts[2]);
        return true;
    }

    /// <summary>The tag of an image reference; null when it has none.</summary>
    public static string? TagOf(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[(colon + 1)..] : null;
    }

    /// <inheritdoc/>
    public int CompareTo(ReleaseVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"v{Major}.{Minor}.{Patch}");

    public static bool operator <(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) >= 0;
}
