using System.Collections.Concurrent;
using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Answers in a Node's place where it is told to.</summary>
internal sealed class SteeredNodes(INodeAccess nodes, Func<string, NodeCommand, CancellationToken, Task<NodeCommandResult?>> answer) : INodeAccess
{
    public static readonly NodeCommandResult Failure = new(1, "", "no space left on device");

    public async Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default) =>
        await answer(node, command, cancellationToken) ?? await nodes.RunAsync(node, command, cancellationToken);
}

internal sealed class SteeredGate(Func<MigrationChange, CancellationToken, Task<MigrationStop?>> answer) : IMigrationGate
{
    public CancellationToken BrokenOff { get; init; }

    public async ValueTask<MigrationStop?> AskAsync(MigrationChange change, CancellationToken cancellationToken = default) => await answer(change, cancellationToken);
}

/// <summary>Remembers what was written, and loses what it is told to.</summary>
internal sealed class WatchedJournal(IMigrationJournal journal) : IMigrationJournal
{
    private readonly ConcurrentQueue<JournalEntry> _entries = [];
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Func<JournalEntry, bool> Loses { get; init; } = _ => false;

    /// <summary>A step has failed.</summary>
    public Task Failed => _failed.Task;

    /// <summary>The entries of steps whose ids begin so.</summary>
    public List<JournalEntry> Of(string beginning) => [.. _entries.Where(e => e.StepId.StartsWith(beginning, StringComparison.Ordinal))];

    public Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default) => journal.ReadAsync(cancellationToken);

    public async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        if (Loses(entry))
        {
            throw new MigrationException("The disk is full.", "Make room.");
        }

        _entries.Enqueue(entry);
        await journal.AppendAsync(entry, cancellationToken);
        if (entry.State == JournalState.Failed)
        {
            _failed.TrySetResult();
        }
    }
}
