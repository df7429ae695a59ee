using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.StandIns.Kube;

/// <summary>Tells a loop that objects of some kinds may have changed, so that not every Node asks for all of them every other second.</summary>
/// <remarks>What it says is a hint: an account that may not watch, or a broken connection, leaves the loop with its limit.</remarks>
internal sealed class KubeChanges
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(10);

    private readonly ManualResetEvent _changed = new(initialState: false);

    /// <summary>Watches until the process ends.</summary>
    public KubeChanges(KubeObjects objects, params ResourceType[] types)
    {
        foreach (var type in types)
        {
            new Thread(() => Watch(objects, type)) { IsBackground = true }.Start();
        }
    }

    /// <summary>True when the end has come; false after a change, and those that come right behind it, or when the time was over first.</summary>
    public bool WaitForEnd(TimeSpan limit)
    {
        if (Idle.WaitForEnd(limit, _changed) || (_changed.WaitOne(0) && Idle.WaitForEnd(Pause)))
        {
            return true;
        }

        _changed.Reset();
        return false;
    }

    private void Watch(KubeObjects objects, ResourceType type)
    {
        var pause = TimeSpan.Zero;
        while (!Idle.WaitForEnd(pause))
        {
            try
            {
                objects.Watch(type, () => _changed.Set());
                pause = Pause; // The server ends watches after some time.
            }
            catch (StandInException e)
            {
                Console.Error.WriteLine($"no watch of {type.QualifiedPlural}: {e.Message}");
                pause = AfterFailure;
            }
        }
    }
}
