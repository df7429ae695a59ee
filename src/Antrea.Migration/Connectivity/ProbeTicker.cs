namespace Antrea.Migration.Connectivity;

/// <summary>A schedule of equal steps that hands out one tick at a time and drops what nobody took in time.</summary>
/// <remarks>Same rule as Go's <c>time.Ticker</c>, a channel with room for one: who comes late gets one tick at once, the others
/// in between are lost, and the schedule goes on from its old grid. Here the lost ones are counted.</remarks>
internal sealed class ProbeTicker(TimeSpan interval, TimeSpan first)
{
    private long _taken = -1;

    /// <summary>How many ticks were due and never taken.</summary>
    public long Dropped { get; private set; }

    private TimeSpan Next => first + (interval * (_taken + 1));

    /// <summary>Takes the tick that is waiting, if there is one.</summary>
    /// <param name="elapsed">Time since the start of the schedule.</param>
    /// <param name="due">When the tick that was taken was due.</param>
    public bool TryTake(TimeSpan elapsed, out TimeSpan due)
    {
        due = Next;
        var waiting = Waiting(elapsed);
        if (waiting == 0)
        {
            return false;
        }

        Dropped += waiting - 1;
        _taken += waiting;
        return true;
    }

    /// <summary>Counts the ticks that became due until <paramref name="elapsed"/>; nobody will take them any more.</summary>
    public void DropUntil(TimeSpan elapsed)
    {
        var waiting = Waiting(elapsed);
        Dropped += waiting;
        _taken += waiting;
    }

    /// <summary>Waits until the next tick is due; may end early, so ask again.</summary>
    public Task WaitAsync(TimeSpan elapsed, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        // Timers count whole milliseconds and cut the rest off; rounded up, one wait is enough.
        var milliseconds = Math.Max(0, Math.Ceiling((Next - elapsed).TotalMilliseconds));
        return Task.Delay(TimeSpan.FromMilliseconds(milliseconds), timeProvider, cancellationToken);
    }

    private long Waiting(TimeSpan elapsed) => elapsed < Next ? 0 : ((elapsed - Next).Ticks / interval.Ticks) + 1;
}
