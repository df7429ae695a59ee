using System.Net.Sockets;
using Antrea.Migration.Connectivity;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>All on a fake clock: everything up to the reader of the events runs inside <c>Advance</c>.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ConnectivityProberTests
{
    private static readonly ProbeOptions Seed = new() { Target = new Uri("http://nginx-origin") };

    /// <summary>Only so that a run that would never end fails instead.</summary>
    private static readonly TimeSpan Forever = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2023, 10, 14, 12, 0, 0, TimeSpan.Zero));

    [Test]
    public async Task ProbeAsync_WithTheSeedsDefaults_SendsFiftyRequestsASecondAndEndsAtN()
    {
        var transport = new ScriptedTransport(_ => ScriptedTransport.Ok);
        var running = Probe(Seed, transport);
        _time.AdvanceInSteps(TimeSpan.FromMilliseconds(199));
        Assert.That(transport.Sent, Is.Zero);
        _time.AdvanceInSteps(TimeSpan.FromMilliseconds(1));
        Assert.That(transport.Sent, Is.EqualTo(10));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(19.8));
        var result = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Total, Is.EqualTo(1000));
            Assert.That(result.Success, Is.EqualTo(1000));
            Assert.That(result.Failures, Is.Empty);
            Assert.That(result.SuccessRate, Is.EqualTo(100));
            Assert.That(result.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(20)));
            Assert.That(result.NotSent, Is.Zero);
            Assert.That(result.LongestSilence, Is.EqualTo(TimeSpan.FromMilliseconds(200)));
            Assert.That(transport.Sent, Is.EqualTo(1000));
        }
    }

    [Test]
    public async Task ProbeAsync_RequestsInFlightWhenNIsReached_StillEndAndCount()
    {
        var late = new TaskCompletionSource<ProbeResponse>();
        var transport = new ScriptedTransport(i => i is > 1000 and < 1010 ? late.Task : ScriptedTransport.Ok);
        var running = Probe(Seed with { Requests = 1001 }, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(20.2));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        Assert.That(running.IsCompleted, Is.False);
        InlineTime.Run(() => late.SetResult(new ProbeResponse(200, 0)));
        var result = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Total, Is.EqualTo(1010));
            Assert.That(result.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(21.2)));
            Assert.That(result.NotSent, Is.Zero, "nothing is due after the end was signalled");
        }
    }

    [Test]
    public async Task ProbeAsync_AFourSecondFreeze_IsInvisibleInTheRateButNotInWhatWasNotSent()
    {
        // The seed's cut-over: each worker's request is held for four seconds and then answered well.
        var held = new TaskCompletionSource<ProbeResponse>();
        var transport = new ScriptedTransport(i => i is > 100 and <= 110 ? held.Task : ScriptedTransport.Ok);
        var options = Seed with { Timeout = TimeSpan.FromSeconds(10) };
        var running = Probe(options, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2.2 + 4));
        InlineTime.Run(() => held.SetResult(new ProbeResponse(200, 0)));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(17.6));
        var result = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.SuccessRate, Is.EqualTo(100));
            Assert.That(result.Total, Is.EqualTo(1000));
            Assert.That(
                result.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(20 + 4 - 0.2)), "the ticker keeps one tick of the twenty");
            Assert.That(result.NotSent, Is.EqualTo(10 * 19));
            Assert.That(result.LongestSilence, Is.EqualTo(TimeSpan.FromSeconds(4.2)));
        }
    }

    [Test]
    public async Task ProbeAsync_WhatWasDueDuringTheLastRequest_CountsAsNotSent()
    {
        var transport = new ScriptedTransport(_ => null);
        var running = Probe(Seed with { Workers = 1, Requests = 1 }, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2.2));
        var result = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.CountOf(ProbeFailureCause.Timeout), Is.EqualTo(1));
            Assert.That(result.NotSent, Is.EqualTo(10));
        }
    }

    [Test]
    public async Task ProbeAsync_RequestsThatHang_AreTimeoutsAfterTwoSeconds()
    {
        var transport = new ScriptedTransport(_ => null);
        var running = Collect(Seed with { Workers = 1, Requests = 2 }, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(5));
        var events = await running.WaitAsync(Forever);
        var samples = events.OfType<ProbeSample>().ToArray();
        var start = new DateTimeOffset(2023, 10, 14, 12, 0, 0, TimeSpan.Zero);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(samples.Select(sample => sample.Outcome), Is.All.EqualTo(
                new ProbeOutcome(ProbeFailureCause.Timeout, "no complete response within 2s")));
            Assert.That(samples.Select(sample => sample.Latency), Is.All.EqualTo(TimeSpan.FromSeconds(2)));
            Assert.That(samples[0].Due, Is.EqualTo(start.AddSeconds(0.2)));
            Assert.That(samples[1].Due, Is.EqualTo(start.AddSeconds(0.4)), "the one tick that a ticker keeps");
            Assert.That(samples[1].Started, Is.EqualTo(start.AddSeconds(2.2)));
            Assert.That(samples.Select(sample => sample.Sequence), Is.EqualTo([1, 2]));
        }
    }

    [Test]
    public async Task ProbeAsync_Failures_AreCountedByCauseMostFrequentFirst()
    {
        var transport = new ScriptedTransport(i => (i % 10) switch
        {
            0 => Task.FromException<ProbeResponse>(new SocketException((int)SocketError.ConnectionRefused)),
            1 or 2 => Task.FromResult(new ProbeResponse(503, 7)),
            3 => Task.FromException<ProbeResponse>(new SocketException((int)SocketError.HostNotFound)),
            _ => ScriptedTransport.Ok,
        });
        var running = Probe(Seed, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(20));
        var result = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(string.Join(", ", result.Failures), Is.EqualTo("200 × HTTP status, 100 × DNS, 100 × refused"));
            Assert.That(result.Failures[0].FirstDetail, Is.EqualTo("HTTP 503"));
            Assert.That(result.Success, Is.EqualTo(600));
            Assert.That(result.Failure, Is.EqualTo(400));
            Assert.That(result.SuccessRate, Is.EqualTo(60));
        }
    }

    [Test]
    public async Task RunAsync_Events_AreSamplesThenEveryWorkersStopThenTheResult()
    {
        var transport = new ScriptedTransport(_ => ScriptedTransport.Ok);
        var running = Collect(Seed with { Requests = 25 }, transport);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        var events = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events.OfType<ProbeSample>().Count(), Is.EqualTo(25));
            Assert.That(
                events.OfType<ProbeWorkerStopped>().Select(stopped => stopped.Worker), Is.EquivalentTo(Enumerable.Range(0, 10)));
            Assert.That(events[^1], Is.InstanceOf<ProbeFinished>());
            Assert.That(events.Count, Is.EqualTo(25 + 10 + 1));
        }
    }

    [Test]
    public async Task Stop_InTheMiddle_GivesTheResultOfWhatWasDone()
    {
        var prober = new ConnectivityProber(Seed, new ScriptedTransport(_ => ScriptedTransport.Ok), _time);
        var running = InlineTime.Run(() => prober.ProbeAsync());
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        InlineTime.Run(prober.Stop);
        var result = await running.WaitAsync(Forever);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Total, Is.EqualTo(50));
            Assert.That(result.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(1)));
            Assert.That((await prober.ProbeAsync()).Total, Is.Zero, "stopped before it began");
        }
    }

    [Test]
    public async Task Stop_WhileNothingIsAnswered_WaitsFiveSecondsAndCallsTheRestFailures()
    {
        var prober = new ConnectivityProber(Seed with { Timeout = TimeSpan.FromHours(1) }, new ScriptedTransport(_ => null), _time);
        var running = InlineTime.Run(() => prober.ProbeAsync());
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        InlineTime.Run(prober.Stop);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(5));
        Assert.That((await running.WaitAsync(Forever)).CountOf(ProbeFailureCause.Timeout), Is.EqualTo(10));
    }

    [Test]
    public async Task ProbeAsync_Cancelled_ThrowsWithTheCallersTokenAndBreaksRequestsOff()
    {
        using var cancellation = new CancellationTokenSource();
        var broken = 0;
        var transport = new CancellationCounter(() => Interlocked.Increment(ref broken));
        var running = InlineTime.Run(() => new ConnectivityProber(Seed, transport, _time).ProbeAsync(cancellation.Token));
        _time.AdvanceInSteps(TimeSpan.FromMilliseconds(200));
        cancellation.Cancel();
        var exception = await Assert.CatchAsync<OperationCanceledException>(() => running);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception!.CancellationToken, Is.EqualTo(cancellation.Token));
            Assert.That(broken, Is.EqualTo(10));
        }
    }

    [Test]
    public async Task RunAsync_LeftEarly_StopsTheWorkers()
    {
        var transport = new ScriptedTransport(_ => ScriptedTransport.Ok);
        var first = Task.Run(async () =>
        {
            await foreach (var probeEvent in new ConnectivityProber(Seed, transport, _time).RunAsync())
            {
                return probeEvent;
            }

            return null;
        });
        while (!first.IsCompleted)
        {
            _time.AdvanceInSteps(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }

        await first;
        var sent = transport.Sent;
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sent, Is.GreaterThanOrEqualTo(1));
            Assert.That(transport.Sent, Is.EqualTo(sent));
        }
    }

    [Test]
    public void Constructor_OptionsWithSeveralFaults_NamesThemAll()
    {
        var options = new ProbeOptions
        {
            Target = new Uri("nginx-origin", UriKind.Relative),
            Workers = 0,
            Requests = 0,
            Interval = TimeSpan.Zero,
            Timeout = TimeSpan.FromDays(2),
        };
        Assert.That(
            () => new ConnectivityProber(options, new ScriptedTransport(_ => null)),
            Throws.ArgumentException.With.Message.Contains("Target is 'nginx-origin', but must be an absolute http")
                .And.Message.Contains("Workers is 0, but must be between 1 and 10,000.")
                .And.Message.Contains("Requests is 0, but must be at least 1.")
                .And.Message.Contains("Interval is 0s, but must be between 1ms and 24h.")
                .And.Message.Contains("Timeout is 48h0m0s, but must be between 1ms and 24h."));
    }

    private Task<ProbeResult> Probe(ProbeOptions options, IProbeTransport transport) =>
        InlineTime.Run(() => new ConnectivityProber(options, transport, _time).ProbeAsync());

    private Task<List<ProbeEvent>> Collect(ProbeOptions options, IProbeTransport transport) => InlineTime.Run(async () =>
    {
        List<ProbeEvent> all = [];
        await foreach (var probeEvent in new ConnectivityProber(options, transport, _time).RunAsync())
        {
            all.Add(probeEvent);
        }

        return all;
    });

    private sealed class CancellationCounter(Action count) : IProbeTransport
    {
        public async Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken)
        {
            using var registration = cancellationToken.Register(count);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new ProbeResponse(200, 0);
        }
    }
}
