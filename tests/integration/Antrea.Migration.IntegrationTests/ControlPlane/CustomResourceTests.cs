using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class CustomResourceTests
{
    private const string Definition = """
        {
          "metadata": { "name": "tiers.example.com" },
          "spec": {
            "group": "example.com",
            "scope": "Cluster",
            "names": { "plural": "tiers", "kind": "Tier", "shortNames": [ "tr" ] },
            "versions": [
              { "name": "v1alpha1", "served": true, "storage": false },
              { "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "additionalPrinterColumns": [
                  { "name": "Priority", "type": "integer", "jsonPath": ".spec.priority" },
                  { "name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status" },
                  { "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" } ] }
            ]
          }
        }
        """;

    private static Task<V1CustomResourceDefinition> DefineAsync(TestCluster cluster, CancellationToken token) =>
        cluster.Client.ApiextensionsV1.CreateCustomResourceDefinitionAsync(
            KubernetesJson.Deserialize<V1CustomResourceDefinition>(Definition), cancellationToken: token);

    [Test]
    public async Task A_definition_is_established_and_served_at_once(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var custom = cluster.Client.CustomObjects;
        var before = await Assert.ThrowsAsync<HttpOperationException>(() => custom.ListClusterCustomObjectAsync("example.com", "v1", "tiers", cancellationToken: token));
        var made = await DefineAsync(cluster, token);
        await custom.CreateClusterCustomObjectAsync(
            new Dictionary<string, object> { ["metadata"] = new Dictionary<string, object> { ["name"] = "top" }, ["spec"] = new Dictionary<string, object> { ["priority"] = 5 } },
            "example.com", "v1alpha1", "tiers", cancellationToken: token);
        var stored = cluster.Store.Peek(new ResourceType("example.com", "v1", "Tier", "tiers", false), "", "top");
        var old = (await custom.GetClusterCustomObjectAsync("example.com", "v1alpha1", "tiers", "top", cancellationToken: token)).ToString();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(before!.Response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That(made.Status.Conditions.Single(c => c.Type == "Established").Status, Is.EqualTo("True"));
            Assert.That(made.Status.AcceptedNames.Singular, Is.EqualTo("tier"));
            Assert.That(stored.Text("apiVersion"), Is.EqualTo("example.com/v1"));
            Assert.That(JsonNode.Parse(old!).Text("apiVersion"), Is.EqualTo("example.com/v1alpha1"));
        }
    }

    [Test]
    public async Task A_deleted_definition_takes_its_objects_with_it(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        await DefineAsync(cluster, token);
        var type = new ResourceType("example.com", "v1", "Tier", "tiers", false);
        cluster.Store.Create(type, TestCluster.Json("""{ "metadata": { "name": "top" } }"""));
        cluster.Store.Create(type, TestCluster.Json("""{ "metadata": { "name": "held", "finalizers": [ "example.com/hold" ] } }"""));
        await cluster.Client.ApiextensionsV1.DeleteCustomResourceDefinitionAsync("tiers.example.com", cancellationToken: token);
        await cluster.Plane.SettledAsync(token);
        var left = cluster.Store.List(type).Select(o => o.NameOf()).ToList();
        var definition = cluster.Store.Peek(ResourceType.CustomResourceDefinition, "", "tiers.example.com");
        cluster.Store.Mutate(type, "", "held", o => o["metadata"]!.AsObject().Remove("finalizers"));
        await cluster.Plane.SettledAsync(token);
        var after = await Assert.ThrowsAsync<HttpOperationException>(
            () => cluster.Client.CustomObjects.ListClusterCustomObjectAsync("example.com", "v1", "tiers", cancellationToken: token));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(left, Is.EqualTo((string[])["held"]));
            Assert.That(definition, Is.Not.Null, "it waits for its objects");
            Assert.That(after!.Response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        }
    }

    [Test]
    public async Task Strategic_merge_patches_are_refused(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        await DefineAsync(cluster, token);
        cluster.Store.Create(new ResourceType("example.com", "v1", "Tier", "tiers", false), TestCluster.Json("""{ "metadata": { "name": "top" } }"""));
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => cluster.Client.CustomObjects.PatchClusterCustomObjectAsync(
            new V1Patch("{}", V1Patch.PatchType.StrategicMergePatch), "example.com", "v1", "tiers", "top", cancellationToken: token));
        Assert.That(refused!.Response.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [TestCase("Tier.example.com", "Cluster", 1)]
    [TestCase("tiers.example.com", "Galaxy", 1)]
    [TestCase("tiers.example.com", "Cluster", 0)]
    public async Task A_definition_that_makes_no_sense_is_invalid(string name, string scope, int storageVersions)
    {
        await using var cluster = await TestCluster.StartAsync(CancellationToken.None, nodes: 0);
        var definition = TestCluster.Json(Definition);
        definition["metadata"]!["name"] = name;
        definition["spec"]!["scope"] = scope;
        definition["spec"]!["versions"]![1]!["storage"] = storageVersions == 1;
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => cluster.Client.ApiextensionsV1.CreateCustomResourceDefinitionAsync(
            KubernetesJson.Deserialize<V1CustomResourceDefinition>(definition.ToJsonString())));
        Assert.That(refused!.Response.StatusCode, Is.EqualTo(HttpStatusCode.UnprocessableEntity));
    }

    [TestCase(".spec.a", "1")]
    [TestCase(".spec['a']", "1")]
    [TestCase(".spec.list[1]", "y")]
    [TestCase(".spec.list[-1]", "z")]
    [TestCase(".spec.list[*]", "x")]
    [TestCase(".metadata.annotations.example\\.com/x", "dotted")]
    [TestCase(".status.conditions[?(@.type==\"Ready\")].status", "True")]
    [TestCase(".status.nothing", null)]
    public void Printer_columns_find_their_values(string path, string? expected)
    {
        var obj = TestCluster.Json("""
            { "spec": { "a": 1, "list": [ "x", "y", "z" ] }, "metadata": { "annotations": { "example.com/x": "dotted" } },
              "status": { "conditions": [ { "type": "Other", "status": "False" }, { "type": "Ready", "status": "True" } ] } }
            """);
        var found = SimpleJsonPath.Parse(path).First(obj);
        Assert.That(found.Text() ?? found?.ToJsonString(), Is.EqualTo(expected));
    }
}
