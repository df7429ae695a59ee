using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migration.Tests.Connectivity.Load;

public class LoadThresholdTests
{
    private static readonly DateTimeOffset Start = new(2023, 10, 14, 12, 0, 0, TimeSpan.Zero);

    private static LoadReport Report(long answers = 998) => new(
        LoadMode.OpenModel,
        new Uri("http://nginx-origin"),
        Start,
        new ProbeResult(998, [new ProbeFailureCount(ProbeFailureCause.Timeout, 1, "")], TimeSpan.FromSeconds(20), 1, TimeSpan.FromSeconds(3)),
        new LatencyDistribution(answers, Ms(1), Ms(2), Ms(2), Ms(3), Ms(4), Ms(50), Ms(60), Ms(70), Ms(80)),
        new LatencyDistribution(999, default, default, default, default, default, Ms(1), default, default, default),
        [],
        [Outage(1, 2), Outage(5, 6.5)],
        [],
        []);

    [TestCase("success<100%", true, "99.8%")]
    [TestCase("success < 99.8%", false, "99.8%")]
    [TestCase("success<=99.8%", true, "99.8%")]
    [TestCase("p99>50ms", false, "50ms")]
    [TestCase("p99>=50ms", true, "50ms")]
    [TestCase("p99.9>59.9ms", true, "60ms")]
    [TestCase("p99.99>1s", false, "70ms")]
    [TestCase("outage>1s", true, "1.5s")]
    [TestCase("downtime>2.5s", false, "2.5s")]
    [TestCase("silence>2s", true, "3s")]
    [TestCase("lateness>2ms", false, "1ms")]
    [TestCase("failures>0", true, "1")]
    [TestCase("not-sent>1", false, "1")]
    [TestCase("rate<50", true, "50")]
    public void IsCrossedBy_ARun_ComparesWhatWasMeasured(string text, bool crossed, string measured)
    {
        var threshold = LoadThreshold.Parse(text);
        Assert.That((threshold.IsCrossedBy(Report()), threshold.Measured(Report()), threshold.ToString()), Is.EqualTo((crossed, measured, text)));
    }

    [Test]
    public void IsCrossedBy_ARunWithoutAnswers_CrossesEveryLimitOnLatency()
    {
        var threshold = LoadThreshold.Parse("p99>1h");
        Assert.That((threshold.IsCrossedBy(Report(answers: 0)), threshold.Measured(Report(answers: 0))), Is.EqualTo((true, "nothing was answered")));
    }

    [TestCase("", "compares nothing")]
    [TestCase("p99", "compares nothing")]
    [TestCase("p98>1ms", "measures 'p98': expected one of success, min")]
    [TestCase("p99>50", "a duration")]
    [TestCase("p99>-1ms", "a duration")]
    [TestCase("success<1", "a percentage")]
    [TestCase("success<101%", "a percentage")]
    [TestCase("failures>x", "a number")]
    [TestCase("failures=>1", "measures 'failures='")]
    public void Parse_WhatIsNoLimit_SaysWhatIsWrong(string text, string message) =>
        Assert.That(() => LoadThreshold.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains(message));

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static OutageWindow Outage(double from, double to) =>
        new(new FlowName("", "flow"), Start.AddSeconds(from), Start.AddSeconds(to), 1, ProbeFailureCause.Timeout, "", true);
}
