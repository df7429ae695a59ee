namespace Antrea.Migration.Execution;

/// <summary>Obeys what <see cref="MigrationControl"/> holds, before every change.</summary>
internal sealed class ControlGate(MigrationControl control, TimeProvider time, TimeSpan lookEvery)
{
    /// <summary>Returns at once, or when a pause is over.</summary>
    /// <param name="change">What is to be made.</param>
    /// <param name="mayGoOn">Whether the change would still be made; a pause is not waited for otherwise.</param>
    /// <param name="report">Told that it waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The abort that was asked for, which stays in force until it is withdrawn; null for none.</returns>
    public async Task<MigrationRequest?> PassAsync(MigrationChange change, Func<bool> mayGoOn, Action<string> report, CancellationToken cancellationToken)
    {
        for (var isPaused = false; mayGoOn() && await control.ReadAsync(cancellationToken).ConfigureAwait(false) is { } request;)
        {
            if (request.Wish == MigrationWish.Abort)
            {
                return request;
            }

            if (!isPaused)
            {
                isPaused = true;
                report($"paused by {request.By} since {request.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, before {change.Subject}; 'antrea-migrator resume' lets it go on");
            }

            await Task.Delay(lookEvery, time, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>What an abort says.</summary>
    public static MigrationStop StopOf(MigrationRequest abort) => new(
        $"Aborted by {abort.By}, {abort.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.",
        "Undo what was done with 'antrea-migrator rollback', or run the command again; it goes on here.");

    /// <summary>Takes an abort back that is obeyed, and not what was asked for since.</summary>
    public Task SpendAsync(MigrationRequest abort, CancellationToken cancellationToken) => control.WithdrawAsync(abort, cancellationToken);
}
