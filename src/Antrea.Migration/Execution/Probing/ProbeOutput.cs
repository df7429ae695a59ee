using System.Globalization;
using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Execution;

/// <summary>Reads what <see cref="ProbeCommands"/> print.</summary>
internal static class ProbeOutput
{
    /// <summary>Words of <c>nc</c> and <c>wget</c>, busybox's and GNU's, and what they mean; the first that is found counts.</summary>
    private static readonly (string Word, ProbeFailureCause Cause)[] Words =
    [
        ("bad address", ProbeFailureCause.Dns),
        ("unable to resolve", ProbeFailureCause.Dns),
        ("Name or service not known", ProbeFailureCause.Dns),
        ("Temporary failure in name resolution", ProbeFailureCause.Dns),
        ("refused", ProbeFailureCause.Refused),
        ("No route to host", ProbeFailureCause.Unreachable),
        ("unreachable", ProbeFailureCause.Unreachable),
        ("timed out", ProbeFailureCause.Timeout),
        ("reset by peer", ProbeFailureCause.Reset),
        ("error getting response", ProbeFailureCause.Reset),
        ("server returned error", ProbeFailureCause.HttpStatus),
        ("certificate", ProbeFailureCause.Tls),
        ("TLS", ProbeFailureCause.Tls),
    ];

    /// <summary>One line of <see cref="ProbeCommands.ConnectTo"/>; null when it is none.</summary>
    /// <exception cref="MigrationException">The container has not what it takes.</exception>
    public static (int Index, ProbeOutcome Outcome)? ParseConnection(string line)
    {
        var parts = line.Split(' ', 3);
        return parts.Length >= 2 && TryWhole(parts[0], out var index) && TryWhole(parts[1], out var code)
            ? (index, Judge(code, parts.Length == 3 ? parts[2] : ""))
            : null;
    }

    /// <summary>One line of <see cref="ProbeCommands.WatchTarget"/>; null when it is none.</summary>
    /// <exception cref="MigrationException">The container has not what it takes.</exception>
    public static ProbeReport? ParseReport(string line)
    {
        var parts = line.Split(' ', 5);
        if (parts.Length < 3 || !TryWhole(parts[1], out var sequence)
            || !double.TryParse(parts[2], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var uptime))
        {
            return null;
        }

        return (parts[0], parts.Length) switch
        {
            ("s", 3) => new ProbeReport(sequence, TimeSpan.FromSeconds(uptime), null),
            ("r", >= 4) when TryWhole(parts[3], out var code) =>
                new ProbeReport(sequence, TimeSpan.FromSeconds(uptime), Judge(code, parts.Length == 5 ? parts[4] : "")),
            _ => null,
        };
    }

    /// <summary>What a program's exit code and message mean.</summary>
    /// <exception cref="MigrationException">There is no such program, or it is another than it should be.</exception>
    public static ProbeOutcome Judge(int exitCode, string message)
    {
        if (exitCode is 126 or 127 || message.Contains("invalid option", StringComparison.Ordinal) || message.Contains("unrecognized option", StringComparison.Ordinal))
        {
            throw new MigrationException(
                $"The container cannot probe: {message}", "Use an image with busybox's sh, timeout, nc and wget: see --probe-image.");
        }

        message = ForeignText.Plain(message);
        return exitCode switch
        {
            0 => ProbeOutcome.Success,

            // 124 is GNU timeout's own; busybox's passes on that the program was ended by SIGTERM.
            124 or 143 => new ProbeOutcome(ProbeFailureCause.Timeout, "no answer in time"),
            _ when Array.Find(Words, w => message.Contains(w.Word, StringComparison.OrdinalIgnoreCase)) is { Word: not null } found =>
                new ProbeOutcome(found.Cause, message),

            // GNU wget, which says nothing when it is quiet.
            8 => new ProbeOutcome(ProbeFailureCause.HttpStatus, message.Length > 0 ? message : "the server answers with an error"),
            _ => new ProbeOutcome(
                ProbeFailureCause.Other, message.Length > 0 ? message : string.Create(CultureInfo.InvariantCulture, $"exit code {exitCode}")),
        };
    }

    private static bool TryWhole(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
