using System.Net.Sockets;
using System.Text;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity.Load;

/// <summary>Real sockets on the loopback address, a scripted server at the other end; runs end by number, not by time.</summary>
public class ClosedLoopProberTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static Task<LoadReport> Probe(Uri target, int requests, int workers = 2, bool reuse = true, double timeoutSeconds = 60) =>
        new ClosedLoopProber(new ClosedLoopOptions
        {
            Target = target,
            Requests = requests,
            Workers = workers,
            ReuseConnections = reuse,
            Timeout = TimeSpan.FromSeconds(timeoutSeconds),
            Duration = TimeSpan.FromMinutes(10),
            StallThreshold = TimeSpan.FromMinutes(10),
        }).ProbeAsync();

    [Test]
    public async Task ProbeAsync_AServerThatAnswers_IsAskedOverOneConnectionAWorker()
    {
        await using var server = LoopbackServer.Answering(Hello);
        var report = await Probe(server.Url, requests: 1000, workers: 5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.Mode, report.Due, report.Totals.Success), Is.EqualTo((LoadMode.ClosedLoop, 1000, 1000)));
            Assert.That((server.Connections, server.Requests), Is.EqualTo((5, 1000)));
            Assert.That(report.Latency.Count, Is.EqualTo(1000));
            Assert.That(report.Timeline.Sum(second => second.Success), Is.EqualTo(1000));
            Assert.That(report.Outages, Is.Empty);
        }
    }

    [Test]
    public async Task ProbeAsync_WithoutReuse_MakesAConnectionForEachRequest()
    {
        await using var server = LoopbackServer.Answering(Hello);
        var report = await Probe(server.Url, requests: 50, reuse: false);
        Assert.That((report.Totals.Success, server.Connections), Is.EqualTo((50, 50)));
    }

    [Test]
    public async Task ProbeAsync_AServerThatSaysClose_IsConnectedToAnew()
    {
        await using var server = LoopbackServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        var report = await Probe(server.Url, requests: 20, workers: 1);
        Assert.That((report.Totals.Success, server.Connections), Is.EqualTo((20, 20)));
    }

    [TestCase("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", ProbeFailureCause.HttpStatus, "HTTP 500")]
    [TestCase("220 mail.example ESMTP\r\n\r\n", ProbeFailureCause.Other, "The answer does not begin with an HTTP/1.x status line.")]
    [TestCase(Hello + "more", ProbeFailureCause.Other, "More bytes came than the response has.")]
    public async Task ProbeAsync_AWrongAnswer_IsNamed(string answer, ProbeFailureCause cause, string detail)
    {
        await using var server = LoopbackServer.Answering(answer);
        var failure = (await Probe(server.Url, requests: 10)).Totals.Failures.Single();
        Assert.That((failure.Cause, failure.Count, failure.FirstDetail), Is.EqualTo((cause, 10L, detail)));
    }

    [TestCase("", "The connection was closed without an answer.")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "The connection was closed within the response.")]
    public async Task ProbeAsync_AResponseThatBreaksOff_IsReset(string answer, string detail)
    {
        await using var server = new LoopbackServer(async (socket, stop) =>
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(answer), stop);
            socket.Shutdown(SocketShutdown.Both);
        });
        var failure = (await Probe(server.Url, requests: 10)).Totals.Failures.Single();
        Assert.That((failure.Cause, failure.Count, failure.FirstDetail), Is.EqualTo((ProbeFailureCause.Reset, 10L, detail)));
    }

    [Test]
    public async Task ProbeAsync_AServerThatResets_IsReset()
    {
        await using var server = new LoopbackServer((socket, _) =>
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Close();
            return Task.CompletedTask;
        });
        Assert.That((await Probe(server.Url, requests: 5)).Totals.CountOf(ProbeFailureCause.Reset), Is.EqualTo(5));
    }

    [Test]
    public async Task ProbeAsync_APortNobodyListensOn_IsRefused()
    {
        var server = LoopbackServer.Answering(Hello);
        await server.DisposeAsync();
        var report = await Probe(server.Url, requests: 4);
        Assert.That(string.Join(", ", report.Totals.Failures), Is.EqualTo("4 × refused"));
    }

    [Test]
    public async Task ProbeAsync_ANameThatDoesNotExist_IsDns() =>
        Assert.That((await Probe(new Uri("http://nginx-orign.invalid"), requests: 4)).Totals.Failures.Single().Cause, Is.EqualTo(ProbeFailureCause.Dns));

    [Test]
    public async Task ProbeAsync_AServerThatNeverAnswers_IsATimeout()
    {
        await using var server = new LoopbackServer((_, stop) => Task.Delay(Timeout.Infinite, stop));
        var failure = (await Probe(server.Url, requests: 2, timeoutSeconds: 0.05)).Totals.Failures.Single();
        Assert.That(
            (failure.Cause, failure.Count, failure.FirstDetail),
            Is.EqualTo((ProbeFailureCause.Timeout, 2L, "connected, but no complete response within 50ms")));
    }

    /// <summary>Alone, since the memory is the whole process's. Measured while the server holds its answer back, so that both times are alike.</summary>
    [Test]
    [NonParallelizable]
    public async Task ProbeAsync_AHundredThousandRequests_LeaveNothingBehind()
    {
        var answers = new[] { Encoding.ASCII.GetBytes(Hello), Encoding.ASCII.GetBytes("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n") };
        var requests = 0;
        Dictionary<int, long> retained = [];
        await using var server = new LoopbackServer(async (socket, stop) =>
        {
            if (++requests is 20_000 or 100_000)
            {
                retained[requests] = GC.GetTotalMemory(forceFullCollection: true);
            }

            await socket.SendAsync(answers[requests % 100 == 0 ? 1 : 0], stop);
        });
        var report = await Probe(server.Url, requests: 100_000, workers: 1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.Totals.Total, report.Totals.Failure), Is.EqualTo((100_000L, 1000L)));
            Assert.That(retained[100_000] - retained[20_000], Is.LessThan(256 * 1024), "bytes more after 100,000 requests than after 20,000");
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Stop_AndCancellation_EndARunWithoutEnd(CancellationToken cancellationToken)
    {
        await using var server = LoopbackServer.Answering(Hello);
        var options = new ClosedLoopOptions { Target = server.Url, Duration = TimeSpan.FromHours(1) };
        var stopped = new ClosedLoopProber(options);
        var running = stopped.ProbeAsync(cancellationToken);
        stopped.Stop();
        Assert.That((await running).Totals.Failures, Is.Empty);

        using var cancellation = new CancellationTokenSource();
        var cancelled = new ClosedLoopProber(options).ProbeAsync(cancellation.Token);
        await cancellation.CancelAsync();
        var exception = await Assert.CatchAsync<OperationCanceledException>(() => cancelled);
        Assert.That(exception!.CancellationToken, Is.EqualTo(cancellation.Token));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Stop_WhileNothingIsAnswered_CallsTheRestFailuresInTheEnd(CancellationToken cancellationToken)
    {
        var asked = new TaskCompletionSource();
        await using var server = new LoopbackServer(async (_, stop) =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop);
        });
        var time = new FakeTimeProvider();
        var prober = new ClosedLoopProber(
            new ClosedLoopOptions { Target = server.Url, Workers = 1, Timeout = TimeSpan.FromHours(1), Duration = TimeSpan.FromHours(1) }, time);
        var running = prober.ProbeAsync(cancellationToken);
        await asked.Task.WaitAsync(cancellationToken);
        prober.Stop();
        time.Advance(TimeSpan.FromSeconds(5));
        var failure = (await running).Totals.Failures.Single();
        Assert.That(
            (failure.Cause, failure.Count, failure.FirstDetail),
            Is.EqualTo((ProbeFailureCause.Timeout, 1L, "connected, but no complete response within 5s after the run was stopped")));
    }

    [Test]
    public async Task ProbeAsync_ThatIsHeldUpItself_CallsThatNoOutage()
    {
        var time = new FakeTimeProvider();
        await using var server = new LoopbackServer(async (socket, stop) =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await socket.SendAsync(Encoding.ASCII.GetBytes(Hello), stop);
        });
        var options = new ClosedLoopOptions { Target = server.Url, Workers = 1, Requests = 3, Timeout = TimeSpan.FromHours(1), Duration = TimeSpan.FromHours(1) };
        var report = await new ClosedLoopProber(options, time).ProbeAsync();
        Assert.That((report.Totals.Success, report.Outages.Length), Is.EqualTo((3L, 0)));
    }

    [Test]
    public void SilenceRecorder_ATimeWithoutAGoodAnswer_IsAnOutageWithItsFirstCause()
    {
        var silence = new SilenceRecorder(TimeSpan.FromSeconds(1));
        silence.Add(ProbeOutcome.Success, TimeSpan.FromSeconds(1));
        silence.Add(new ProbeOutcome(ProbeFailureCause.Reset, ""), TimeSpan.FromSeconds(1.1));
        silence.Add(ProbeOutcome.Success, TimeSpan.FromSeconds(1.2));
        silence.Add(new ProbeOutcome(ProbeFailureCause.Timeout, ""), TimeSpan.FromSeconds(3));
        silence.Add(new ProbeOutcome(ProbeFailureCause.Refused, ""), TimeSpan.FromSeconds(4));
        silence.Add(ProbeOutcome.Success, TimeSpan.FromSeconds(5.2));
        Assert.That(silence.Finish(TimeSpan.FromSeconds(7)), Is.EqualTo(new[]
        {
            new FlowRecorder.Window(TimeSpan.FromSeconds(1.2), TimeSpan.FromSeconds(5.2), 2, ProbeFailureCause.Timeout, "", true),
            new FlowRecorder.Window(TimeSpan.FromSeconds(5.2), TimeSpan.FromSeconds(7), 0, ProbeFailureCause.None, "", false),
        }));
    }

    [Test]
    public void Constructor_OptionsWithSeveralFaults_NamesThemAll() => Assert.That(
        () => new ClosedLoopProber(new ClosedLoopOptions { Target = new Uri("https://nginx-origin"), Workers = 0, Requests = 0 }),
        Throws.ArgumentException.With.Message.Contains("TLS is not spoken here")
            .And.Message.Contains("Workers is 0").And.Message.Contains("Requests is 0"));
}
