using Antrea.Migration.Connectivity;

namespace Antrea.Migration.IntegrationTests.Containers;

/// <summary>A path watched while something breaks it and mends it, and when the watch knew.</summary>
/// <param name="Broken">What broke it was begun then.</param>
/// <param name="SeenBroken">By then the path was broken for certain: requests had failed.</param>
/// <param name="Mended">What mended it was begun then.</param>
/// <param name="Result">What the watch reported.</param>
internal sealed record WatchedFault(DateTimeOffset Broken, DateTimeOffset SeenBroken, DateTimeOffset Mended, ContinuousProbeResult Result)
{
    public static readonly ContinuousProbeOptions Closely = new()
    {
        Interval = TimeSpan.FromMilliseconds(100),
        Timeout = TimeSpan.FromSeconds(3),
        StallThreshold = TimeSpan.FromHours(1),
    };

    /// <summary>Watches a flow, breaks its path, waits until requests have failed, mends it, and waits until requests are answered.</summary>
    public static async Task<WatchedFault> WatchAsync(
        Uri target, IProbeTransport transport, Func<Task> breakPath, Func<Task> mendPath, CancellationToken cancellationToken)
    {
        await using var probe = new ContinuousProbe([new ProbeFlow(new FlowName("test", "nginx"), target, transport)], Closely);
        probe.Start();
        await UntilAsync(probe, f => f.Success, 20, cancellationToken);
        var broken = Now();
        await breakPath();
        await UntilAsync(probe, f => f.Failure, 10, cancellationToken);
        var seen = Now();
        await UntilAsync(probe, f => f.Failure, 10, cancellationToken);
        var mended = Now();
        await mendPath();
        await UntilAsync(probe, f => f.Success, 20, cancellationToken);
        return new WatchedFault(broken, seen, mended, await probe.StopAsync(cancellationToken));
    }

    /// <summary>One outage, which covers all of the time in which nothing can have got through, and begins no earlier than a request that was
    /// under way when it broke.</summary>
    public void AssertOneOutage(params ProbeFailureCause[] causes)
    {
        Assert.That(Result.Outages, Has.Length.EqualTo(1), string.Join('\n', Result.Outages));
        var outage = Result.Outages[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outage.Recovered, Is.True);
            Assert.That(outage.Cause, Is.AnyOf([.. causes.Cast<object>()]), outage.ToString());
            Assert.That(outage.Start, Is.GreaterThanOrEqualTo(Broken - Closely.Timeout));
            Assert.That(outage.Start, Is.LessThanOrEqualTo(SeenBroken));
            Assert.That(outage.End, Is.GreaterThanOrEqualTo(Mended));
            Assert.That(outage.RequestsLost, Is.EqualTo(Result.Flows[0].Failure).And.GreaterThanOrEqualTo(20));
        }
    }

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    private static async Task UntilAsync(ContinuousProbe probe, Func<FlowTotals, long> count, int more, CancellationToken cancellationToken)
    {
        for (var until = count(probe.GetCurrent().Flows[0]) + more; count(probe.GetCurrent().Flows[0]) < until;)
        {
            await Task.Delay(20, cancellationToken);
        }
    }
}
