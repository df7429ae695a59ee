namespace Antrea.Migration.Internal;

/// <summary>Work on each item of a list by all cores, results in the list's order.</summary>
internal static class OrderedParallel
{
    /// <summary>The results, each at its item's place.</summary>
    /// <remarks>The caller's thread takes part. A parallel query would wait for threads of the pool, for ever where each of them waits for
    /// a lock that the caller holds.</remarks>
    /// <exception cref="AggregateException"><paramref name="map"/> threw.</exception>
    public static TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> map)
    {
        var results = new TResult[items.Count];
        Parallel.For(0, results.Length, i => results[i] = map(items[i]));
        return results;
    }
}
