using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Writes what becomes of steps, one entry at a time, whoever writes.</summary>
internal sealed class StepJournal(KubernetesApi api, IMigrationJournal journal, TimeProvider time)
{
    private const string Mark = "journal";

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Whether a failure is the journal's, which ends the run, and no step's.</summary>
    public static bool IsItsFailure(MigrationException e) => e.Data.Contains(Mark);

    /// <exception cref="OperationCanceledException">Cancelled before the entry's turn; nothing was written.</exception>
    /// <exception cref="MigrationException">It cannot be kept: see <see cref="IsItsFailure"/>.</exception>
    public async Task WriteAsync(MigrationStep step, JournalState state, string detail, CancellationToken cancellationToken, TimeSpan? duration = null)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            await AppendAsync(new JournalEntry(time.GetUtcNow(), step.Id, state, detail) { Duration = duration }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The stop is written down apart from the step, whose own entry still says how far it is.</summary>
    /// <param name="place">Before or within which steps, in words.</param>
    /// <param name="change">What was not done any more.</param>
    /// <param name="stop">Why.</param>
    public async Task<MigrationPaused> PauseAsync(string place, MigrationChange change, MigrationStop stop)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await journal.AppendAsync(
                new JournalEntry(
                    time.GetUtcNow(),
                    JournalEntry.PauseId,
                    JournalState.Paused,
                    $"{place}, next {change.Subject}: {stop.Reason}"),
                CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }

        return new MigrationPaused(time.GetUtcNow(), change.Step, change.Subject, stop.Reason, stop.Next);
    }

    private async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // The write itself is never cut short: a half-written journal helps nobody.
                await journal.AppendAsync(entry, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (MigrationException e) when (KubernetesApi.IsAway(e) && attempt == 1 && api.Patience is { Limit: var limit } && limit > TimeSpan.Zero)
            {
                await api.WaitOutAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (MigrationException e)
            {
                e.Data[Mark] = true;
                throw;
            }
        }
    }
}
