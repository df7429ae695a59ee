namespace Antrea.Migration.Connectivity;

/// <summary>A caller's wish that a run ends in good order: nothing more is sent, and what is under way gets some time more.</summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class StopRequest(TimeProvider time)
{
    /// <summary>How long what is under way may take then. Whoever stops a run wants to read what it came to.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _asked = new();
    private readonly CancellationTokenSource _patienceEnded = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>Cancelled when nothing more may be sent.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>Cancelled when nothing is waited for any more.</summary>
    public CancellationToken PatienceEnded => _patienceEnded.Token;

    public void Ask()
    {
        if (!_asked.IsCancellationRequested)
        {
            _patienceEnded.CancelAfter(Patience);
            _asked.Cancel();
        }
    }
}
