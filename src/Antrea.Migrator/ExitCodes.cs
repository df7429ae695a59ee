namespace Antrea.Migrator;

/// <summary>What the command returns. Stable: scripts rely on it.</summary>
internal static class ExitCodes
{
    /// <summary>Done, equal, or nothing found.</summary>
    public const int Success = 0;

    /// <summary>Wrong usage, bad input, or something broke.</summary>
    public const int Error = 1;

    /// <summary>Findings that block, a difference, or a hold point that waits for the operator.</summary>
    public const int Findings = 2;

    /// <summary>Interrupted (Ctrl-C).</summary>
    public const int Interrupted = 130;
}
