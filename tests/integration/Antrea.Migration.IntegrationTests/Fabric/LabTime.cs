namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>A clock that a test moves by hand; its timers never run out.</summary>
internal sealed class StandingTime : TimeProvider
{
    private long _ticks = new DateTimeOffset(2023, 10, 14, 12, 0, 0, TimeSpan.Zero).UtcTicks;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer();

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>A clock that leaps over every wait at once; <see cref="Waited"/> adds them up.</summary>
internal sealed class LeapingTime : TimeProvider
{
    private long _waited;

    public TimeSpan Waited => TimeSpan.FromTicks(Volatile.Read(ref _waited));

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2023, 10, 14, 12, 0, 0, TimeSpan.Zero) + Waited;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Interlocked.Add(ref _waited, dueTime.Ticks);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
