using System.Runtime.InteropServices;

namespace Antrea.Migration.StandIns;

/// <summary>A program that does nothing but run, and the check that it does.</summary>
internal static class Idle
{
    private const string Mark = "/tmp/standin.ready";

    public static int Run()
    {
        SetReady(true);
        WaitForEnd();
        return 0;
    }

    public static int Check() => File.Exists(Mark) ? 0 : 1;

    /// <summary>What <see cref="Check"/> answers in other processes of this container.</summary>
    public static void SetReady(bool ready)
    {
        Directory.CreateDirectory("/tmp");
        if (ready)
        {
            File.WriteAllText(Mark, "");
        }
        else
        {
            File.Delete(Mark);
        }
    }

    /// <summary>Until SIGTERM or SIGINT.</summary>
    public static void WaitForEnd() => WaitForEnd(Timeout.InfiniteTimeSpan);

    /// <summary>True when the end has come, false when the time was over first.</summary>
    public static bool WaitForEnd(TimeSpan time)
    {
        _ = Signals.Value;
        return Ended.Wait(time);
    }

    /// <summary>True when the end has come, false when something else did or the time was over first.</summary>
    public static bool WaitForEnd(TimeSpan time, WaitHandle orUntil)
    {
        _ = Signals.Value;
        return WaitHandle.WaitAny([Ended.WaitHandle, orUntil], time) == 0;
    }

    private static readonly ManualResetEventSlim Ended = new();

    private static readonly Lazy<PosixSignalRegistration[]> Signals = new(() =>
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnEnd),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, OnEnd),
    ]);

    private static void OnEnd(PosixSignalContext context)
    {
        context.Cancel = true;
        Ended.Set();
    }
}
