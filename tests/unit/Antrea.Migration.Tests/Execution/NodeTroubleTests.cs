using System.Text.Json.Nodes;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Tests.Execution;

[TestFixture]
internal sealed class NodeTroubleTests
{
    [Test]
    public void Of_NodesThatAreReady_IsNull() => Assert.That(NodeTrouble.Of([Node("a", "True"), Node("b", "Unknown")], ["a"]), Is.Null);

    [Test]
    public void Of_NodeThatIsNotReady_SaysWhyAndWhereToLook()
    {
        var trouble = NodeTrouble.Of([Node("a", "True"), Node("b", "Unknown", "Kubelet stopped posting node status.")], ["b", "a"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(trouble?.Message, Is.EqualTo("Node b is not ready (Kubelet stopped posting node status)"));
            Assert.That(trouble?.Next, Does.Contain("Bring Node b back").And.Contain("kubectl describe node b").And.Contain("run the command again"));
        }
    }

    [Test]
    public void Of_NodeThatIsGone_SaysHowToGoOnWithAndWithoutIt()
    {
        var trouble = NodeTrouble.Of([Node("b", "False")], ["a", "b"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(trouble?.Message, Is.EqualTo("Node a is gone from the cluster; Node b is not ready"));
            Assert.That(trouble?.Next, Does.StartWith("Bring Node a back under the same name").And.Contain("antrea-migrator rollback"));
        }
    }

    [Test]
    public void Of_ManyNodes_NamesFive()
    {
        var trouble = NodeTrouble.Of([], ["a", "b", "c", "d", "e", "f", "g"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(trouble?.Message, Does.EndWith("Node e is gone from the cluster; and 2 more"));
            Assert.That(trouble?.Next, Does.StartWith("Bring Node a, b, c, d, e and 2 more back"));
        }
    }

    private static JsonObject Node(string name, string ready, string? message = null) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready, ["message"] = message }) },
    };
}
