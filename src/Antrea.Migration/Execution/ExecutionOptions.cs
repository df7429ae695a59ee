namespace Antrea.Migration.Execution;

/// <summary>What to do at a hold point.</summary>
public enum HoldPolicy
{
    /// <summary>Stop there, each time.</summary>
    Stop,

    /// <summary>Pass the hold that an earlier run has stopped at; stop at the next one.</summary>
    PassNext,

    /// <summary>Pass every hold: for labs and rehearsals.</summary>
    PassAll,
}

/// <summary>How a plan is carried out.</summary>
public sealed record ExecutionOptions
{
    /// <summary>The folder that the backup goes to; made when missing. Files that are there are never overwritten.</summary>
    public required string BackupDirectory { get; init; }

    /// <summary>What to do before the steps of no easy return. Default: stop.</summary>
    public HoldPolicy Holds { get; init; }

    /// <summary>Asked before every change whether it may be made. Default: none, which always may.</summary>
    public IMigrationGate? Gate { get; init; }
}
