using System.Net.Sockets;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity.Load;

/// <summary>All on a fake clock: everything up to the reader of the events runs inside <c>Advance</c>.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class OpenModelProberTests
{
    private static readonly OpenModelOptions FiftyASecond = new()
    {
        Target = new Uri("http://nginx-origin"),
        Duration = TimeSpan.FromSeconds(20),
    };

    private static readonly TimeSpan Forever = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2023, 10, 14, 12, 0, 0, TimeSpan.Zero));

    [Test]
    public async Task ProbeAsync_AServerThatAnswers_GetsEveryRequestWhenItIsDue()
    {
        var transport = new ScriptedTransport(_ => ScriptedTransport.Ok);
        var running = Probe(FiftyASecond, transport);
        Assert.That(transport.Sent, Is.EqualTo(1), "the first one is due at the start");
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1), Step);
        Assert.That(transport.Sent, Is.EqualTo(51));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(19), Step);
        var report = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(transport.Sent, Is.EqualTo(1000));
            Assert.That((report.Due, report.Totals.Success, report.Totals.NotSent), Is.EqualTo((1000, 1000, 0)));
            Assert.That(report.SuccessRate, Is.EqualTo(100));
            Assert.That(report.Lateness.Max, Is.EqualTo(TimeSpan.Zero));
            Assert.That(report.Outages, Is.Empty);
            Assert.That(report.Timeline.Select(s => s.Success), Is.EqualTo(Enumerable.Repeat(50, 20)).Or.EqualTo((long[])[51, .. Enumerable.Repeat(50, 18), 49]));
            Assert.That(report.Dots, Has.Length.EqualTo(1000));
        }
    }

    [Test]
    public async Task ProbeAsync_AServerFrozenForFourSeconds_HasOneOutageOfFourSeconds()
    {
        // The same freeze as in the seed's cut-over (see ConnectivityProberTests): everything is answered well in the end.
        var held = new TaskCompletionSource<ProbeResponse>();
        var transport = new ScriptedTransport(i => i is > 100 and <= 300 ? held.Task : ScriptedTransport.Ok);
        var running = Probe(FiftyASecond with { Timeout = TimeSpan.FromSeconds(10) }, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(5.99), Step);
        InlineTime.Run(() => held.SetResult(new ProbeResponse(200, 0)));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(14.01), Step);
        var report = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.SuccessRate, Is.EqualTo(100), "nothing was lost");
            Assert.That(report.Outages, Has.Length.EqualTo(1));
            Assert.That(report.Outages[0].Duration, Is.EqualTo(TimeSpan.FromSeconds(4)).Within(TimeSpan.FromMilliseconds(20)));
            Assert.That((report.Outages[0].Cause, report.Outages[0].RequestsLost, report.Outages[0].Recovered), Is.EqualTo((ProbeFailureCause.None, 0, true)));
            Assert.That(report.Latency.Max, Is.EqualTo(TimeSpan.FromSeconds(3.99)), "from the time it was due");
            Assert.That(report.Latency.P90, Is.GreaterThan(TimeSpan.FromSeconds(1)), "a client that waits would have seen ten slow ones of a thousand");
            Assert.That(report.Timeline[3].Success, Is.Zero);
            Assert.That(report.Due, Is.EqualTo(1000));
        }
    }

    [Test]
    public async Task ProbeAsync_AFreezeLongerThanTheTimeLimit_IsOneOutageWithItsCauseAndItsLoss()
    {
        var held = new TaskCompletionSource<ProbeResponse>();
        var transport = new ScriptedTransport(i => i is > 100 and <= 200 ? null : i is > 200 and <= 300 ? held.Task : ScriptedTransport.Ok);
        var running = Probe(FiftyASecond, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(5.99), Step);
        InlineTime.Run(() => held.SetResult(new ProbeResponse(200, 0)));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(14.01), Step);
        var report = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Totals.CountOf(ProbeFailureCause.Timeout), Is.EqualTo(100));
            Assert.That(report.Outages, Has.Length.EqualTo(1));
            Assert.That(report.Outages[0].Duration, Is.EqualTo(TimeSpan.FromSeconds(4)).Within(TimeSpan.FromMilliseconds(20)));
            Assert.That((report.Outages[0].Cause, report.Outages[0].RequestsLost), Is.EqualTo((ProbeFailureCause.Timeout, 100)));
        }
    }

    [Test]
    public async Task ProbeAsync_MoreUnderWayThanAllowed_AreCountedAndNotSent()
    {
        var transport = new ScriptedTransport(i => i > 10 ? null : ScriptedTransport.Ok);
        var events = InlineTime.Run(() => Collect(FiftyASecond with { Duration = TimeSpan.FromSeconds(1), MaxInFlight = 5 }, transport));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(4), Step);
        var all = await events.WaitAsync(Forever);
        var report = ((ProbeReported)all[^1]).Report;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(transport.Sent, Is.EqualTo(15));
            Assert.That((report.Due, report.Totals.Success, report.Totals.Failure, report.Totals.NotSent), Is.EqualTo((50, 10, 5, 35)));
            Assert.That(report.SuccessRate, Is.EqualTo(20));
            Assert.That(all.OfType<ProbeOverflowed>().Count(), Is.EqualTo(35));
            Assert.That(all.OfType<ProbeSample>().Count(), Is.EqualTo(15));
            Assert.That(all.OfType<ProbeSecondPassed>().Select(s => s.Second.Index).Take(2), Is.EqualTo(new[] { 0, 1 }));
        }
    }

    [Test]
    public async Task ProbeAsync_ThatIsHeldUpItself_SendsWhatBecameDueAndSaysHowLate()
    {
        var transport = new ScriptedTransport(_ => ScriptedTransport.Ok);
        var running = Probe(FiftyASecond with { Duration = TimeSpan.FromSeconds(2) }, transport);
        InlineTime.Run(() => _time.Advance(TimeSpan.FromSeconds(1.5)));
        Assert.That(transport.Sent, Is.EqualTo(76));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(0.5), Step);
        var report = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Totals.Success, Is.EqualTo(100));
            Assert.That(report.Lateness.Max, Is.EqualTo(TimeSpan.FromSeconds(1.48)));
            Assert.That(report.Latency.Max, Is.EqualTo(TimeSpan.FromSeconds(1.48)), "users who came then had to wait");
            Assert.That(report.Outages, Is.Empty, "and nobody knows whether they could have been served");
        }
    }

    [Test]
    public async Task ProbeAsync_NamesThatDoNotResolve_AreToldFromNetworksThatFail()
    {
        var transport = new ScriptedTransport(i => Task.FromException<ProbeResponse>(new SocketException((int)(i switch
        {
            <= 20 => SocketError.HostNotFound,
            <= 40 => SocketError.HostUnreachable,
            <= 45 => SocketError.ConnectionRefused,
            _ => SocketError.ConnectionReset,
        }))));
        var running = Probe(FiftyASecond with { Duration = TimeSpan.FromSeconds(1) }, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1), Step);
        var report = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(string.Join(", ", report.Totals.Failures), Is.EqualTo("20 × DNS, 20 × unreachable, 5 × refused, 5 × reset"));
            Assert.That(report.Outages.Single().Cause, Is.EqualTo(ProbeFailureCause.Dns), "that of the first");
            Assert.That(report.Outages.Single().Recovered, Is.False);
            Assert.That(report.Latency.Count, Is.Zero);
        }
    }

    [Test]
    public async Task EnterPhase_IsWhatOutagesAndTheReportCarry()
    {
        var transport = new ScriptedTransport(i => i is > 60 and <= 80
            ? Task.FromException<ProbeResponse>(new SocketException((int)SocketError.ConnectionRefused)) : ScriptedTransport.Ok);
        var prober = new OpenModelProber(FiftyASecond with { Duration = TimeSpan.FromSeconds(3) }, transport, _time);
        var running = InlineTime.Run(() => prober.ProbeAsync());
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1), Step);
        prober.EnterPhase("MultusPods", "test-worker3");
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2), Step);
        var report = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.Outages.Single().Phase, report.Outages.Single().Nodes), Is.EqualTo(("MultusPods", "test-worker3")));
            Assert.That(report.Phases, Is.EqualTo(new[] { new LoadPhase(TimeSpan.FromSeconds(1.02), "MultusPods", "test-worker3") }));
        }
    }

    [Test]
    public async Task Stop_InTheMiddle_GivesTheReportOfWhatWasDone()
    {
        var prober = new OpenModelProber(FiftyASecond, new ScriptedTransport(_ => ScriptedTransport.Ok), _time);
        var running = InlineTime.Run(() => prober.ProbeAsync());
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1), Step);
        InlineTime.Run(prober.Stop);
        var report = await running.WaitAsync(Forever);
        Assert.That(report.Totals.Success, Is.EqualTo(51));
    }

    [Test]
    public async Task Stop_WhileNothingIsAnswered_WaitsFiveSecondsAndCallsTheRestFailures()
    {
        var options = FiftyASecond with { Timeout = TimeSpan.FromHours(1) };
        var prober = new OpenModelProber(options, new ScriptedTransport(i => i > 1 ? null : ScriptedTransport.Ok), _time);
        var running = InlineTime.Run(() => prober.ProbeAsync());
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1), Step);
        InlineTime.Run(prober.Stop);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(4.9), Step);
        Assert.That(running.IsCompleted, Is.False);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(0.1), Step);
        var report = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.Totals.Success, report.Totals.Failure), Is.EqualTo((1L, 50L)));
            Assert.That(
                (report.Totals.Failures[0].Cause, report.Totals.Failures[0].FirstDetail),
                Is.EqualTo((ProbeFailureCause.Timeout, "no complete response within 5s after the run was stopped")));
            Assert.That(report.Outages.Single().Recovered, Is.False);
        }
    }

    [Test]
    public async Task ProbeAsync_Cancelled_ThrowsWithTheCallersToken()
    {
        using var cancellation = new CancellationTokenSource();
        var running = InlineTime.Run(() => new OpenModelProber(FiftyASecond, new ScriptedTransport(_ => null), _time).ProbeAsync(cancellation.Token));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1), Step);
        await cancellation.CancelAsync();
        var exception = await Assert.CatchAsync<OperationCanceledException>(() => running.WaitAsync(Forever));
        Assert.That(exception!.CancellationToken, Is.EqualTo(cancellation.Token));
    }

    /// <summary>Alone, since the memory is the whole process's.</summary>
    [Test]
    [NonParallelizable]
    public async Task ProbeAsync_AHundredThousandRequests_LeaveNothingBehind()
    {
        var transport = new ScriptedTransport(i => i % 100 == 0 ? Task.FromResult(new ProbeResponse(503, 0)) : ScriptedTransport.Ok);
        var options = FiftyASecond with { Rate = 1000, Duration = TimeSpan.FromSeconds(100) };
        var prober = new OpenModelProber(options, transport, _time);
        long early = 0;
        var running = InlineTime.Run(async () =>
        {
            LoadReport? report = null;
            await foreach (var probeEvent in prober.RunAsync())
            {
                report = (probeEvent as ProbeReported)?.Report;
            }

            return report!;
        });
        for (var second = 0; second < 100; second++)
        {
            _time.AdvanceInSteps(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(1));
            early = second == 19 ? GC.GetTotalMemory(forceFullCollection: true) : early;
        }

        var report = await running.WaitAsync(Forever);
        var late = GC.GetTotalMemory(forceFullCollection: true);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Due, Is.EqualTo(100_000));
            Assert.That(report.Totals.Failure, Is.EqualTo(1000));
            Assert.That(report.Dots, Has.Length.InRange(1024, 5120));
            Assert.That((late - early) / 1024, Is.LessThan(2048), "KiB more after 100,000 requests than after 20,000");
        }

        GC.KeepAlive(report);
    }

    [Test]
    public void Constructor_OptionsWithSeveralFaults_NamesThemAll() => Assert.That(
        () => new OpenModelProber(
            new OpenModelOptions { Target = new Uri("nginx-origin", UriKind.Relative), Rate = double.NaN, MaxInFlight = 0, Duration = TimeSpan.Zero },
            new ScriptedTransport(_ => null)),
        Throws.ArgumentException.With.Message.Contains("Target is 'nginx-origin', but must be an absolute URL")
            .And.Message.Contains("Rate is NaN, but must be between 0.01 and 100,000 a second.")
            .And.Message.Contains("MaxInFlight is 0")
            .And.Message.Contains("Duration is 0s"));

    /// <summary>A whole number of them is the interval of the requests, so that nobody who keeps up is ever late.</summary>
    private static TimeSpan Step => TimeSpan.FromMilliseconds(10);

    private Task<LoadReport> Probe(OpenModelOptions options, IProbeTransport transport) =>
        InlineTime.Run(() => new OpenModelProber(options, transport, _time).ProbeAsync());

    private async Task<List<ProbeEvent>> Collect(OpenModelOptions options, IProbeTransport transport)
    {
        List<ProbeEvent> all = [];
        await foreach (var probeEvent in new OpenModelProber(options, transport, _time).RunAsync().ConfigureAwait(false))
        {
            all.Add(probeEvent);
        }

        return all;
    }
}
