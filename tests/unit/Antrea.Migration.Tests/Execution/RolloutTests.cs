using System.Text.Json.Nodes;
using Antrea.Migration.Execution.Steps;

namespace Antrea.Migration.Tests.Execution;

[TestFixture]
internal sealed class RolloutTests
{
    private const string Quota = "pods \\\"web-7-x1\\\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=3, limited: pods=3";

    /// <summary>A message that changes at each attempt would count as progress for ever.</summary>
    [Test]
    public void Pending_QuotaIsFull_SaysSoWithoutTheNameOfThePodThatWasTried()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Rollout.Pending(Deployment(Quota)),
                Is.EqualTo("Deployment/shop/web: 0 of 3 Pods restarted; the API server makes none: forbidden: exceeded quota: few, requested: pods=1, used: pods=3, limited: pods=3"));
            Assert.That(Rollout.Pending(Deployment(Quota)), Is.EqualTo(Rollout.Pending(Deployment(Quota.Replace("x1", "x2", StringComparison.Ordinal)))));
        }
    }

    [Test]
    public void NextOf_SaysWhatToDoAboutTheRefusal()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Rollout.NextOf(Deployment(Quota)), Does.StartWith("Raise ResourceQuota shop/few, or make room in it"));
            Assert.That(Rollout.NextOf(Deployment("admission webhook denied the request")), Does.StartWith("Let the API server accept"));
            Assert.That(Rollout.NextOf(Deployment(null)), Does.Contain("kubectl describe"));
        }
    }

    [Test]
    public void Pending_FailureThatIsOver_IsNotTold()
    {
        var over = Deployment(Quota);
        over["status"]!["conditions"]![0]!["status"] = "False";
        Assert.That(Rollout.Pending(over), Is.EqualTo("Deployment/shop/web: 0 of 3 Pods restarted"));
    }

    private static JsonObject Deployment(string? failure) => (JsonObject)JsonNode.Parse(
        $$"""
        {
          "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 3},
          "status": {"replicas": 3, "availableReplicas": 3{{(failure is null ? "" : $$""", "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "{{failure}}"}]""")}}}
        }
        """)!;
}
