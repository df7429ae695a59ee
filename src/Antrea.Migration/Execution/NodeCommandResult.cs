namespace Antrea.Migration.Execution;

/// <summary>How a <see cref="NodeCommand"/> ended.</summary>
/// <param name="ExitCode">0 for success, by convention.</param>
/// <param name="Output">Standard output, decoded as UTF-8.</param>
/// <param name="Error">Standard error, decoded as UTF-8.</param>
public sealed record NodeCommandResult(int ExitCode, string Output, string Error);
