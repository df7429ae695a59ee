using System.Diagnostics;

namespace Antrea.Migration.IntegrationTests.Connectivity;

/// <summary>Measures how late this machine wakes somebody up, for as long as it lives.</summary>
internal sealed class MachineNoise : IAsyncDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private long _mostTicks;

    public MachineNoise() => _running = MeasureAsync();

    /// <summary>The latest so far.</summary>
    public TimeSpan Most => new(Volatile.Read(ref _mostTicks));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task MeasureAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var since = Stopwatch.GetTimestamp();
            await Task.Delay(Nap, CancellationToken.None);
            Volatile.Write(ref _mostTicks, Math.Max(_mostTicks, (Stopwatch.GetElapsedTime(since) - Nap).Ticks));
        }
    }
}
