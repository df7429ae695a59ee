using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class EvictionTests
{
    private static async Task<TestCluster> StartAsync(CancellationToken token, int replicas = 3)
    {
        var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.ReplicaSet, TestCluster.NewWorkload("web", $$"""{ "replicas": {{replicas}} }"""));
        await cluster.UntilAsync(ResourceType.ReplicaSet, "web", s => s.Number("status", "readyReplicas") == replicas, token);
        return cluster;
    }

    private static JsonObject NewBudget(string name, string spec) => TestCluster.Json($$"""
        { "metadata": { "name": "{{name}}", "namespace": "default" },
          "spec": { "selector": { "matchLabels": { "app": "web" } }, {{spec}} } }
        """);

    private static async Task<JsonObject> StatusAsync(TestCluster cluster, string name, CancellationToken token)
    {
        await cluster.Plane.SettledAsync(token);
        return cluster.Store.Get(ResourceType.PodDisruptionBudget, "default", name).Object("status")!;
    }

    private static Task EvictAsync(TestCluster cluster, string pod, CancellationToken token) =>
        cluster.Client.CoreV1.CreateNamespacedPodEvictionAsync(
            new V1Eviction { Metadata = new V1ObjectMeta { Name = pod } }, pod, "default", cancellationToken: token);

    [Test]
    public async Task A_budget_lets_as_many_Pods_go_as_it_can_spare(CancellationToken token)
    {
        await using var cluster = await StartAsync(token);
        cluster.Store.Create(ResourceType.PodDisruptionBudget, NewBudget("web", "\"minAvailable\": 2"));
        var before = await StatusAsync(cluster, "web", token);
        cluster.Kubelet.Holds = _ => true;
        var pods = cluster.PodsOf("web").Select(p => p.NameOf()).ToList();
        await EvictAsync(cluster, pods[0], token);
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => EvictAsync(cluster, pods[1], token));
        var after = await StatusAsync(cluster, "web", token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(before.Number("disruptionsAllowed"), Is.EqualTo(1));
            Assert.That(refused!.Response.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
            Assert.That(refused.Response.Content, Does.Contain("DisruptionBudget").And.Contain("needs 2 healthy pods and has 2 currently"));
            Assert.That(refused.Response.Headers, Does.Not.ContainKey("Retry-After"), "clients would retry by themselves");
            Assert.That(cluster.Store.Peek(ResourceType.Pod, "default", pods[0])!.IsTerminating(), Is.True);
            Assert.That(cluster.Store.Peek(ResourceType.Pod, "default", pods[1])!.IsTerminating(), Is.False);
            Assert.That(after.Number("currentHealthy"), Is.EqualTo(2));
            Assert.That(after.Number("disruptionsAllowed"), Is.Zero);
        }
    }

    [Test]
    public async Task Evictions_that_race_for_one_disruption_get_one(CancellationToken token)
    {
        await using var cluster = await StartAsync(token, replicas: 6);
        cluster.Store.Create(ResourceType.PodDisruptionBudget, NewBudget("web", "\"maxUnavailable\": 1"));
        await cluster.Plane.SettledAsync(token);
        cluster.Kubelet.Holds = _ => true;
        var outcomes = await Task.WhenAll(cluster.PodsOf("web").Select(async pod =>
        {
            try
            {
                await EvictAsync(cluster, pod.NameOf(), token);
                return HttpStatusCode.Created;
            }
            catch (HttpOperationException e)
            {
                return e.Response.StatusCode;
            }
        }));
        Assert.That(outcomes.Count(o => o == HttpStatusCode.Created), Is.EqualTo(1));
    }

    [Test]
    public async Task A_budget_whose_status_is_older_than_its_spec_asks_for_patience(CancellationToken token)
    {
        // A server without controllers: nobody ever looks at the budget.
        var store = new ObjectStore(TimeProvider.System);
        await using var server = await LabApiServer.StartAsync(new(), store, new EchoExecutor(), TimeProvider.System, token);
        using var client = TestCluster.NewClient(server.Kubeconfig);
        store.Create(ResourceType.Pod, TestCluster.NewPod("one", """{ "app": "web" }""", """{ "nodeName": "worker1" }"""));
        using var kubelet = new FakeKubelet(store) { Holds = _ => true };
        kubelet.Start(store, store.Peek(ResourceType.Pod, "default", "one")!);
        store.Create(ResourceType.PodDisruptionBudget, NewBudget("web", "\"minAvailable\": 0"));
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => client.CoreV1.CreateNamespacedPodEvictionAsync(
            new V1Eviction { Metadata = new V1ObjectMeta { Name = "one" } }, "one", "default", cancellationToken: token));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused!.Response.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
            Assert.That(refused.Response.Headers["Retry-After"], Is.EqualTo((string[])["10"]));
        }
    }

    [Test]
    public async Task A_Pod_under_two_budgets_cannot_be_evicted(CancellationToken token)
    {
        await using var cluster = await StartAsync(token);
        cluster.Store.Create(ResourceType.PodDisruptionBudget, NewBudget("one", "\"maxUnavailable\": 2"));
        cluster.Store.Create(ResourceType.PodDisruptionBudget, NewBudget("two", "\"maxUnavailable\": 2"));
        await cluster.Plane.SettledAsync(token);
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => EvictAsync(cluster, cluster.PodsOf("web")[0].NameOf(), token));
        Assert.That(refused!.Response.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
    }

    [TestCase("\"minAvailable\": \"50%\"", 5, 3, 2)]
    [TestCase("\"maxUnavailable\": \"30%\"", 5, 3, 2)]
    [TestCase("\"maxUnavailable\": 0", 3, 3, 0)]
    [TestCase("\"minAvailable\": 4", 3, 4, 0)]
    public async Task Budgets_count_against_what_the_controller_wants(string spec, int replicas, int desired, int allowed)
    {
        await using var cluster = await StartAsync(CancellationToken.None, replicas);
        cluster.Store.Create(ResourceType.PodDisruptionBudget, NewBudget("web", spec));
        var status = await StatusAsync(cluster, "web", CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status.Number("expectedPods"), Is.EqualTo(replicas));
            Assert.That(status.Number("desiredHealthy"), Is.EqualTo(desired));
            Assert.That(status.Number("disruptionsAllowed"), Is.EqualTo(allowed));
        }
    }

    [Test]
    public async Task An_unready_Pod_may_go_while_enough_others_are_healthy(CancellationToken token)
    {
        await using var cluster = await StartAsync(token);
        cluster.Store.Create(ResourceType.PodDisruptionBudget, NewBudget("web", "\"minAvailable\": 2"));
        var pod = cluster.PodsOf("web")[0];
        cluster.Kubelet.Holds = _ => true;
        cluster.Kubelet.Start(cluster.Store, pod, ready: false);
        var status = await StatusAsync(cluster, "web", token);
        await EvictAsync(cluster, pod.NameOf(), token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status.Number("disruptionsAllowed"), Is.Zero);
            Assert.That(cluster.Store.Peek(ResourceType.Pod, "default", pod.NameOf())!.IsTerminating(), Is.True);
        }
    }
}
