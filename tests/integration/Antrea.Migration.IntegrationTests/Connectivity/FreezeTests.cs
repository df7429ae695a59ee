using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migration.IntegrationTests.Connectivity;

/// <summary>The seed's cut-over over real sockets: a server that answers nothing for four seconds, and everything after that.</summary>
/// <remarks>How long the freeze was is measured by the server, and how late the machine wakes people up by <see cref="MachineNoise"/>: an outage
/// may differ from the freeze by an interval, and by that for each of the four who hand an answer on (server, kernel, pool, prober). A machine that
/// stalls for seconds makes outages of its own: then once more.</remarks>
[NonParallelizable]
public sealed class FreezeTests
{
    private const int Hands = 4;

    private static readonly TimeSpan Freeze = TimeSpan.FromSeconds(4);

    [Test]
    [Retry(3)]
    [CancelAfter(120_000)]
    public async Task Operator_who_keeps_a_rate_sees_the_freeze_as_one_outage_of_its_length(CancellationToken cancellationToken)
    {
        await using var noise = new MachineNoise();
        await using var server = new FrozenServer();
        using var transport = new HttpProbeTransport();
        var prober = new OpenModelProber(
            new OpenModelOptions
            {
                Target = server.Url,
                Rate = 50,
                Duration = TimeSpan.FromHours(1),
                Timeout = TimeSpan.FromSeconds(60),
                StallThreshold = Freeze * 0.75,
            },
            transport);
        var running = prober.ProbeAsync(cancellationToken);
        await AnswersAsync(server, 50, cancellationToken);
        var frozen = await server.FreezeAsync(Freeze, cancellationToken);
        await AnswersAsync(server, 50, cancellationToken);
        prober.Stop();
        var report = await running;

        var interval = TimeSpan.FromSeconds(1) / 50;
        var tolerance = interval + (noise.Most * Hands);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Totals.Failures, Is.Empty, "nothing was lost");
            Assert.That(report.Outages, Has.Length.EqualTo(1), string.Join("; ", report.Outages));
            Assert.That(report.LongestOutage, Is.EqualTo(frozen).Within(tolerance));
            Assert.That((report.Outages[0].Cause, report.Outages[0].RequestsLost, report.Outages[0].Recovered), Is.EqualTo((ProbeFailureCause.None, 0L, true)));
            Assert.That(report.Latency.Max, Is.EqualTo(frozen).Within(tolerance), "from the time it was due");
            Assert.That(report.Due, Is.GreaterThanOrEqualTo(50 + (int)(frozen / interval)), "50/s, whatever happened");
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Operator_with_the_seeds_client_reads_success_and_what_it_hides(CancellationToken cancellationToken)
    {
        await using var noise = new MachineNoise();
        await using var server = new FrozenServer();
        using var transport = new HttpProbeTransport();
        var options = new ProbeOptions
        {
            Target = server.Url,
            Workers = 10,
            Requests = 400,
            Interval = TimeSpan.FromMilliseconds(200),
            Timeout = TimeSpan.FromSeconds(60),
        };
        var prober = new ConnectivityProber(options, transport);
        var running = prober.ProbeAsync(cancellationToken);
        await AnswersAsync(server, 100, cancellationToken);
        var frozen = await server.FreezeAsync(Freeze, cancellationToken);
        var result = await running;

        // A ticker keeps one tick and drops the others: of the twenty that each worker owes in four seconds, two are sent late.
        var dueMeanwhile = (int)(frozen / options.Interval) * options.Workers;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((result.SuccessRate, result.Failure), Is.EqualTo((100.0, 0L)), "as the seed's client said");
            Assert.That(result.Total, Is.InRange(400, 409), "requests under way overshoot");
            Assert.That(result.NotSent, Is.GreaterThanOrEqualTo(dueMeanwhile - (2 * options.Workers)));
            Assert.That(result.LongestSilence, Is.EqualTo(frozen).Within(options.Interval + (noise.Most * Hands)));
        }
    }

    private static async Task AnswersAsync(FrozenServer server, int more, CancellationToken cancellationToken)
    {
        for (var until = server.Answered + more; server.Answered < until;)
        {
            await Task.Delay(10, cancellationToken);
        }
    }
}
