using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Asked before every change whether the migration may go on: an error budget, a pause asked for from elsewhere.</summary>
/// <remarks>The executor asks before each step that is not done yet, and within a step that restarts Pods before each workload and each
/// eviction. In between a controller may be rolling Pods on its own; what it has begun is waited for. It is never asked twice at a time; but where Nodes are
/// changed side by side (<see cref="ExecutionOptions.NodesAtOnce"/>) it is asked about one while changes of others are under way.</remarks>
public interface IMigrationGate
{
    /// <summary>Cancelled when the change under way must be broken off at once; <see cref="AskAsync"/> says why then.</summary>
    CancellationToken BrokenOff => CancellationToken.None;

    /// <summary>Answers before <paramref name="change"/> is made; the migration waits for the answer.</summary>
    /// <param name="change">What comes next.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null to go on; else why to stop here. The migration goes on from there when it is executed again.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<MigrationStop?> AskAsync(MigrationChange change, CancellationToken cancellationToken = default);
}

/// <summary>Something that is about to be done to the cluster.</summary>
/// <param name="Step">The step it is part of.</param>
/// <param name="Subject">In words: the step's title, or the workload or Pod to be restarted.</param>
/// <param name="Nodes">The Nodes whose Pods are restarted or whose files are changed; empty when it is not about some Nodes. Compared by
/// reference in equality.</param>
public sealed record MigrationChange(MigrationStep Step, string Subject, ImmutableArray<string> Nodes);

/// <summary>Why a migration stops before a change.</summary>
/// <param name="Reason">What was seen, for a person.</param>
/// <param name="Next">What to do next.</param>
public sealed record MigrationStop(string Reason, string Next);

/// <summary>The gate is closed. Becomes a <see cref="MigrationPaused"/> event.</summary>
internal sealed class MigrationStoppedException(MigrationChange change, MigrationStop stop) : Exception($"{change.Subject}: {stop.Reason}");
