using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.ControlPlane;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

/// <summary>ClusterIPs, Endpoints and EndpointSlices.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class ServiceTests
{
    private static JsonObject NewService(string name, string more = "{}", string port = """{ "port": 80, "targetPort": "http" }""")
    {
        var service = TestCluster.Json($$"""
            { "metadata": { "name": "{{name}}", "namespace": "default" }, "spec": { "selector": { "app": "web" }, "ports": [ {{port}} ] } }
            """);
        foreach (var (field, value) in TestCluster.Json(more))
        {
            service["spec"]![field] = value?.DeepClone();
        }

        return service;
    }

    private static Task<V1Service> CreateAsync(TestCluster cluster, string name, string? ip, CancellationToken token) =>
        cluster.Client.CoreV1.CreateNamespacedServiceAsync(
            new V1Service { Metadata = new V1ObjectMeta { Name = name }, Spec = new V1ServiceSpec { ClusterIP = ip, Ports = [new V1ServicePort { Port = 80 }] } },
            "default", cancellationToken: token);

    [Test]
    public async Task ClusterIPs_come_from_the_Service_CIDR_and_are_never_given_twice(CancellationToken token)
    {
        var options = new LabControlPlaneOptions { ServiceCidr = Cidr.Parse("10.96.0.0/28") };
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0, options: options);
        var given = new List<string>();
        foreach (var i in Enumerable.Range(0, 13))
        {
            given.Add((await CreateAsync(cluster, $"s{i}", null, token)).Spec.ClusterIP);
        }

        var full = await Assert.ThrowsAsync<HttpOperationException>(() => CreateAsync(cluster, "more", null, token));
        await cluster.Client.CoreV1.DeleteNamespacedServiceAsync("s3", "default", cancellationToken: token);
        var again = await CreateAsync(cluster, "again", null, token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Store.Peek(ResourceType.Service, "default", "kubernetes").Text("spec", "clusterIP"), Is.EqualTo("10.96.0.1"));
            Assert.That(given.Append("10.96.0.1"), Is.EquivalentTo(Enumerable.Range(1, 14).Select(i => $"10.96.0.{i}")));
            Assert.That(full!.Response.StatusCode, Is.EqualTo(HttpStatusCode.UnprocessableEntity));
            Assert.That(again.Spec.ClusterIP, Is.EqualTo(given[3]));
        }
    }

    [TestCase("10.96.0.10", null)]
    [TestCase("None", null)]
    [TestCase("10.96.0.1", "already allocated")]
    [TestCase("10.97.0.10", "not in the valid range")]
    [TestCase("nonsense", "valid IP")]
    public async Task A_Service_may_ask_for_its_address(string ip, string? refusal)
    {
        await using var cluster = await TestCluster.StartAsync(CancellationToken.None, nodes: 0);
        if (refusal is null)
        {
            Assert.That((await CreateAsync(cluster, "dns", ip, CancellationToken.None)).Spec.ClusterIP, Is.EqualTo(ip));
            return;
        }

        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => CreateAsync(cluster, "dns", ip, CancellationToken.None));
        Assert.That(refused!.Response.Content, Does.Contain(refusal));
    }

    [Test]
    public async Task Endpoints_are_the_ready_Pods_that_stay(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.Service, NewService("web"));
        cluster.Store.Create(ResourceType.ReplicaSet, TestCluster.NewWorkload("web", """{ "replicas": 3 }"""));
        await cluster.UntilAsync(ResourceType.ReplicaSet, "web", s => s.Number("status", "readyReplicas") == 3, token);
        await cluster.Plane.SettledAsync(token);
        var all = cluster.Store.Peek(ResourceType.Endpoints, "default", "web").Items("subsets").Single();

        cluster.Kubelet.Holds = _ => true;
        var pods = cluster.PodsOf("web");
        cluster.Kubelet.Start(cluster.Store, pods[0], ready: false);
        cluster.Store.MarkForDeletion(ResourceType.Pod, "default", pods[1].NameOf(), 30);
        await cluster.Plane.SettledAsync(token);
        var left = cluster.Store.Peek(ResourceType.Endpoints, "default", "web").Items("subsets").Single();
        var slice = cluster.Store.PeekAll(ResourceType.EndpointSlice, "default").Single();

        string Ip(JsonObject pod) => pod.Text("status", "podIP")!;

        string Condition(JsonObject pod, string type) =>
            slice.Items("endpoints").Single(e => e.Texts("addresses").Single() == Ip(pod)).Flag("conditions", type) ? type : "";

        using (Assert.EnterMultipleScope())
        {
            Assert.That(all.Items("addresses").Select(a => a.Text("ip")), Is.EquivalentTo(pods.Select(Ip)));
            Assert.That(all.Items("ports").Single().Number("port"), Is.EqualTo(8080), "the container port named http");
            Assert.That(left.Items("addresses").Select(a => a.Text("ip")), Is.EqualTo((string[])[Ip(pods[2])]));
            Assert.That(left.Items("notReadyAddresses").Select(a => a.Text("ip")), Is.EqualTo((string[])[Ip(pods[0])]));
            Assert.That(pods.Select(p => Condition(p, "ready") + Condition(p, "terminating")), Is.EqualTo((string[])["", "terminating", "ready"]));
            Assert.That(slice.Text("metadata", "labels", "kubernetes.io/service-name"), Is.EqualTo("web"));
        }
    }

    [Test]
    public async Task A_changed_selector_or_label_changes_the_endpoints(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.Service, NewService("web", port: """{ "port": 80 }"""));
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("one", """{ "app": "web" }"""));
        await cluster.UntilAsync(
            ResourceType.Endpoints, "web", e => e.Items("subsets").SelectMany(s => s.Items("addresses")).Count() == 1, token);
        cluster.Store.Mutate(ResourceType.Pod, "default", "one", p =>
        {
            p["metadata"]!["labels"]!["app"] = "other";
            return true;
        });
        await cluster.Plane.SettledAsync(token);
        Assert.That(cluster.Store.Peek(ResourceType.Endpoints, "default", "web").Items("subsets"), Is.Empty);
    }

    [Test]
    public async Task A_deleted_Service_leaves_nothing(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.Service, NewService("web"));
        await cluster.UntilAsync(s => s.PeekAll(ResourceType.EndpointSlice).Count == 1, token);
        await cluster.Client.CoreV1.DeleteNamespacedServiceAsync("web", "default", cancellationToken: token);
        await cluster.Plane.SettledAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Store.PeekAll(ResourceType.EndpointSlice), Is.Empty);
            Assert.That(cluster.Store.Peek(ResourceType.Endpoints, "default", "web"), Is.Null);
        }
    }
}
