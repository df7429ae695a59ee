namespace Antrea.Migration.Benchmarks;

/// <summary>How large the inputs are, and which of them have been checked.</summary>
/// <remarks>A dry job sees whether every benchmark runs and agrees: the smallest size is enough for that.</remarks>
internal static class Scale
{
    private static readonly HashSet<(Type, string)> Checked = [];

    /// <summary>Whether only the smallest sizes are run.</summary>
    public static bool IsDry { get; set; }

    /// <summary>The sizes to run of those given, the smallest first.</summary>
    public static T[] Of<T>(params T[] sizes) => IsDry ? sizes[..1] : sizes;

    /// <summary>Whether this is the first time that a benchmark asks for this input: inputs are the same each time, so once
    /// is enough to check the answers.</summary>
    public static bool IsFirst(object benchmark, string input) => Checked.Add((benchmark.GetType(), input));
}
