using System.Text.Json.Nodes;
using Antrea.Migration.IntegrationTests.ControlPlane;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>A Namespace of its own on one of the control planes, for one test.</summary>
internal sealed class ConformanceSpace
{
    /// <summary>The group of the one custom kind, Widget.</summary>
    public const string Group = "conformance.example.com";

    private static readonly SemaphoreSlim Defining = new(1, 1);
    private static int _count;

    private ConformanceSpace(ConformancePlane plane, string name)
    {
        Plane = plane;
        Api = new RawApi(plane.Client);
        Namespace = name;
    }

    public ConformancePlane Plane { get; }

    public RawApi Api { get; }

    public string Namespace { get; }

    public string Core => $"api/v1/namespaces/{Namespace}";

    public string Apps => $"apis/apps/v1/namespaces/{Namespace}";

    public string Maps => $"{Core}/configmaps";

    public string Widgets => $"apis/{Group}/v1/namespaces/{Namespace}/widgets";

    public static async Task<ConformanceSpace> NewAsync(string plane, CancellationToken cancellationToken)
    {
        var space = new ConformanceSpace(await ConformancePlane.GetAsync(plane), $"conformance-{Interlocked.Increment(ref _count)}");
        var made = await space.Api.PostAsync("api/v1/namespaces", $$"""{"metadata":{"name":"{{space.Namespace}}"} }""");
        Assert.That(made.Code, Is.EqualTo(201), made.Body.ToJsonString());

        // A Pod needs its service account, which a controller makes.
        if (space.Plane.RealPlane is { } real)
        {
            // Up to 1.23 with a token in a Secret.
            await space.Api.UntilAsync(
                $"{space.Core}/serviceaccounts/default",
                a => a.Code == 200 && (real.Version >= new Version(1, 24) || a.Body.Items("secrets").Any()),
                cancellationToken);
        }

        return space;
    }

    /// <summary>Installs the custom kind, once a control plane.</summary>
    public async Task DefineWidgetsAsync(CancellationToken cancellationToken)
    {
        await Defining.WaitAsync(cancellationToken);
        try
        {
            await Api.PostAsync("apis/apiextensions.k8s.io/v1/customresourcedefinitions", Definition("widgets", "Widget"));
            await Api.UntilAsync(Widgets, a => a.Code == 200, cancellationToken);
        }
        finally
        {
            Defining.Release();
        }
    }

    public static string Definition(string plural, string kind) =>
        $$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{plural}}.{{Group}}"},
         "spec":{"group":"{{Group}}","scope":"Namespaced",
          "names":{"plural":"{{plural}}","singular":"{{kind.ToLowerInvariant()}}","kind":"{{kind}}","listKind":"{{kind}}List","shortNames":["{{plural[..3]}}"]},
          "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{} },
           "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } }]} }
        """;

    /// <summary>A ConfigMap with one key.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="metadata">More of its metadata.</param>
    public async Task<Answer> MapAsync(string name, string metadata = "{}")
    {
        var body = new JsonObject { ["metadata"] = JsonNode.Parse(metadata), ["data"] = new JsonObject { ["k"] = "v" } };
        body["metadata"]!["name"] = name;
        var made = await Api.PostAsync(Maps, body.ToJsonString());
        Assert.That(made.Code, Is.EqualTo(201), made.Body.ToJsonString());
        return made;
    }

    public Task<Answer> WidgetAsync(string name, string spec = "{}") => Api.PostAsync(
        Widgets, $$"""{"apiVersion":"{{Group}}/v1","kind":"Widget","metadata":{"name":"{{name}}"},"spec":{{spec}} }""");

    /// <summary>A Deployment without replicas: controllers touch only its status.</summary>
    public async Task<Answer> DeploymentAsync(string name, int replicas = 0)
    {
        var body = TestCluster.NewWorkload(name, $$"""{ "replicas": {{replicas}} }""");
        body["metadata"]!["namespace"] = Namespace;
        body["apiVersion"] = "apps/v1";
        body["kind"] = "Deployment";
        var made = await Api.PostAsync($"{Apps}/deployments", body.ToJsonString());
        Assert.That(made.Code, Is.EqualTo(201), made.Body.ToJsonString());
        return made;
    }

    /// <summary>Changes an object until no conflict comes in between.</summary>
    public async Task<Answer> ChangeAsync(string path, Action<JsonObject> change)
    {
        while (true)
        {
            var body = (await Api.GetAsync(path)).Body;
            change(body);
            var answer = await Api.PutAsync(path, body);
            if (answer.Code != 409)
            {
                return answer;
            }
        }
    }
}
