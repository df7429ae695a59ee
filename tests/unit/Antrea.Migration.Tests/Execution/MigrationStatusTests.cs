using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Execution;

public sealed class MigrationStatusTests
{
    private static readonly string[] Nodes = ["a", "b", "c", "d", "e", "f", "g", "h"];

    [Test]
    public void Of_AnEmptyJournal_IsNull() => Assert.That(MigrationStatus.Of(new MigrationRecord(null, null, [])), Is.Null);

    [Test]
    public void Of_CountsPhasesAndNodes_AndNamesTheFirstStepThatIsNotDone()
    {
        var plan = Journals.Plan("Bridge/HoldCalico@a Bridge/HoldCalico@b InstallAntrea/InstallAntrea AntreaPods/Hold AntreaPods/RestartPods", "a", "b");
        var failed = new JournalEntry(Journals.Start, "Bridge/HoldCalico@b", JournalState.Failed, "no file");

        var status = MigrationStatus.Of(new MigrationRecord(plan, null, [Journals.Done("Bridge/HoldCalico@a", 0, 2), failed]))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(status.Phases, Is.EqualTo(new[]
            {
                new PhaseStatus(MigrationPhase.Bridge, 1, 2), new PhaseStatus(MigrationPhase.InstallAntrea, 0, 1), new PhaseStatus(MigrationPhase.AntreaPods, 0, 2),
            }));
            Assert.That(status.Nodes, Is.EqualTo(new[] { new NodeStatus("a", 1, 1, MigrationStepKind.HoldCalico), new NodeStatus("b", 0, 1, null) }));
            Assert.That((status.Next?.Id, status.Entry), Is.EqualTo(("Bridge/HoldCalico@b", failed)));
            Assert.That((status.Remaining, status.Unmeasured), Is.EqualTo((TimeSpan.FromSeconds(2), 2)), "a hold takes as long as somebody takes");
        }
    }

    [Test]
    public void Of_NodesThatWentOneByOne_AreExpectedToGoOn()
    {
        var done = Nodes.Index().Select(n => Journals.Done($"Bridge/DelegateToCalico@{n.Item}", n.Index * 3, (n.Index * 3) + 3));

        Assert.That(RemainingAfter([.. done]), Is.EqualTo(TimeSpan.FromSeconds(24)));
    }

    [Test]
    public void Of_NodesThatWentFourAtOnce_AreExpectedToGoOnFourAtOnce()
    {
        var done = Nodes.Index().Select(n => Journals.Done($"Bridge/DelegateToCalico@{n.Item}", n.Index / 4 * 3, (n.Index / 4 * 3) + 3));

        Assert.That(RemainingAfter([.. done]), Is.EqualTo(TimeSpan.FromSeconds(6)));
    }

    [Test]
    public void Of_APauseBetweenTwoNodes_IsNoMeasureOfHowManyGoAtOnce()
    {
        var done = Nodes.Index().Select(n => Journals.Done($"Bridge/DelegateToCalico@{n.Item}", (n.Index / 4 * 3600) + 0, (n.Index / 4 * 3600) + 3));

        Assert.That(RemainingAfter([.. done]), Is.EqualTo(TimeSpan.FromSeconds(6)));
    }

    [Test]
    public void Of_FewerNodesLeftThanWentAtOnce_TakesAsLongAsOneTakes()
    {
        var plan = Journals.Plan(string.Join(' ', Nodes.Select(n => $"Bridge/DelegateToCalico@{n}")), Nodes);
        var done = Nodes[..7].Select(n => Journals.Done($"Bridge/DelegateToCalico@{n}", 0, 3));

        Assert.That(MigrationStatus.Of(new MigrationRecord(plan, null, [.. done]))!.Remaining, Is.EqualTo(TimeSpan.FromSeconds(3)));
    }

    [Test]
    public void Of_StepsOfTheWholeCluster_GoOneAfterTheOtherWhateverNodesDo()
    {
        var plan = Journals.Plan(
            $"{string.Join(' ', Nodes.Select(n => $"Bridge/DelegateToCalico@{n}"))} MultusPods/RestartPods AntreaPods/RestartPods RemoveCalico/RestartPods", Nodes);
        var done = Nodes.Select(n => Journals.Done($"Bridge/DelegateToCalico@{n}", 0, 3)).Append(Journals.Done("MultusPods/RestartPods", 10, 70));

        Assert.That(MigrationStatus.Of(new MigrationRecord(plan, null, [.. done]))!.Remaining, Is.EqualTo(TimeSpan.FromMinutes(2)));
    }

    /// <summary>A second pass over the Nodes is left, of a kind that an earlier pass measured.</summary>
    private static TimeSpan RemainingAfter(JournalEntry[] done)
    {
        var plan = Journals.Plan(string.Join(' ', Nodes.Select(n => $"Bridge/DelegateToCalico@{n}").Concat(Nodes.Select(n => $"MultusPods/DelegateToCalico@{n}"))), Nodes);
        return MigrationStatus.Of(new MigrationRecord(plan, null, [.. done]))!.Remaining;
    }
}
