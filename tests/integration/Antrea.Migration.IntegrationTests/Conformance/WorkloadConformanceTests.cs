using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>Controllers and eviction, with a kubelet played by the test.</summary>
[TestFixture(ConformancePlane.Embedded)]
[TestFixture(ConformancePlane.Real)]
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class WorkloadConformanceTests(string plane)
{
    private Task<ConformanceSpace> SpaceAsync(CancellationToken token) => ConformanceSpace.NewAsync(plane, token);

    /// <summary>A Pod on a Node nobody has, running and ready.</summary>
    private static async Task RunAsync(ConformanceSpace space, string name)
    {
        var pod = await space.Api.PostAsync(
            $"{space.Core}/pods",
            $$"""{"metadata":{"name":"{{name}}","labels":{"app":"web"} },"spec":{"nodeName":"elsewhere","containers":[{"name":"a","image":"one"}]} }""");
        pod.Body["status"] = JsonNode.Parse("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""");
        var written = await space.Api.PutAsync($"{space.Core}/pods/{name}/status", pod.Body);
        Assert.That(written.Code, Is.EqualTo(200), written.Body.ToJsonString());
    }

    /// <summary>The version of the group <c>policy</c> that has budgets, and evictions with it.</summary>
    private static async Task<string> PolicyAsync(ConformanceSpace space) =>
        (await space.Api.GetAsync("apis/policy/v1")).Code == 200 ? "v1" : "v1beta1";

    private static async Task<Answer> EvictAsync(ConformanceSpace space, string version, string pod) => await space.Api.PostAsync(
        $"{space.Core}/pods/{pod}/eviction",
        $$"""{"apiVersion":"policy/{{version}}","kind":"Eviction","metadata":{"name":"{{pod}}","namespace":"{{space.Namespace}}"} }""");

    [Test]
    public async Task A_budget_lets_as_many_Pods_go_as_it_can_spare(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var version = await PolicyAsync(space);
        var budgets = $"apis/policy/{version}/namespaces/{space.Namespace}/poddisruptionbudgets";
        foreach (var i in Enumerable.Range(0, 3))
        {
            await RunAsync(space, $"p{i}");
        }

        await space.Api.PostAsync(budgets, $$"""{"apiVersion":"policy/{{version}}","kind":"PodDisruptionBudget","metadata":{"name":"web"},"spec":{"minAvailable":2,"selector":{"matchLabels":{"app":"web"} } } }""");
        var before = await space.Api.UntilAsync($"{budgets}/web", a => a.Body.Number("status", "currentHealthy") == 3, token);
        var first = await EvictAsync(space, version, "p0");
        var second = await EvictAsync(space, version, "p1");
        var missing = await EvictAsync(space, version, "none");
        var after = await space.Api.UntilAsync($"{budgets}/web", a => a.Body.Number("status", "currentHealthy") == 2, token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(before.Body.Number("status", "disruptionsAllowed"), Is.EqualTo(1));
            Assert.That(before.Body.Number("status", "desiredHealthy"), Is.EqualTo(2));
            Assert.That(before.Body.Number("status", "expectedPods"), Is.EqualTo(3));
            Assert.That(first.Code, Is.EqualTo(201));
            Assert.That(second.Outcome, Is.EqualTo("429 TooManyRequests"));
            Assert.That(second.Body.Items("details", "causes").Single().Text("reason"), Is.EqualTo("DisruptionBudget"));
            Assert.That(missing.Outcome, Is.EqualTo("404 NotFound"));
            Assert.That((await space.Api.GetAsync($"{space.Core}/pods/p0")).Body.Text("metadata", "deletionTimestamp"), Is.Not.Null);
            Assert.That(after.Body.Number("status", "disruptionsAllowed"), Is.Zero);
        }
    }

    [Test]
    public async Task A_Pod_under_two_budgets_cannot_be_evicted(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var version = await PolicyAsync(space);
        await RunAsync(space, "p");
        foreach (var name in (string[])["one", "two"])
        {
            await space.Api.PostAsync(
                $"apis/policy/{version}/namespaces/{space.Namespace}/poddisruptionbudgets",
                $$"""{"apiVersion":"policy/{{version}}","kind":"PodDisruptionBudget","metadata":{"name":"{{name}}"},"spec":{"minAvailable":0,"selector":{"matchLabels":{"app":"web"} } } }""");
        }

        Assert.That((await EvictAsync(space, version, "p")).Code, Is.EqualTo(500));
    }

    [Test]
    public async Task A_Deployment_has_a_ReplicaSet_and_that_has_Pods(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.DeploymentAsync("web", replicas: 2);
        var seen = await space.Api.UntilAsync($"{space.Apps}/deployments/web", a => a.Body.Number("status", "replicas") == 2, token);
        var set = (await space.Api.GetAsync($"{space.Apps}/replicasets?labelSelector=app%3Dweb")).Body.Items("items").Single();
        var pods = (await space.Api.GetAsync($"{space.Core}/pods?labelSelector=app%3Dweb")).Body.Items("items").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(set.ControllerOf().Text("name"), Is.EqualTo("web"));
            Assert.That(set.Text("metadata", "labels", "pod-template-hash"), Is.Not.Null);
            Assert.That(set.Text("metadata", "annotations", "deployment.kubernetes.io/revision"), Is.EqualTo("1"));
            Assert.That(pods, Has.Count.EqualTo(2));
            Assert.That(pods.Select(p => p.ControllerOf().Text("uid")), Has.All.EqualTo(set.UidOf()));
            Assert.That(pods.Select(p => p.Text("metadata", "generateName")), Has.All.EqualTo(set.NameOf() + "-"));
            Assert.That(seen.Body.Number("status", "unavailableReplicas"), Is.EqualTo(2));
            Assert.That(seen.Body.Number("status", "observedGeneration"), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Endpoints_are_the_ready_Pods_of_a_Service(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        await space.Api.PostAsync($"{space.Core}/services", """{"metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":8080}]}}""");
        await RunAsync(space, "p");
        await space.ChangeAsync($"{space.Core}/pods/p/status", o =>
        {
            o["status"]!["podIP"] = "10.10.0.9";
            o["status"]!["podIPs"] = new JsonArray(new JsonObject { ["ip"] = "10.10.0.9" });
        });
        var path = $"{space.Core}/endpoints/web";
        var there = await space.Api.UntilAsync(path, a => a.Body.Items("subsets").SelectMany(s => s.Items("addresses")).Any(), token);
        await space.ChangeAsync($"{space.Core}/pods/p/status", o => o["status"]!["conditions"]![0]!["status"] = "False");
        var unready = await space.Api.UntilAsync(path, a => a.Body.Items("subsets").SelectMany(s => s.Items("notReadyAddresses")).Any(), token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(there.Body.Items("subsets").Single().Items("addresses").Single().Text("ip"), Is.EqualTo("10.10.0.9"));
            Assert.That(there.Body.Items("subsets").Single().Items("addresses").Single().Text("targetRef", "name"), Is.EqualTo("p"));
            Assert.That(there.Body.Items("subsets").Single().Items("ports").Single().Number("port"), Is.EqualTo(8080));
            Assert.That(unready.Body.Items("subsets").SelectMany(s => s.Items("addresses")), Is.Empty);
        }
    }

    [Test]
    public async Task Everybody_may_be_asked_what_they_may_do(CancellationToken token)
    {
        var space = await SpaceAsync(token);
        var review = await space.Api.PostAsync(
            "apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            """{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"list","resource":"pods"}}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(review.Code, Is.EqualTo(201));
            Assert.That(review.Body["status"]!["allowed"]!.GetValue<bool>(), Is.True);
            Assert.That((await space.Api.GetAsync("version")).Body.Text("major"), Is.EqualTo("1"));
        }
    }
}
