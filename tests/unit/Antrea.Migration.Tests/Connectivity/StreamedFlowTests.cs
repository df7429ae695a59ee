using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Antrea.Migration.Connectivity;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>Flows that a program elsewhere sends and reports.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class StreamedFlowTests
{
    private static readonly ProbeOutcome Lost = new(ProbeFailureCause.Timeout, "");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2023, 10, 14, 12, 0, 0, TimeSpan.Zero));
    private readonly ScriptedStream _stream = new();

    [Test]
    public async Task Outages_AreMeasuredByTheSendersClock_HoweverLateItsReportsCome()
    {
        await using var probe = Start();
        Report(1, 1000, null);
        Report(1, 1000.1, ProbeOutcome.Success);
        probe.EnterPhase("MultusPods", "worker2");
        _time.AdvanceInSteps(TimeSpan.FromSeconds(3));

        // All of this is three seconds late.
        Report(2, 1000.5, null);
        Report(2, 1001.5, Lost);
        Report(3, 1001.6, null);
        Report(3, 1001.7, ProbeOutcome.Success);
        var result = await InlineTime.Run(() => probe.StopAsync());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Outages.Single().Duration, Is.EqualTo(TimeSpan.FromSeconds(1.2)));
            Assert.That((result.Outages[0].Phase, result.Outages[0].Nodes), Is.EqualTo(("MultusPods", "worker2")));
            Assert.That(result.Flows[0] with { LongestOutage = default }, Is.EqualTo(new FlowTotals(new FlowName("", "a"), 2, 1, 0, TimeSpan.Zero)));
        }
    }

    [Test]
    public async Task ASenderThatIsSilent_IsNoOutageButNobodyLooks()
    {
        await using var probe = Start();
        Report(1, 10, null);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(5));
        var during = probe.GetCurrent();
        _stream.Break();
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        Report(1, 700, null);
        Report(1, 700.1, ProbeOutcome.Success);
        var result = await InlineTime.Run(() => probe.StopAsync());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(during.Outages, Is.Empty);
            Assert.That(result.Outages, Is.Empty);
            Assert.That(result.Flows[0].Total, Is.EqualTo(1));
            Assert.That(result.Flows[0].NotSent, Is.EqualTo(13), "one that nobody heard of, and twelve that were due in six seconds");
        }
    }

    [Test]
    public async Task ARequestThatWaits_IsAnOutageWhileItWaits()
    {
        await using var probe = Start();
        Report(1, 10, null);
        for (var i = 0; i < 4; i++)
        {
            _time.AdvanceInSteps(TimeSpan.FromSeconds(0.5));
            Report(2 + i, 10.5 + (0.5 * i), null);
        }

        var outage = probe.GetCurrent().Outages.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outage.Duration, Is.EqualTo(TimeSpan.FromSeconds(2)));
            Assert.That(outage.Recovered, Is.False);
        }
    }

    [Test]
    public async Task WaitForAnswersAsync_NobodySeesTheFlow_NamesItWithTheReason()
    {
        _stream.Failure = "no Pod is ready";
        await using var probe = Start();
        var waiting = InlineTime.Run(() => probe.WaitForAnswersAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20)));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(21));
        Assert.That(await waiting, Is.EqualTo("a (no Pod is ready)"));
    }

    private ContinuousProbe Start()
    {
        var probe = new ContinuousProbe([new ProbeFlow(new FlowName("", "a"), new Uri("tcp://shop:80"), _stream)], null, _time);
        InlineTime.Run(probe.Start);
        return probe;
    }

    private void Report(long sequence, double at, ProbeOutcome? outcome) =>
        InlineTime.Run(() => _stream.Write(new ProbeReport(sequence, TimeSpan.FromSeconds(at), outcome)));

    private sealed class ScriptedStream : IProbeStream
    {
        private Channel<ProbeReport> _reports = NewChannel();

        public string? Failure { get; set; }

        public bool Write(ProbeReport report) => _reports.Writer.TryWrite(report);

        public void Break()
        {
            var old = _reports;
            _reports = NewChannel();
            InlineTime.Run(() => old.Writer.Complete());
        }

        public async IAsyncEnumerable<ProbeReport> ReadAsync(
            TimeSpan interval, TimeSpan timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (Failure is not null)
            {
                throw new MigrationException(Failure, "");
            }

            await foreach (var report in _reports.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return report;
            }
        }

        private static Channel<ProbeReport> NewChannel() =>
            Channel.CreateUnbounded<ProbeReport>(new UnboundedChannelOptions { AllowSynchronousContinuations = true });
    }
}
