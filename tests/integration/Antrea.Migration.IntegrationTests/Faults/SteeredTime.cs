namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>The system's clock with short waits, and with stopwatches that a test can make run out.</summary>
internal sealed class SteeredTime : TimeProvider
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(10);

    private long _skipped;

    /// <summary>Lets every running time limit of up to an hour run out. Dates stay.</summary>
    public void RunOut() => Interlocked.Add(ref _skipped, TimestampFrequency * 3600);

    public override long GetTimestamp() => base.GetTimestamp() + Volatile.Read(ref _skipped);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > LongestWait ? LongestWait : dueTime, period);
}
