using System.Collections.Immutable;
using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Tests.Connectivity;

public class SeedClientReportTests
{
    private static readonly DateTimeOffset Noon = new(2023, 10, 14, 12, 13, 14, 900, TimeSpan.FromHours(8));

    private static string Transcript(string name) => File.ReadAllText(
        Path.Combine(TestContext.CurrentContext.TestDirectory, "Fixtures", "Connectivity", $"seed-client-{name}.txt"));

    private static IEnumerable<TestCaseData> Seed()
    {
        yield return new TestCaseData("calico-before", 1002L, 0L, "24.651842152s").SetArgDisplayNames("before");
        yield return new TestCaseData("calico-with-antrea", 1003L, 0L, "20.259637559s").SetArgDisplayNames("with Antrea");
        yield return new TestCaseData("multus-to-calico", 1005L, 1005L, "20.414199716s").SetArgDisplayNames("Multus");
        yield return new TestCaseData("antrea-to-multus", 1008L, 1008L, "24.287786997s").SetArgDisplayNames("cut-over");
        yield return new TestCaseData("antrea-to-antrea", 1003L, 1003L, "20.248457447s").SetArgDisplayNames("after");
    }

    [TestCaseSource(nameof(Seed))]
    public void Parse_OfASeedTranscript_ReadsItsTotalsAndKeepsItsText(string name, long total, long success, string time)
    {
        var text = Transcript(name);
        var transcript = SeedClientReport.Parse(text);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(transcript.Total, Is.EqualTo(total));
            Assert.That(transcript.Success, Is.EqualTo(success));
            Assert.That(transcript.Failure, Is.EqualTo(total - success));
            Assert.That(transcript.SuccessRate, Is.EqualTo(success == 0 ? 0.0 : 100.0));
            Assert.That(transcript.TotalTime.ToString(), Is.EqualTo(time));
            Assert.That(transcript.StopSignals, Is.EqualTo(10));
            Assert.That(
                transcript.Progress.Select(progress => progress.Completed),
                Is.EqualTo(Enumerable.Range(1, 10).Select(i => 100L * i)));
            Assert.That(transcript.Hidden, Is.Null);
            Assert.That(transcript + "\n", Is.EqualTo(text));
        }
    }

    [Test]
    public void Parse_OfTheCutOver_ShowsTheSilenceInItsProgressTimes()
    {
        var progress = SeedClientReport.Parse(Transcript("antrea-to-multus")).Progress;
        var gaps = progress.Zip(progress.Skip(1), (a, b) => (b.At - a.At).TotalSeconds);
        Assert.That(gaps, Is.EqualTo([3.0, 2, 2, 2, 2, 2, 2, 4, 2]));
    }

    [TestCaseSource(nameof(Seed))]
    public void Add_OfEventsLikeTheSeeds_PrintsTheSeedsLines(string name, long total, long success, string time)
    {
        var seed = SeedClientReport.Parse(Transcript(name));
        var lines = Print(1000, EventsLike(seed, total, success, time));
        var expected = seed.ToString().Split('\n').ToList();
        expected[^1] = expected[^1][..^3] + "s"; // events count in 100 ns, the client in 1 ns
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines.SkipLast(1), Is.EqualTo(expected));
            Assert.That(lines[^1], Does.EndWith(
                success == 0
                    ? $" Due and not sent: 7. Longest silence: 4.05s. Failures by cause: {total} × DNS"
                    : " Due and not sent: 7. Longest silence: 4.05s. Failures by cause: none"));
        }
    }

    [Test]
    public void Parse_OfOurOwnReport_IsIdentity()
    {
        var result = new ProbeResult(
            996,
            [new(ProbeFailureCause.Timeout, 6, "x"), new(ProbeFailureCause.HttpStatus, 2, "HTTP 500")],
            TimeSpan.FromSeconds(90.5),
            200,
            TimeSpan.FromSeconds(4));
        var lines = Print(1000, [new ProbeWorkerStopped(Noon, 0), new ProbeFinished(Noon, result)]);
        var transcript = SeedClientReport.Parse(string.Join("\r\n", lines) + "\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines, Is.EqualTo(
            [
                "2023/10/14 12:13:14 Receiving Stop Signal, stopping...",
                "2023/10/14 12:13:14 Total Requests:  1004",
                "2023/10/14 12:13:14 Success: 996",
                "2023/10/14 12:13:14 Failure: 8",
                "2023/10/14 12:13:14 Success Rate: 99.203187%",
                "2023/10/14 12:13:14 Total time: 1m30.5s",
                "2023/10/14 12:13:14 Due and not sent: 200. Longest silence: 4s. Failures by cause: 6 × timeout, 2 × HTTP status",
            ]));
            Assert.That(transcript.ToString(), Is.EqualTo(string.Join('\n', lines)));
            Assert.That(transcript.Hidden, Does.StartWith("200. Longest silence: 4s."));
        }
    }

    [TestCase(1000, "100,200,300,400,500,600,700,800,900,1000")]
    [TestCase(50, "5,10,15,20,25,30,35,40,45,50")]
    [TestCase(19, "1,2,3,4,5,6,7,8,9,10")]
    [TestCase(9, "")]
    public void Add_OfSamples_PrintsALineForEachTenth(int requests, string expected)
    {
        var lines = Print(requests, Enumerable.Range(1, requests + 10).Select(i => Sample(Noon, i, ProbeOutcome.Success)));
        Assert.That(string.Join(',', lines.Select(line => line.Split(' ')[2])), Is.EqualTo(expected));
    }

    [TestCase("Success: 0", "Line 1 is none")]
    [TestCase("2023/10/14 12:13:32 Success: -1", "Line 1 is none")]
    [TestCase("2023/10/14 12:13:32 Total Requests: 1002", "Line 1 is none", TestName = "One blank only")]
    [TestCase("2023/13/14 12:13:32 Success: 1", "Line 1 is none")]
    [TestCase("2023/10/14 12:13:32 Success: 1", "'Total Requests:  …' once, but here it is 0 times")]
    [TestCase("2023/10/14 12:13:32 Total Requests:  1\n2023/10/14 12:13:32 Total Requests:  1", "2 times in 2 lines")]
    [TestCase("2023/10/14 12:13:32 Success: 1\ncommand terminated with exit code 1", "Line 2 is none")]
    public void Parse_OfSomethingElse_SaysWhichLine(string text, string expected) =>
        Assert.That(() => SeedClientReport.Parse(text), Throws.InstanceOf<FormatException>().With.Message.Contains(expected));

    private static ImmutableArray<string> Print(int requests, IEnumerable<ProbeEvent> events)
    {
        var report = new SeedClientReport(requests);
        return [.. events.SelectMany(probeEvent => report.Add(probeEvent))];
    }

    private static IEnumerable<ProbeEvent> EventsLike(SeedClientTranscript seed, long total, long success, string time)
    {
        var outcome = success == 0 ? new ProbeOutcome(ProbeFailureCause.Dns, "no such host") : ProbeOutcome.Success;
        var end = new DateTimeOffset(seed.Progress[^1].At, TimeSpan.Zero);
        for (var i = 1; i <= total; i++)
        {
            var tenth = Math.Min((i - 1) / 100, 9);
            yield return Sample(new DateTimeOffset(seed.Progress[tenth].At, TimeSpan.Zero), i, outcome);
            for (var worker = 0; i == 1000 && worker < 10; worker++)
            {
                yield return new ProbeWorkerStopped(end, worker);
            }
        }

        yield return new ProbeFinished(end, new ProbeResult(
            success,
            success == 0 ? [new ProbeFailureCount(ProbeFailureCause.Dns, total, "no such host")] : [],
            GoDuration.Parse(time).ToTimeSpan(),
            7,
            TimeSpan.FromSeconds(4.05)));
    }

    private static ProbeSample Sample(DateTimeOffset at, int sequence, ProbeOutcome outcome) =>
        new(at, 0, sequence, at, at, outcome);
}
