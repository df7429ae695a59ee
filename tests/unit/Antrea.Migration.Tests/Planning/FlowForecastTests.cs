using Antrea.Migration.Connectivity;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

[Parallelizable(ParallelScope.All)]
internal sealed class FlowForecastTests
{
    private const MigrationPhase Second = MigrationPhase.SecondPart;

    private static readonly MigrationPhase[] Both = [MigrationPhase.FirstPart, Second];

    private static readonly NodePartition Parts = new()
    {
        FirstPart = ["n1", "n2"],
        Rest = ["n3", "n4"],
        IsNamed = true,
        BrokenFlows = [],
        Flows = 0,
        FirstPartTime = default,
        RestTime = default,
    };

    [TestCase("n1", "n2", "FirstPart", 0, false)]
    [TestCase("n3", "n4 n4", "SecondPart", 0, false)]
    [TestCase("n1", "n3 n4", "FirstPart SecondPart", 2, true)]
    [TestCase("n1", "n2 n3", "FirstPart SecondPart", 1, false)]
    [TestCase("n1 n3", "n2 n4", "FirstPart SecondPart", 2, false)]
    public void Of_NodesOfBothEnds_TellsWhenAndHowManyPairs(string clients, string servers, string phases, long broken, bool isWhole)
    {
        var forecast = FlowForecast.Of(Parts, clients.Split(' '), servers.Split(' '));
        Assert.That((string.Join(' ', forecast.Phases), forecast.BrokenPairs, forecast.IsWhole), Is.EqualTo((phases, broken, isWhole)));
    }

    /// <summary>What was lost, as PHASE:REQUESTS.</summary>
    [TestCase("n1", "n2", "FirstPart:3", true)]
    [TestCase("n1", "n2", "", true)]
    [TestCase("n1", "n2", "SecondPart:1", false)]
    [TestCase("n1", "n2", "SecondPart:0", true)]
    [TestCase("n1", "n3", "FirstPart:3 SecondPart:9", true)]
    [TestCase("n1", "n3", "", false)]
    [TestCase("n1", "n3", "FirstPart:3 Policies:1", false)]
    public void Agrees_LossesInItsPhasesAndWhereAllAreLost_IsTrue(string clients, string servers, string lost, bool agrees) =>
        Assert.That(FlowForecast.Of(Parts, clients.Split(' '), servers.Split(' ')).Agrees(Outages(lost), Both), Is.EqualTo(agrees));

    [Test]
    public void Agrees_WatchedInTheSecondPartAlone_TheCutIsThereBefore()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(FlowForecast.Of(Parts, ["n1"], ["n3"]).Agrees(Outages("Before:4 SecondPart:1"), [Second]), Is.True);
            Assert.That(FlowForecast.Of(Parts, ["n3"], ["n4"]).Agrees(Outages("Before:4"), [Second]), Is.False, "both were on one side");
            Assert.That(FlowForecast.Of(Parts, ["n1"], ["n3"]).Agrees(Outages(""), [MigrationPhase.Backup]), Is.True, "nothing has moved yet");
        }
    }

    /// <summary>A client on n1 asks web on n2 by name, which DNS on n1 resolves; n3 and n4 have another pair.</summary>
    [TestCase("shop/client", "http://web", "n1", "FirstPart SecondPart", true)]
    [TestCase("shop/client", "http://web.shop.svc.cluster.local:80/x", "n1 n2", "FirstPart", false)]
    [TestCase("depot/app", "http://db", "n1 n2", "FirstPart SecondPart", true)]
    [TestCase("depot/app", "http://10.10.4.68", "n1 n2", "SecondPart", false)]
    [TestCase("n3", "http://172.18.0.2", "n1 n2", "FirstPart SecondPart", true)]
    [TestCase("depot/gone", "http://web", "n1", null, false)]
    [TestCase("shop/client", "http://example.org", "n1", null, false)]
    public void Of_ASourceAndATarget_FindsTheirNodesAndDns(string source, string target, string first, string? phases, bool isWhole)
    {
        var snapshot = SnapshotFixtures.Read(PartitionPlannerTests.Cluster);
        var partition = PartitionPlanner.Of(snapshot, new MigrationOptions { FirstPart = [.. first.Split(' ')] })!;
        var forecast = FlowForecast.Of(snapshot, partition, source, new Uri(target));
        Assert.That((forecast is null ? null : string.Join(' ', forecast.Phases), forecast?.IsWhole ?? false), Is.EqualTo((phases, isWhole)));
    }

    private static IEnumerable<OutageWindow> Outages(string lost) => lost.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(o => o.Split(':'))
        .Select(o => new OutageWindow(new FlowName("a", "b"), default, default, long.Parse(o[1]), ProbeFailureCause.Timeout, o[0], true));
}
