namespace Antrea.Migration.Kind;

/// <summary>Names that go into command lines.</summary>
internal static class KindNames
{
    /// <summary>Whether <paramref name="name"/> is one that kind makes or takes; no such name looks like an option.</summary>
    public static bool IsName(string name) =>
        name.Length > 0
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');
}
