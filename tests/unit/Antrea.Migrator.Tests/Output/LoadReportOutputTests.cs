using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Tests.Output;

public class LoadReportOutputTests
{
    private static readonly DateTimeOffset Start = new(2023, 10, 14, 12, 0, 0, TimeSpan.Zero);
    private static readonly LatencyDistribution Nothing = new(0, default, default, default, default, default, default, default, default, default);

    [TestCase(20, false)]
    [TestCase(23, true)]
    public void Write_MoreOutagesThanPeopleRead_AreCounted(int outages, bool hasMore)
    {
        var output = new StringWriter();
        LoadReportOutput.Write(output, "table", ReportWith(outages), [LoadThreshold.AnyFailure], isInterrupted: false);
        var lines = output.ToString().Split('\n').Select(l => l.Trim()).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines.Count(l => l.StartsWith("from ", StringComparison.Ordinal)), Is.EqualTo(20));
            Assert.That(lines, Has.Exactly(hasMore ? 1 : 0).EqualTo("… and 3 more; -o json has them all"));
        }
    }

    private static LoadReport ReportWith(int outages) => new(
        LoadMode.OpenModel,
        new Uri("http://nginx-origin"),
        Start,
        new ProbeResult(100, [], TimeSpan.FromSeconds(100), 0, TimeSpan.Zero),
        Nothing,
        Nothing,
        [],
        [
            .. Enumerable.Range(0, outages).Select(i => new OutageWindow(
                new FlowName("client", "nginx-origin"), Start.AddSeconds(i), Start.AddSeconds(i + 0.5), 1, ProbeFailureCause.Refused, "", true)),
        ],
        [],
        []);
}
