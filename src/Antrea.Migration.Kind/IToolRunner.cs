using System.Collections.Immutable;

namespace Antrea.Migration.Kind;

/// <summary>A program to run.</summary>
/// <param name="Program">A name on PATH, or a path.</param>
/// <param name="Arguments">The argument vector, without the program.</param>
/// <param name="Input">What it finds on standard input; nothing when empty.</param>
/// <param name="Provider">What kind is to run Nodes with, whatever is set around it; nothing for other programs.</param>
internal sealed record ToolCommand(string Program, ImmutableArray<string> Arguments, string Input = "", string? Provider = null)
{
    /// <summary>The command line as one would type it; arguments with special characters in single quotes.</summary>
    public override string ToString() => string.Join(' ', [Program, .. Arguments.Select(Quote)]);

    private static string Quote(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '=')
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

/// <summary>How it ended.</summary>
/// <param name="ExitCode">0 for success.</param>
/// <param name="Output">Standard output, as UTF-8.</param>
/// <param name="Error">Standard error, as UTF-8.</param>
internal sealed record ToolResult(int ExitCode, string Output, string Error);

/// <summary>The seam to the machine's processes.</summary>
internal interface IToolRunner
{
    /// <summary>Runs a program to its end; a non-zero exit code is a result.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="onErrorLine">Gets each line of standard error as it comes; may be <see langword="null"/>.</param>
    /// <param name="cancellationToken">Kills the program and its children.</param>
    /// <exception cref="ToolMissingException">The program could not be started.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    Task<ToolResult> RunAsync(ToolCommand command, Action<string>? onErrorLine, CancellationToken cancellationToken);
}

/// <summary>A program that is not there, or cannot be executed.</summary>
internal sealed class ToolMissingException(string program, Exception innerException)
    : Exception($"'{program}' cannot be started: {innerException.Message}", innerException);
