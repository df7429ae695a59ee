namespace Antrea.Migration.Execution;

/// <summary>What a journal entry says of its step.</summary>
public enum JournalState
{
    /// <summary>The first entry of a journal: which plan it belongs to.</summary>
    Plan,

    /// <summary>The step is about to act.</summary>
    Intent,

    /// <summary>The step has acted and the cluster shows it.</summary>
    Done,

    /// <summary>The step did not work; <see cref="JournalEntry.Detail"/> says why.</summary>
    Failed,

    /// <summary>The gate stopped the migration; not about a step, whose own entry stays the newest of its own. The step's id is
    /// <see cref="JournalEntry.PauseId"/>.</summary>
    Paused,
}

/// <summary>One line of the journal.</summary>
/// <param name="Time">When it was written.</param>
/// <param name="StepId">The step, the plan's id in an entry of state <see cref="JournalState.Plan"/>, <see cref="PauseId"/> or <see cref="UnbegunId"/>.</param>
/// <param name="State">What it says.</param>
/// <param name="Detail">For a person; never a secret.</param>
public sealed record JournalEntry(DateTimeOffset Time, string StepId, JournalState State, string Detail)
{
    /// <summary>What entries of state <see cref="JournalState.Paused"/> have for a step.</summary>
    public const string PauseId = "pause";

    /// <summary>What entries of state <see cref="JournalState.Failed"/> have for a step that failed before its intent: it has changed nothing, and its own entry stays as it was.</summary>
    public const string UnbegunId = "unbegun";

    /// <summary>How long the step took; in entries of state <see cref="JournalState.Done"/> whose step acted.</summary>
    public TimeSpan? Duration { get; init; }
}
