using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Controllers;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class SchedulerTests
{
    private static async Task<JsonObject> PlaceAsync(TestCluster cluster, string name, string spec, CancellationToken token)
    {
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod(name, spec: spec));
        await cluster.Plane.SettledAsync(token);
        return cluster.Store.Get(ResourceType.Pod, "default", name)!;
    }

    private static void Change(TestCluster cluster, string node, Action<JsonObject> change) =>
        cluster.Store.Mutate(ResourceType.Node, "", node, n =>
        {
            change(n);
            return true;
        });

    [Test]
    public async Task Pods_spread_over_the_Nodes(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.ReplicaSet, TestCluster.NewWorkload("web", """{ "replicas": 6 }"""));
        await cluster.UntilAsync(ResourceType.ReplicaSet, "web", s => s.Number("status", "readyReplicas") == 6, token);
        Assert.That(cluster.PodsOf("web").GroupBy(p => p.NodeName()).Select(g => g.Count()), Is.EqualTo((int[])[2, 2, 2]));
    }

    [TestCase("""{ "nodeSelector": { "disk": "ssd" } }""", "worker2")]
    [TestCase("""{ "tolerations": [ { "operator": "Exists" } ] }""", "worker3")] // the tainted one is emptiest
    [TestCase("""{ "tolerations": [ { "key": "k", "value": "v", "effect": "NoSchedule" } ], "nodeSelector": { "kubernetes.io/hostname": "worker3" } }""", "worker3")]
    [TestCase("""{ "tolerations": [ { "key": "k", "value": "w" } ], "nodeSelector": { "kubernetes.io/hostname": "worker3" } }""", null)]
    [TestCase("""{ "nodeSelector": { "kubernetes.io/hostname": "worker1" } }""", null)] // cordoned
    [TestCase("""{ "nodeSelector": { "kubernetes.io/hostname": "worker4" } }""", null)] // not ready
    [TestCase(
        """
        { "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
            { "matchExpressions": [ { "key": "disk", "operator": "In", "values": [ "ssd", "nvme" ] } ] } ] } } } }
        """, "worker2")]
    [TestCase("""{ "schedulerName": "other" }""", null)]
    public async Task A_Pod_goes_where_it_may(string spec, string? node)
    {
        await using var cluster = await TestCluster.StartAsync(CancellationToken.None, nodes: 4);
        Change(cluster, "worker1", n => n.Ensure("spec")["unschedulable"] = true);
        Change(cluster, "worker2", n => n["metadata"]!["labels"]!["disk"] = "ssd");
        Change(cluster, "worker3", n => n.Ensure("spec")["taints"] =
            new JsonArray(new JsonObject { ["key"] = "k", ["value"] = "v", ["effect"] = "NoSchedule" }));
        Change(cluster, "worker4", n => n["status"]!["conditions"]![0]!["status"] = "False");
        foreach (var busy in (string[])["worker1", "worker2", "worker4"])
        {
            cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("on-" + busy, spec: $$"""{ "nodeName": "{{busy}}" }"""));
        }

        var pod = await PlaceAsync(cluster, "one", spec, CancellationToken.None);
        Assert.That(pod.NodeName(), Is.EqualTo(node));
    }

    [Test]
    public async Task A_Pod_without_a_Node_says_why_and_goes_when_there_is_one(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 1);
        Change(cluster, "worker1", n => n.Ensure("spec")["unschedulable"] = true);
        var waiting = await PlaceAsync(cluster, "one", "{}", token);
        cluster.Store.Create(ResourceType.Node, TestCluster.NewNode("worker2"));
        await cluster.Plane.SettledAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(waiting.Condition("PodScheduled").Text("reason"), Is.EqualTo("Unschedulable"));
            Assert.That(waiting.Condition("PodScheduled").Text("message"), Is.EqualTo("0/1 nodes are available: 1 node(s) were unschedulable."));
            Assert.That(cluster.Store.Peek(ResourceType.Pod, "default", "one")!.NodeName(), Is.EqualTo("worker2"));
        }
    }

    [Test]
    public async Task What_the_scheduler_does_not_know_is_refused_by_name(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        var pod = await PlaceAsync(
            cluster, "one", """{ "affinity": { "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [ {} ] } } }""", token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pod.NodeName(), Is.Null);
            Assert.That(pod.Condition("PodScheduled").Text("message"), Does.Contain("podAntiAffinity"));
        }
    }
}
