using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Writes what becomes of steps, one entry at a time, whoever writes.</summary>
internal sealed class StepJournal(KubernetesApi api, IMigrationJournal journal, TimeProvider time)
{
    private const string Mark = "journal";

    private readonly SemaphoreSlim _turn = new(1);
    private volatile bool _isGivenUp;

    /// <summary>Whether a failure is the journal's, which ends the run, and no step's.</summary>
    public static bool IsItsFailure(MigrationException e) => e.Data.Contains(Mark);

    /// <summary>Makes a failure one that ends the run, whichever step meets it.</summary>
    public static MigrationException AsItsFailure(MigrationException e)
    {
        e.Data[Mark] = true;
        return e;
    }

    /// <summary>The API server was waited for in vain: no entry waits for it again.</summary>
    public void GiveUp() => _isGivenUp = true;

    /// <summary>Writes what becomes of a step: its intent unless it is cancelled before its turn, what has happened in any case.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before the turn of an intent, or while an API server that is away was waited for; nothing was written.</exception>
    /// <exception cref="MigrationException">It cannot be kept: see <see cref="IsItsFailure"/>.</exception>
    public async Task WriteAsync(MigrationStep step, JournalState state, string detail, CancellationToken cancellationToken, TimeSpan? duration = null)
    {
        await _turn.WaitAsync(state == JournalState.Intent ? cancellationToken : CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (state == JournalState.Intent)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            await AppendAsync(new JournalEntry(time.GetUtcNow(), step.Id, state, detail) { Duration = duration }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A stop is written down apart from the step, whose own entry still says how far it is.</summary>
    /// <param name="detail">Where it stopped, and why.</param>
    /// <param name="cancellationToken">Ends the wait for an API server that is away.</param>
    /// <returns>Why the journal could not say so; null where it could.</returns>
    public Task<string?> PauseAsync(string detail, CancellationToken cancellationToken) => NoteAsync(JournalEntry.PauseId, JournalState.Paused, detail, cancellationToken);

    /// <summary>So is the failure of a step that had not begun.</summary>
    /// <inheritdoc cref="PauseAsync"/>
    public Task<string?> FailUnbegunAsync(string detail, CancellationToken cancellationToken) => NoteAsync(JournalEntry.UnbegunId, JournalState.Failed, detail, cancellationToken);

    private async Task<string?> NoteAsync(string id, JournalState state, string detail, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await AppendAsync(new JournalEntry(time.GetUtcNow(), id, state, detail), cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (MigrationException e)
        {
            return e.Message;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                // The write itself is never cut short: a half-written journal helps nobody.
                await journal.AppendAsync(entry, CancellationToken.None).ConfigureAwait(false);
            }
            catch (MigrationException e) when (KubernetesApi.IsAway(e) && !_isGivenUp && api.Patience is { Limit: var limit } && limit > TimeSpan.Zero)
            {
                // Whoever comes after a wait in vain does not wait as long again.
                _isGivenUp = true;
                await api.WaitOutAsync(cancellationToken).ConfigureAwait(false);
                _isGivenUp = false;
                await journal.AppendAsync(entry, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (MigrationException e)
        {
            throw AsItsFailure(e);
        }
    }
}
