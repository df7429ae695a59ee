using System.Text.Json.Nodes;
using Antrea.Migration.Execution.Steps;

namespace Antrea.Migration.Tests.Execution;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class InPlaceRestarterTests
{
    [TestCase("disruptionsAllowed: 1", true, 0, null)]
    [TestCase("disruptionsAllowed: 0", true, 0, "PodDisruptionBudget b lets 0 Pods go (3 healthy, 2 wanted)")]
    [TestCase("disruptionsAllowed: 1", true, 1, "PodDisruptionBudget b lets 1 Pods go (3 healthy, 2 wanted), and 1 are restarting")]
    [TestCase("disruptionsAllowed: 2", true, 1, null)]
    [TestCase("disruptionsAllowed: 0", false, 1, null, Description = "the Pod does not count, and the others are enough")]
    [TestCase("disruptionsAllowed: 0, currentHealthy: 1", false, 0, "PodDisruptionBudget b lets 0 Pods go (1 healthy, 2 wanted)")]
    [TestCase("disruptionsAllowed: 1, observedGeneration: 3", true, 0, "PodDisruptionBudget b has changed and is being worked out")]
    [TestCase("", true, 0, "PodDisruptionBudget b lets 0 Pods go (3 healthy, 2 wanted)")]
    public void WhyNot_AsTheApiServerDecidesOnEvictions(string status, bool isReady, int underWay, string? why)
    {
        var budget = (JsonObject)JsonNode.Parse(
            """{"metadata": {"name": "b", "namespace": "shop", "generation": 4}, "status": {"observedGeneration": 4, "currentHealthy": 3, "desiredHealthy": 2}}""")!;
        foreach (var field in status.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(f => f.Split(": ")))
        {
            budget["status"]![field[0]] = JsonNode.Parse(field[1]);
        }

        Assert.That(InPlaceRestarter.WhyNot(budget, isReady, underWay), Is.EqualTo(why));
    }

    [Test]
    public void WhyNot_UnreadyPodOfABudgetThatAlwaysAllowsThose_MayGo()
    {
        var budget = new JsonObject { ["spec"] = new JsonObject { ["unhealthyPodEvictionPolicy"] = "AlwaysAllow" }, ["status"] = new JsonObject() };
        Assert.That(InPlaceRestarter.WhyNot(budget, isReady: false, underWay: 0), Is.Null);
        Assert.That(InPlaceRestarter.WhyNot(budget, isReady: true, underWay: 0), Is.Not.Null);
    }
}
