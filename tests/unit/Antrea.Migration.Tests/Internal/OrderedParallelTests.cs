using Antrea.Migration.Internal;

namespace Antrea.Migration.Tests.Internal;

[NonParallelizable]
internal sealed class OrderedParallelTests
{
    [Test]
    public void Map_KeepsTheOrder() =>
        Assert.That(OrderedParallel.Map(Enumerable.Range(0, 1000).ToArray(), i => i * 2), Is.EqualTo(Enumerable.Range(0, 1000).Select(i => i * 2)));

    [Test]
    public void Map_SomeThrow_OthersAreDoneAndTheFirstIsTold()
    {
        var done = 0;
        var error = Assert.Throws<FormatException>(() => OrderedParallel.Map(
            Enumerable.Range(0, 100).ToArray(),
            i => i % 10 == 3 ? throw new FormatException($"item {i}") : Interlocked.Increment(ref done)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Message, Is.EqualTo("item 3"));
            Assert.That(done, Is.EqualTo(90));
        }
    }

    [Test]
    public void Map_Cancelled_Ends() =>
        Assert.That(() => OrderedParallel.Map([1, 2, 3], i => i, new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());

    [Test]
    public void Map_Nothing_IsNothing() => Assert.That(OrderedParallel.Map<int, int>([], i => i), Is.Empty);

    /// <summary>A parallel query in the readers once waited for pool threads that all waited for a lock of its caller.</summary>
    [Test]
    [CancelAfter(60_000)]
    public async Task Map_ThreadPoolFullOfWaiters_Finishes(CancellationToken cancellationToken)
    {
        using var release = new ManualResetEventSlim();
        var waiters = Enumerable.Range(0, 400).Select(_ => Task.Run(() => release.Wait(cancellationToken), cancellationToken)).ToArray();
        var mapped = new TaskCompletionSource<int[]>();
        new Thread(() => mapped.SetResult(OrderedParallel.Map([1, 2, 3], i => i))) { IsBackground = true }.Start();
        try
        {
            // Synchronously: a continuation would need a thread of the pool.
            Assert.That(mapped.Task.Wait(20_000, cancellationToken), Is.True);
        }
        finally
        {
            release.Set();
            await Task.WhenAll(waiters);
        }
    }
}
