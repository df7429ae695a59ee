using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class ServerSideApplyTests
{
    private static JsonObject Apply(JsonObject live, string manager, string config, bool force = false) =>
        ServerSideApply.Apply(live, TestCluster.Json(config), manager, force, custom: false, "2024-01-01T00:00:00Z");

    private static JsonObject New() => TestCluster.Json("""{ "metadata": { "name": "x" } }""");

    private static string Containers(JsonObject obj) =>
        string.Join(' ', obj.Items("spec", "containers").Select(c => $"{c.Text("name")}={c.Text("image")}"));

    [Test]
    public void What_a_manager_leaves_out_is_removed_and_the_rest_stays()
    {
        var obj = Apply(New(), "m", """{"metadata":{"labels":{"a":"1","b":"2"}},"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}}""");
        obj["metadata"]!["labels"]!["other"] = "kept"; // somebody's update
        obj = Apply(obj, "m", """{"metadata":{"labels":{"a":"1"}},"spec":{"containers":[{"name":"b","image":"2"}]}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(obj.At("metadata", "labels")!.ToJsonString(), Is.EqualTo("""{"a":"1","other":"kept"}"""));
            Assert.That(Containers(obj), Is.EqualTo("b=2"));
            Assert.That(obj.Items("metadata", "managedFields").Count(), Is.EqualTo(1));
        }
    }

    [Test]
    public void What_another_manager_applied_too_stays()
    {
        var obj = Apply(New(), "one", """{"metadata":{"labels":{"a":"1"}},"spec":{"containers":[{"name":"a","image":"1"}]}}""");
        obj = Apply(obj, "two", """{"metadata":{"labels":{"a":"1","b":"2"}},"spec":{"containers":[{"name":"a","image":"1"},{"name":"z","image":"9"}]}}""");
        obj = Apply(obj, "two", """{"metadata":{"labels":{"b":"2"}}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(obj.At("metadata", "labels")!.ToJsonString(), Is.EqualTo("""{"a":"1","b":"2"}"""));
            Assert.That(Containers(obj), Is.EqualTo("a=1"));
        }
    }

    [Test]
    public void A_field_of_another_manager_needs_force_and_then_changes_hands()
    {
        var obj = Apply(New(), "one", """{"spec":{"containers":[{"name":"a","image":"1"}]}}""");
        var refused = Assert.Throws<ApiException>(() => Apply(obj, "two", """{"spec":{"containers":[{"name":"a","image":"2"}]}}"""));
        obj = Apply(obj, "two", """{"spec":{"containers":[{"name":"a","image":"2"}]}}""", force: true);
        var back = Assert.Throws<ApiException>(() => Apply(obj, "one", """{"spec":{"containers":[{"name":"a","image":"1"}]}}"""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused!.Code, Is.EqualTo(HttpStatusCode.Conflict));
            Assert.That(refused.Message, Does.Contain("\"one\"").And.Contain(".spec.containers[").And.Contain(".image"));
            Assert.That(Containers(obj), Is.EqualTo("a=2"));
            Assert.That(back!.Message, Does.Contain("\"two\""));
        }
    }

    [Test]
    public void Applying_the_same_again_changes_nothing()
    {
        const string config = """{"apiVersion":"v1","kind":"Service","metadata":{"labels":{"a":"1"}},"spec":{"ports":[{"port":80},{"port":80,"protocol":"UDP"}]}}""";
        var once = Apply(New(), "m", config);
        var twice = Apply(once, "m", config);
        Assert.That(JsonNode.DeepEquals(once, twice), Is.True);
    }

    [Test]
    public async Task KubernetesClient_creates_and_changes_by_applying(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var core = cluster.Client.CoreV1;

        Task<V1ConfigMap> ApplyAsync(string manager, bool force, string data) => core.PatchNamespacedConfigMapAsync(
            new V1Patch($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"},"data":{{data}}}""", V1Patch.PatchType.ApplyPatch),
            "cm", "default", fieldManager: manager, force: force, cancellationToken: token);

        var made = await ApplyAsync("me", false, """{"a":"1","b":"1"}""");
        var changed = await ApplyAsync("me", false, """{"a":"2"}""");
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => ApplyAsync("you", false, """{"a":"3"}"""));
        var forced = await ApplyAsync("you", true, """{"a":"3"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made.Uid(), Is.EqualTo(changed.Uid()));
            Assert.That(changed.Data, Is.EqualTo(new Dictionary<string, string> { ["a"] = "2" }));
            Assert.That(refused!.Response.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
            Assert.That(forced.Data["a"], Is.EqualTo("3"));
            Assert.That(forced.Metadata.ManagedFields.Select(f => f.Manager), Is.EqualTo((string[])["you"]));
        }
    }

    [Test]
    public async Task An_apply_needs_a_manager(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => cluster.Client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"apiVersion":"v1","kind":"ConfigMap"}""", V1Patch.PatchType.ApplyPatch), "cm", "default", cancellationToken: token));
        Assert.That(refused!.Response.StatusCode, Is.EqualTo(HttpStatusCode.UnprocessableEntity));
    }
}
