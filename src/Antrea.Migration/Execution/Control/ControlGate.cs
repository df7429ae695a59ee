namespace Antrea.Migration.Execution;

/// <summary>Obeys what <see cref="MigrationControl"/> holds, before every change.</summary>
internal sealed class ControlGate(MigrationControl control, TimeProvider time, TimeSpan lookEvery)
{
    /// <summary>Returns at once, or when a pause is over.</summary>
    /// <exception cref="MigrationStoppedException">An abort was asked for.</exception>
    public async Task PassAsync(MigrationChange change, Action<string> report, CancellationToken cancellationToken)
    {
        for (var isPaused = false; await control.ReadAsync(cancellationToken).ConfigureAwait(false) is { } request;)
        {
            if (request.Wish == MigrationWish.Abort)
            {
                await control.WithdrawAsync(cancellationToken).ConfigureAwait(false);
                throw new MigrationStoppedException(
                    change,
                    new MigrationStop(
                        $"Aborted by {request.By}, {request.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.",
                        "Undo what was done with 'antrea-migrator rollback', or run the command again; it goes on here."));
            }

            if (!isPaused)
            {
                isPaused = true;
                report($"paused by {request.By} since {request.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, before {change.Subject}; 'antrea-migrator resume' lets it go on");
            }

            await Task.Delay(lookEvery, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
