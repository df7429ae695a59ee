using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Execution;

public sealed class PodInventoryTests
{
    private const string Steps = "MultusPods/RestartPods AntreaPods/AssertPods AntreaPods/RestartPods";

    private static readonly (PodInfo Pod, PodNetwork Network)[] Pods =
    [
        (Pod("calico", "a"), PodNetwork.Calico), (Pod("multus", "a"), PodNetwork.Multus), (Pod("antrea", "b"), PodNetwork.Antrea), (Pod("host", "b"), PodNetwork.Host),
        (Pod("odd", "b"), PodNetwork.Unknown), (Pod("starting", "b"), PodNetwork.None),
    ];

    private static readonly NodePartition Parts = new()
    {
        FirstPart = ["a"],
        Rest = ["b"],
        IsNamed = true,
        BrokenFlows = [],
        Flows = 0,
        FirstPartTime = TimeSpan.Zero,
        RestTime = TimeSpan.Zero,
    };

    [Test]
    public void Of_BeforeAPhaseIsFinished_HasNoStrays()
    {
        var inventory = Inventory(Steps);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(inventory.Strays, Is.Empty);
            Assert.That(inventory.Counts.Select(c => (c.Key, c.Value)), Is.EqualTo(new[] { (PodNetwork.Calico, 1), (PodNetwork.Multus, 1), (PodNetwork.Antrea, 1), (PodNetwork.Unknown, 1) }));
        }
    }

    [Test]
    public void Of_WithTheFirstPhaseFinished_NamesWhatIsOnNeitherOfTheNetworksToCome() => Assert.That(
        Inventory(Steps, "MultusPods/RestartPods").Strays,
        Is.EqualTo(new[] { new StrayPod("default/calico", "a", PodNetwork.Calico), new StrayPod("default/odd", "b", PodNetwork.Unknown) }));

    [Test]
    public void Of_WithTheLastPhaseFinished_NamesWhatIsNotOnItsNetwork() => Assert.That(
        Inventory(Steps, "MultusPods/RestartPods", "AntreaPods/RestartPods").Strays.Select(s => s.Pod), Is.EqualTo(new[] { "default/calico", "default/multus", "default/odd" }));

    [Test]
    public void Of_APartition_HasStraysOnTheNodesThatHaveMoved()
    {
        var plan = Journals.Plan("FirstPart/RestartPods SecondPart/RestartPods", "a", "b") with { Partition = Parts };

        var strays = PodInventory.Of(Record(plan, "FirstPart/RestartPods"), Pods).Strays;

        Assert.That(strays.Select(s => s.Pod), Is.EqualTo(new[] { "default/calico", "default/multus" }), "Node b's turn is to come");
    }

    [Test]
    public void Of_ARollback_WantsThePodsBackOnCalico()
    {
        var plan = Journals.Plan("CalicoPods/RestartPods", "a", "b") with { Undoes = "before" };

        var strays = PodInventory.Of(new MigrationRecord(plan, plan, [Journals.Done("CalicoPods/RestartPods", 0, 1)]), Pods).Strays;

        Assert.That(strays.Select(s => s.Pod), Is.EqualTo(new[] { "default/antrea", "default/multus", "default/odd" }));
    }

    private static PodInventory Inventory(string steps, params string[] done) => PodInventory.Of(Record(Journals.Plan(steps, "a", "b"), done), Pods);

    private static MigrationRecord Record(MigrationPlan plan, params string[] done) => new(plan, null, [.. done.Select(d => Journals.Done(d, 0, 1))]);

    private static PodInfo Pod(string name, string node) => ClusterSnapshotBuilder.BuildLenient(
        [
            new ClusterObject(
                new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Pod",
                    ["metadata"] = new JsonObject { ["namespace"] = "default", ["name"] = name },
                    ["spec"] = new JsonObject { ["nodeName"] = node, ["hostNetwork"] = name == "host" },
                },
                "test"),
        ],
        []).Pods[0];
}
