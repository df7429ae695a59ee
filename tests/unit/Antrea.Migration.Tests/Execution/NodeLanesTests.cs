using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Execution;

[Parallelizable(ParallelScope.All)]
internal sealed class NodeLanesTests
{
    /// <summary>A step as KIND@NODE; groups by |, lanes by space, steps of a lane by +.</summary>
    [TestCase("HoldCalico@a HoldCalico@b HoldCalico@c", "HoldCalico@a HoldCalico@b HoldCalico@c", TestName = "Of_APass_IsALaneANode")]
    [TestCase("HoldCalico@a HoldCalico@b DeferAntrea@a DeferAntrea@b", "HoldCalico@a HoldCalico@b|DeferAntrea@a DeferAntrea@b", TestName = "Of_TwoPasses_TheSecondWaitsForTheFirst")]
    [TestCase(
        "ReleaseHold@a StopCalico@a ClearRoutes@a ReleaseHold@b StopCalico@b ClearRoutes@b", "ReleaseHold@a+StopCalico@a+ClearRoutes@a ReleaseHold@b+StopCalico@b+ClearRoutes@b",
        TestName = "Of_NodeByNode_EachNodeGoesThroughItsOwn")]
    [TestCase("HoldCalico@a HoldCalico@b ConfineCalico@ DeferAntrea@a", "HoldCalico@a HoldCalico@b|ConfineCalico@|DeferAntrea@a", TestName = "Of_AStepOfTheCluster_PartsWhatIsAroundIt")]
    [TestCase("MovePods@a MovePods@b", "MovePods@a|MovePods@b", TestName = "Of_RestartsOfPods_AreOneByOne")]
    [TestCase("CordonNode@b AdmitAntrea@a", "CordonNode@b|AdmitAntrea@a", TestName = "Of_KindsThatDiffer_AreNotSideBySide")]
    [TestCase("HoldCalico@a HoldCalico@b ReleaseHold@b", "HoldCalico@a|HoldCalico@b+ReleaseHold@b", TestName = "Of_TheSameNodeTwice_KeepsItsOrder")]
    public void Of(string steps, string groups) => Assert.That(Text(NodeLanes.Of(Steps(steps), 4)), Is.EqualTo(groups));

    [Test]
    public void Of_OneAtOnce_IsEachStepAlone() =>
        Assert.That(Text(NodeLanes.Of(Steps("ReleaseHold@a StopCalico@a ReleaseHold@b"), 1)), Is.EqualTo("ReleaseHold@a|StopCalico@a|ReleaseHold@b"));

    private static IEnumerable<MigrationStep> Steps(string text) => text.Split(' ').Select(s => s.Split('@')).Select(s => new MigrationStep(
        $"{s[0]}/{s[1]}", MigrationPhase.Bridge, Enum.Parse<MigrationStepKind>(s[0]), "", s[1].Length == 0 ? null : s[1], Reversibility.Reversible, []));

    private static string Text(IEnumerable<ImmutableArray<ImmutableArray<MigrationStep>>> groups) =>
        string.Join('|', groups.Select(g => string.Join(' ', g.Select(lane => string.Join('+', lane.Select(s => $"{s.Kind}@{s.Node}"))))));
}
