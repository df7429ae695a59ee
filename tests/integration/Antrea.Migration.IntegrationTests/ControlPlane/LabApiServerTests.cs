using System.Net;
using Antrea.Migration.Lab.ControlPlane;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

/// <summary>The API server as KubernetesClient sees it.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class LabApiServerTests
{
    private static V1ConfigMap NewMap(string name, string? app = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = app is null ? null : new Dictionary<string, string> { ["app"] = app } },
        Data = new Dictionary<string, string> { ["k"] = "v" },
    };

    private static HttpStatusCode CodeOf(HttpOperationException e) => e.Response.StatusCode;

    private static V1Status StatusOf(HttpOperationException e) => KubernetesJson.Deserialize<V1Status>(e.Response.Content);

    [Test]
    public async Task Pages_of_a_list_show_the_moment_of_the_first_page(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        foreach (var i in Enumerable.Range(0, 25))
        {
            await cluster.Client.CoreV1.CreateNamespacedConfigMapAsync(NewMap($"cm-{i:00}"), "default", cancellationToken: token);
        }

        var names = new List<string>();
        var versions = new HashSet<string>();
        string? next = null;
        do
        {
            var page = await cluster.Client.CoreV1.ListNamespacedConfigMapAsync("default", limit: 10, continueParameter: next, cancellationToken: token);
            names.AddRange(page.Items.Select(m => m.Name()));
            versions.Add(page.ResourceVersion());
            next = page.Continue();
            cluster.Store.Delete(ResourceType.ConfigMap, "default", "cm-20");
        }
        while (next is not null);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(names, Is.EqualTo(Enumerable.Range(0, 25).Select(i => $"cm-{i:00}")));
            Assert.That(versions, Has.Count.EqualTo(1));
        }
    }

    [Test]
    public async Task A_continue_token_that_is_not_the_servers_is_refused(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var made_up = await Assert.ThrowsAsync<HttpOperationException>(
            () => cluster.Client.CoreV1.ListNamespacedConfigMapAsync("default", limit: 1, continueParameter: "bm9uc2Vuc2U=", cancellationToken: token));
        Assert.That(CodeOf(made_up!), Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task Selectors_narrow_a_list(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("a", """{ "app": "web", "tier": "front" }""", """{ "nodeName": "worker1" }"""));
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("b", """{ "app": "web" }""", """{ "nodeName": "worker2" }"""));
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("c", """{ "app": "db" }""", """{ "nodeName": "worker1" }"""));

        async Task<string> Names(string? labels, string? fields)
        {
            var list = await cluster.Client.CoreV1.ListPodForAllNamespacesAsync(labelSelector: labels, fieldSelector: fields, cancellationToken: token);
            return string.Join(' ', list.Items.Select(p => p.Name()));
        }

        var unknown = await Assert.ThrowsAsync<HttpOperationException>(() => Names(null, "spec.color=blue"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Names("app=web", null), Is.EqualTo("a b"));
            Assert.That(await Names("app in (web, db),!tier", null), Is.EqualTo("b c"));
            Assert.That(await Names("app!=web", null), Is.EqualTo("c"));
            Assert.That(await Names(null, "spec.nodeName=worker1"), Is.EqualTo("a c"));
            Assert.That(await Names("app=web", "metadata.name!=a"), Is.EqualTo("b"));
            Assert.That(CodeOf(unknown!), Is.EqualTo(HttpStatusCode.BadRequest));
        }
    }

    [Test]
    public async Task An_update_of_an_old_object_is_a_conflict(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var core = cluster.Client.CoreV1;
        var first = await core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token);
        first.Data["k"] = "w";
        await core.ReplaceNamespacedConfigMapAsync(first, "one", "default", cancellationToken: token);
        first.Data["k"] = "x";
        var refused = await Assert.ThrowsAsync<HttpOperationException>(
            () => core.ReplaceNamespacedConfigMapAsync(first, "one", "default", cancellationToken: token));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(CodeOf(refused!), Is.EqualTo(HttpStatusCode.Conflict));
            Assert.That(StatusOf(refused!).Reason, Is.EqualTo("Conflict"));
            Assert.That((await core.ReadNamespacedConfigMapAsync("one", "default", cancellationToken: token)).Data["k"], Is.EqualTo("w"));
        }
    }

    [Test]
    public async Task Refusals_are_statuses_with_reasons(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var core = cluster.Client.CoreV1;
        await core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token);

        async Task<string> Reason(Func<Task> action)
        {
            try
            {
                await action();
                return "none";
            }
            catch (HttpOperationException e)
            {
                return $"{(int)CodeOf(e)} {StatusOf(e).Reason}";
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Reason(() => core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token)), Is.EqualTo("409 AlreadyExists"));
            Assert.That(await Reason(() => core.ReadNamespacedConfigMapAsync("two", "default", cancellationToken: token)), Is.EqualTo("404 NotFound"));
            Assert.That(await Reason(() => core.CreateNamespacedConfigMapAsync(NewMap("x"), "nowhere", cancellationToken: token)), Is.EqualTo("404 NotFound"));
            Assert.That(await Reason(() => core.CreateNamespacedConfigMapAsync(NewMap("Bad Name"), "default", cancellationToken: token)), Is.EqualTo("422 Invalid"));
            Assert.That(await Reason(() => core.CreateNamespacedConfigMapAsync(NewMap(""), "default", cancellationToken: token)), Is.EqualTo("422 Invalid"));
            Assert.That(
                await Reason(() => cluster.Client.CustomObjects.ListClusterCustomObjectAsync("no.such", "v1", "things", cancellationToken: token)),
                Is.EqualTo("404 NotFound"));
        }
    }

    [Test]
    public async Task A_request_without_the_token_is_unauthorized(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        using var client = TestCluster.NewClient(cluster.Plane.Kubeconfig.Replace("token: ", "token: x", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => client.CoreV1.ListNodeAsync(cancellationToken: token));
        Assert.That(CodeOf(refused!), Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task A_dry_run_changes_nothing(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var core = cluster.Client.CoreV1;
        var kept = await core.CreateNamespacedConfigMapAsync(NewMap("kept"), "default", cancellationToken: token);
        await cluster.Plane.SettledAsync(token);
        var before = cluster.Store.Version;
        var made = await core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", dryRun: "All", cancellationToken: token);
        kept.Data["k"] = "w";
        var replaced = await core.ReplaceNamespacedConfigMapAsync(kept, "kept", "default", dryRun: "All", cancellationToken: token);
        await core.DeleteNamespacedConfigMapAsync("kept", "default", dryRun: "All", cancellationToken: token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made.Name(), Is.EqualTo("one"));
            Assert.That(replaced.Data["k"], Is.EqualTo("w"));
            Assert.That(cluster.Store.Version, Is.EqualTo(before));
        }
    }

    [Test]
    public async Task A_Secret_takes_text_and_keeps_bytes(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var secret = await cluster.Client.CoreV1.CreateNamespacedSecretAsync(
            new V1Secret { Metadata = new V1ObjectMeta { GenerateName = "s-" }, StringData = new Dictionary<string, string> { ["k"] = "v" } },
            "default", cancellationToken: token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(secret.Name(), Does.Match("^s-[a-z0-9]{5}$"));
            Assert.That(secret.Data["k"], Is.EqualTo("v"u8.ToArray()));
            Assert.That(secret.StringData, Is.Null);
        }
    }

    [Test]
    public async Task A_finalizer_keeps_a_deleted_object_until_it_is_taken_off(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var core = cluster.Client.CoreV1;
        var map = NewMap("one");
        map.Metadata.Finalizers = ["example.com/hold"];
        await core.CreateNamespacedConfigMapAsync(map, "default", cancellationToken: token);
        await core.DeleteNamespacedConfigMapAsync("one", "default", cancellationToken: token);
        var marked = await core.ReadNamespacedConfigMapAsync("one", "default", cancellationToken: token);
        await core.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"metadata":{"finalizers":null}}""", V1Patch.PatchType.MergePatch), "one", "default", cancellationToken: token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(marked.DeletionTimestamp(), Is.Not.Null);
            Assert.That(cluster.Store.Peek(ResourceType.ConfigMap, "default", "one"), Is.Null);
        }
    }

    [Test]
    public async Task A_precondition_on_the_uid_protects_a_namesake(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var core = cluster.Client.CoreV1;
        await core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token);
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => core.DeleteNamespacedConfigMapAsync(
            "one", "default", new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = "another" } }, cancellationToken: token));
        Assert.That(CodeOf(refused!), Is.EqualTo(HttpStatusCode.Conflict));
    }

    [Test]
    public async Task A_collection_is_deleted_by_selector(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var core = cluster.Client.CoreV1;
        foreach (var (name, app) in ((string, string)[])[("a", "x"), ("b", "y"), ("c", "x")])
        {
            await core.CreateNamespacedConfigMapAsync(NewMap(name, app), "default", cancellationToken: token);
        }

        await core.DeleteCollectionNamespacedConfigMapAsync("default", labelSelector: "app=x", cancellationToken: token);
        Assert.That(cluster.Store.List(ResourceType.ConfigMap, "default").Select(m => m.NameOf()), Is.EqualTo((string[])["b"]));
    }

    [Test]
    public async Task A_deleted_Namespace_takes_its_contents_with_it(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        var core = cluster.Client.CoreV1;
        await core.CreateNamespaceAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = "gone" } }, cancellationToken: token);
        await core.CreateNamespacedConfigMapAsync(NewMap("one"), "gone", cancellationToken: token);
        cluster.Kubelet.Holds = pod => pod.IsTerminating();
        var pod = TestCluster.NewPod("slow");
        pod["metadata"]!["namespace"] = "gone";
        cluster.Store.Create(ResourceType.Pod, pod);
        await cluster.UntilAsync(s => s.Peek(ResourceType.Pod, "gone", "slow").Text("status", "phase") == "Running", token);
        await core.DeleteNamespaceAsync("gone", cancellationToken: token);
        await cluster.Plane.SettledAsync(token);
        var while_going = await core.ReadNamespaceAsync("gone", cancellationToken: token);
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => core.CreateNamespacedConfigMapAsync(NewMap("two"), "gone", cancellationToken: token));
        cluster.Store.Delete(ResourceType.Pod, "gone", "slow");
        await cluster.Plane.SettledAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(while_going.Status.Phase, Is.EqualTo("Terminating"));
            Assert.That(CodeOf(refused!), Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That(cluster.Store.Peek(ResourceType.Namespace, "", "gone"), Is.Null);
            Assert.That(cluster.Store.Types().SelectMany(t => cluster.Store.List(t, "gone")), Is.Empty);
        }
    }

    [Test]
    public async Task Status_and_the_rest_are_written_apart(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        var apps = cluster.Client.AppsV1;
        cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", """{ "replicas": 0 }"""));
        await cluster.Plane.SettledAsync(token);
        await apps.PatchNamespacedDeploymentAsync(
            new V1Patch("""{"status":{"collisionCount":7},"metadata":{"labels":{"a":"b"}}}""", V1Patch.PatchType.MergePatch), "web", "default", cancellationToken: token);
        var unchanged = await apps.ReadNamespacedDeploymentAsync("web", "default", cancellationToken: token);
        await apps.PatchNamespacedDeploymentStatusAsync(
            new V1Patch("""{"status":{"collisionCount":7},"spec":{"replicas":5}}""", V1Patch.PatchType.MergePatch), "web", "default", cancellationToken: token);
        var changed = await apps.ReadNamespacedDeploymentAsync("web", "default", cancellationToken: token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(unchanged.Status.CollisionCount, Is.Null);
            Assert.That(unchanged.GetLabel("a"), Is.EqualTo("b"));
            Assert.That(changed.Status.CollisionCount, Is.EqualTo(7));
            Assert.That(changed.Spec.Replicas, Is.Zero);
        }
    }

    [Test]
    public async Task Faults_refuse_drop_and_lose_answers(CancellationToken token)
    {
        var faults = new Queue<LabApiFault?>(
        [
            new LabApiFault.Refuse(429, "TooManyRequests", TimeSpan.FromSeconds(2)),
            new LabApiFault.Drop(),
            new LabApiFault.Drop(AfterHandling: true),
            null,
        ]);
        var seen = new List<LabApiRequest>();
        var options = new LabControlPlaneOptions
        {
            Faults = request =>
            {
                seen.Add(request);
                return faults.Dequeue();
            },
        };
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0, options: options);
        var core = cluster.Client.CoreV1;
        var busy = await Assert.ThrowsAsync<HttpOperationException>(() => core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token));
        await Assert.ThrowsAsync<HttpRequestException>(() => core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token));
        var dropped = cluster.Store.Peek(ResourceType.ConfigMap, "default", "one");
        await Assert.ThrowsAsync<HttpRequestException>(() => core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token));
        var after = await Assert.ThrowsAsync<HttpOperationException>(() => core.CreateNamespacedConfigMapAsync(NewMap("one"), "default", cancellationToken: token));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(CodeOf(busy!), Is.EqualTo(HttpStatusCode.TooManyRequests));
            Assert.That(busy!.Response.Headers["Retry-After"], Is.EqualTo((string[])["2"]));
            Assert.That(dropped, Is.Null);
            Assert.That(CodeOf(after!), Is.EqualTo(HttpStatusCode.Conflict), "the request whose answer was lost was done");
            Assert.That(seen, Has.All.Matches<LabApiRequest>(r => r is { Verb: "create", Resource: "configmaps", Namespace: "default" }));
        }
    }
}
