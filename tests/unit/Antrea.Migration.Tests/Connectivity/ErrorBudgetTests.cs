using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Tests.Connectivity;

public class ErrorBudgetTests
{
    private static readonly DateTimeOffset Start = new(2023, 10, 14, 12, 0, 0, TimeSpan.Zero);

    private static readonly FlowName One = new("one", "shop");
    private static readonly FlowName Two = new("two", "shop");
    private static readonly FlowName Other = new("one", "web");

    [TestCase(1.0, ExpectedResult = false)]
    [TestCase(1.1, ExpectedResult = true)]
    public bool FindBreach_AnOutage_CountsWhenItIsLonger(double seconds) =>
        new ErrorBudget { MaxOutage = TimeSpan.FromSeconds(1) }.FindBreach(Seen(10, 1, Outage(0, seconds))) is not null;

    [TestCase(10, 1, ExpectedResult = false, Description = "one of a few is always too many, and never counts")]
    [TestCase(10, 2, ExpectedResult = true)]
    [TestCase(2000, 2, ExpectedResult = false)]
    [TestCase(2000, 3, ExpectedResult = true)]
    [TestCase(0, 0, ExpectedResult = false)]
    public bool FindBreach_LostRequests_CountAgainstTheRate(int total, int lost) =>
        new ErrorBudget { MaxFailureRate = 0.001 }.FindBreach(Seen(total, lost)) is not null;

    [Test]
    public void FindBreach_NoLimit_FindsNothing() =>
        Assert.That(new ErrorBudget().FindBreach(Seen(10, 10, Outage(0, 60))), Is.Null);

    [Test]
    public void ToString_OfABreach_NamesFlowMeasureCausePhaseAndNode()
    {
        var outage = Outage(0, 2.5) with { Nodes = "worker3" };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                new ErrorBudget { MaxOutage = TimeSpan.FromSeconds(1) }.FindBreach(Seen(10, 5, outage))!.ToString(),
                Is.EqualTo("Flow a → b has had an outage of 2.5 s, more than 1 s (cause: refused; phase MultusPods; under restart on worker3)."));
            Assert.That(
                new ErrorBudget { MaxFailureRate = 0.001 }.FindBreach(Seen(10, 5))!.ToString(),
                Is.EqualTo("Flow a → b has lost 5 of 10 requests (50 %), more than 0.1 %."));
        }
    }

    [Test]
    public void Validate_SeveralFaults_NamesThemAll() =>
        Assert.That(
            string.Join(" ", new ErrorBudget { MaxOutage = TimeSpan.Zero, MaxFailureRate = 1.5 }.Validate()),
            Does.Contain("MaxOutage is 0s").And.Contain("MaxFailureRate is 1.5"));

    [Test]
    public void ServiceDowntime_FlowsToOneTarget_AreMerged()
    {
        var target = new Uri("http://shop");
        var transport = new ScriptedTransport(_ => null);
        ProbeFlow[] flows = [new(One, target, transport), new(Two, target, transport), new(Other, new Uri("http://web"), transport)];
        OutageWindow[] outages =
        [
            Outage(0, 4) with { Flow = One }, Outage(3, 6) with { Flow = Two }, Outage(6, 7) with { Flow = One }, Outage(1, 2) with { Flow = Other },
        ];
        Assert.That(
            ServiceDowntime.Of(flows, outages),
            Is.EqualTo(
            [
                new ServiceDowntime(target, 2, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(1)),
                new ServiceDowntime(new Uri("http://web"), 1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
            ]));
    }

    private static ContinuousProbeResult Seen(int total, int lost, params OutageWindow[] outages) =>
        new([.. outages], [new FlowTotals(new FlowName("a", "b"), total - lost, lost, 0, TimeSpan.Zero)]);

    private static OutageWindow Outage(double from, double to) =>
        new(new FlowName("a", "b"), Start.AddSeconds(from), Start.AddSeconds(to), 1, ProbeFailureCause.Refused, "MultusPods", true);
}
