using Spectre.Console;

namespace Antrea.Migrator.Output;

/// <summary>What is at the other end of a writer.</summary>
internal static class Terminal
{
    private const int PlainWidth = 160;

    /// <summary>Whether a person's terminal reads it, so that lines may be redrawn.</summary>
    public static bool IsInteractive(TextWriter output) => ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected;

    /// <summary>What writes tables there: with colours to a person, without to a file.</summary>
    public static IAnsiConsole Console(TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = IsInteractive(output) ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = IsInteractive(output) ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = Width(output);
        return console;
    }

    /// <summary>How many columns fit.</summary>
    public static int Width(TextWriter output) => IsInteractive(output) ? Math.Max(System.Console.WindowWidth, 60) : PlainWidth;
}
