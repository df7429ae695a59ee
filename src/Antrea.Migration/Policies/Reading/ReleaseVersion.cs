using System.Globalization;

namespace Antrea.Migration.Policies.Reading;

/// <summary>The major and minor number of a release: all that decides about meaning.</summary>
internal readonly record struct ReleaseVersion(int Major, int Minor) : IComparable<ReleaseVersion>
{
    /// <summary>Reads <c>v3.26.1</c>, <c>3.26</c>, <c>v3.34.0-0.dev</c>; what follows the minor number is not looked at.</summary>
    public static bool TryParse(string? text, out ReleaseVersion version)
    {
        version = default;
        var parts = (text ?? "").TrimStart('v').Split('.');
        if (parts.Length < 2
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
        {
            return false;
        }

        version = new ReleaseVersion(major, minor);
        return true;
    }

    public int CompareTo(ReleaseVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    public static bool operator <(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Major}.{Minor}";
}
