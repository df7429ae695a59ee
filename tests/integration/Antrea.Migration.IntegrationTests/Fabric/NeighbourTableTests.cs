using System.Net;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Fabric;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class NeighbourTableTests
{
    private static readonly DateTimeOffset Start = new(2023, 10, 14, 12, 0, 0, TimeSpan.Zero);
    private static readonly IPAddress Gateway = IPAddress.Parse("10.10.1.1");
    private static readonly IPAddress LinkLocal = IPAddress.Parse("169.254.1.1");

    private static readonly (string, IPAddress)[] Defaults = [("net1", Gateway), ("eth0", LinkLocal)];

    private readonly NeighbourTable _table = new();

    [Test]
    public void PickDefault_NothingKnown_TakesTheFirst() => Assert.That(Picks(Start, 3), Is.EqualTo(new[] { 0, 0, 0 }));

    [Test]
    public void PickDefault_FirstReachable_AlwaysTakesIt()
    {
        _table.Confirm("net1", Gateway, Start);
        _table.Confirm("eth0", LinkLocal, Start);

        Assert.That(Picks(Start, 4), Is.EqualTo(new[] { 0, 0, 0, 0 }));
    }

    [Test]
    public void PickDefault_BothStale_Alternates()
    {
        _table.Confirm("net1", Gateway, Start);
        _table.Confirm("eth0", LinkLocal, Start);

        Assert.That(Picks(Start + TimeSpan.FromMinutes(1), 6), Is.EqualTo(new[] { 0, 1, 0, 1, 0, 1 }));
    }

    [TestCase(1)]
    [TestCase(10)]
    public void PickDefault_FirstIsNotAnswered_TakesTheSecond(int seconds)
    {
        _table.Miss("net1", Gateway, Start);

        Assert.That(Picks(Start + TimeSpan.FromSeconds(seconds), 3), Is.EqualTo(new[] { 1, 1, 1 }));
    }

    [Test]
    public void StateOf_StaleEntryInUse_IsAskedForAgain()
    {
        _table.Confirm("net1", Gateway, Start);
        var later = Start + TimeSpan.FromSeconds(40);
        _table.Use("net1", Gateway, later);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(_table.StateOf("net1", Gateway, later), Is.EqualTo(NeighbourState.Stale));
            Assert.That(_table.StateOf("net1", Gateway, later + TimeSpan.FromSeconds(5)), Is.EqualTo(NeighbourState.Reachable));
            Assert.That(_table.StateOf("net1", Gateway, later + TimeSpan.FromSeconds(35)), Is.EqualTo(NeighbourState.Stale));
        }
    }

    [Test]
    public void StateOf_Unanswered_IsIncompleteThenFailed()
    {
        _table.Miss("net1", Gateway, Start);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(_table.StateOf("net1", Gateway, Start), Is.EqualTo(NeighbourState.Incomplete));
            Assert.That(_table.StateOf("net1", Gateway, Start + TimeSpan.FromSeconds(3)), Is.EqualTo(NeighbourState.Failed));
            Assert.That(_table.StateOf("eth0", LinkLocal, Start), Is.EqualTo(NeighbourState.Absent));
        }
    }

    private int[] Picks(DateTimeOffset now, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => _table.PickDefault(Defaults, now))];
}
