namespace Antrea.Migration.Execution;

/// <summary>How a plan is carried out.</summary>
public sealed record ExecutionOptions
{
    /// <summary>The folder that the backup goes to; made when missing.</summary>
    public required string BackupDirectory { get; init; }

    /// <summary>Whether to go on at hold points. Default false: the migration stops before the steps of no easy return.</summary>
    public bool PassHolds { get; init; }
}
