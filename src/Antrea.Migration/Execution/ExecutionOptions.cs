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

    /// <summary>Who executes, in the Lease that keeps a second migrator away: the same name takes up at once where it stopped, another waits
    /// until the Lease has run out. Default: a name of its own for every execution.</summary>
    public string Holder { get; init; } = $"migrator-{Guid.NewGuid():N}";

    /// <summary>How long an API server that does not answer at all is waited for within a step. Default 10 minutes.</summary>
    public TimeSpan OutagePatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>On how many Nodes files, routes, rules and labels are changed side by side; from 1, which is one Node after the other. Default
    /// <see cref="DefaultNodesAtOnce"/>.</summary>
    /// <remarks>Looks, which change nothing, are at 8 Nodes at once in any case. Pods restart by their own limits. A <see cref="Gate"/> is asked before each change all the same, one question at a time, but the changes that it has let
    /// through may still be under way: who must see the effect of each before the next, takes 1.</remarks>
    public int NodesAtOnce { get; init; } = DefaultNodesAtOnce;

    /// <summary>4: a loaded API server answers so many <c>exec</c> calls without keeping others waiting.</summary>
    public const int DefaultNodesAtOnce = 4;

    /// <summary>1,000.</summary>
    public const int MostNodesAtOnce = 1000;
}
