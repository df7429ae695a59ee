using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>Lets what waits for a fake clock, or for a task completed by hand, run to its next wait before the call
/// returns.</summary>
/// <remarks>Such continuations run inside the call that completes them, unless the thread has a synchronization context, and
/// NUnit gives it one.</remarks>
internal static class InlineTime
{
    public static T Run<T>(Func<T> action)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    public static void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>Moves the clock in small steps, so that nobody who keeps up is ever late.</summary>
    public static void AdvanceInSteps(this FakeTimeProvider time, TimeSpan span) =>
        time.AdvanceInSteps(span, TimeSpan.FromMilliseconds(50));

    public static void AdvanceInSteps(this FakeTimeProvider time, TimeSpan span, TimeSpan step) => Run(() =>
    {
        for (; span > step; span -= step)
        {
            time.Advance(step);
        }

        time.Advance(span);
    });
}
