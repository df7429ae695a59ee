namespace Antrea.Migrator.Output;

/// <summary>What is at the other end of a writer.</summary>
internal static class Terminal
{
    private const int PlainWidth = 160;

    /// <summary>Whether a person's terminal reads it, so that lines may be redrawn.</summary>
    public static bool IsInteractive(TextWriter output) => ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;

    /// <summary>How many columns fit.</summary>
    public static int Width(TextWriter output) => IsInteractive(output) ? Math.Max(Console.WindowWidth, 60) : PlainWidth;
}
