using System.Runtime.InteropServices;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>Waits for a moment closer than timers can, which count whole milliseconds and come late by one.</summary>
/// <remarks>The last two milliseconds are slept on the calling thread by the C library's <c>nanosleep</c> (POSIX.1-2001), which Linux
/// ends within some 50 µs. Where there is none, and with another clock than the machine's, timers do all of it.</remarks>
internal static class PreciseWait
{
    private static readonly TimeSpan Slept = TimeSpan.FromMilliseconds(2);
    private static readonly bool CanSleep = !OperatingSystem.IsWindows() && IntPtr.Size == 8;

    /// <summary>Whether waits may block the calling thread.</summary>
    public static bool Blocks(TimeProvider timeProvider) => CanSleep && timeProvider == TimeProvider.System;

    /// <summary>Waits at least <paramref name="time"/>, or until the token is cancelled; may end early by what timers cut off, so
    /// ask again.</summary>
    public static async ValueTask WaitAsync(TimeSpan time, TimeProvider timeProvider, CancellationToken stop)
    {
        if (!Blocks(timeProvider))
        {
            await DelayAsync(TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds)), timeProvider, stop).ConfigureAwait(false);
        }
        else if (time > Slept)
        {
            await DelayAsync(time - Slept, timeProvider, stop).ConfigureAwait(false);
        }
        else
        {
            var rest = new Interval(0, time.Ticks * TimeSpan.NanosecondsPerTick);
            _ = Sleep(in rest, IntPtr.Zero);
        }
    }

    private static Task DelayAsync(TimeSpan time, TimeProvider timeProvider, CancellationToken stop)
    {
        var waiting = Task.Delay(time, timeProvider, stop);
        return waiting.IsCompletedSuccessfully ? waiting : SuppressAsync(waiting);

        static async Task SuppressAsync(Task waiting) => await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    private static extern int Sleep(in Interval time, IntPtr rest);

    /// <summary><c>struct timespec</c> where pointers have 64 bits.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Interval(long seconds, long nanoseconds)
    {
        public readonly long Seconds = seconds;
        public readonly long Nanoseconds = nanoseconds;
    }
}
