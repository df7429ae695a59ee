using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Antrea.Migration.Internal;

/// <summary>Work on each item of a list by all cores, results in the list's order.</summary>
internal static class OrderedParallel
{
    /// <summary>The results, each at its item's place.</summary>
    /// <remarks>The caller does what no thread of the pool takes up, and waits for nothing that has not begun. PLINQ and
    /// <see cref="Parallel"/> wait for their tasks to begin: for ever, where each thread of the pool waits for a lock of the caller.</remarks>
    /// <exception cref="Exception">What <paramref name="map"/> threw, for the first of the items that it threw for; the others were done.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled; what had not begun was not done.</exception>
    public static TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> map, CancellationToken cancellationToken = default)
    {
        var results = new TResult[items.Count];
        var errors = new ConcurrentQueue<(int Place, Exception Error)>();
        var finished = new ManualResetEventSlim(items.Count == 0);
        var next = -1;
        var left = items.Count;
        ThreadPool.GetMinThreads(out var cores, out _);
        for (var helpers = Math.Min(cores, items.Count) - 1; helpers > 0; helpers--)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => Work(), null);
        }

        Work();
        finished.Wait(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        if (!errors.IsEmpty)
        {
            ExceptionDispatchInfo.Throw(errors.MinBy(e => e.Place).Error);
        }

        return results;

        void Work()
        {
            for (var i = Interlocked.Increment(ref next); i < results.Length; i = Interlocked.Increment(ref next))
            {
                try
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    results[i] = map(items[i]);
                }
                catch (Exception e)
                {
                    errors.Enqueue((i, e));
                }

                if (Interlocked.Decrement(ref left) == 0)
                {
                    finished.Set();
                }
            }
        }
    }
}
