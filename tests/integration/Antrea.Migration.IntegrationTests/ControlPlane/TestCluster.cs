using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using k8s;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

/// <summary>A lab control plane with Nodes, a fake kubelet and a client, for one test.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private TestCluster(LabControlPlane plane, FakeKubelet kubelet, Kubernetes client)
    {
        Plane = plane;
        Kubelet = kubelet;
        Client = client;
    }

    public LabControlPlane Plane { get; }

    public ObjectStore Store => Plane.Store;

    public FakeKubelet Kubelet { get; }

    public Kubernetes Client { get; }

    public static async Task<TestCluster> StartAsync(
        CancellationToken cancellationToken,
        int nodes = 3,
        LabControlPlaneOptions? options = null,
        IPodExecutor? executor = null,
        TimeProvider? time = null,
        int historyLimit = 20_000)
    {
        time ??= TimeProvider.System;
        var store = new ObjectStore(time, historyLimit);
        var plane = await LabControlPlane.StartAsync(options ?? new(), store, executor ?? new EchoExecutor(), time, cancellationToken);
        for (var i = 1; i <= nodes; i++)
        {
            store.Create(ResourceType.Node, NewNode($"worker{i}"));
        }

        return new TestCluster(plane, new FakeKubelet(store), NewClient(plane.Kubeconfig));
    }

    public static Kubernetes NewClient(string kubeconfig)
    {
        using var text = new MemoryStream(Encoding.UTF8.GetBytes(kubeconfig));
        return new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(text));
    }

    public static JsonObject NewNode(string name) => Json($$"""
        {
          "metadata": { "name": "{{name}}", "labels": { "kubernetes.io/os": "linux" } },
          "status": {
            "addresses": [ { "type": "InternalIP", "address": "172.18.0.2" } ],
            "conditions": [ { "type": "Ready", "status": "True" } ],
            "nodeInfo": { "kubeletVersion": "v1.27.3", "osImage": "lab", "kernelVersion": "6.1.0", "containerRuntimeVersion": "containerd://1.7.1" }
          }
        }
        """);

    public static JsonObject NewPod(string name, string labels = "{}", string spec = "{}")
    {
        var pod = Json($$"""{ "metadata": { "name": "{{name}}", "namespace": "default", "labels": {{labels}} }, "spec": {{spec}} }""");
        pod.Ensure("spec")["containers"] = new JsonArray(Json("""{ "name": "main", "image": "nginx" }"""));
        return pod;
    }

    /// <summary>A DaemonSet, Deployment or StatefulSet of nginx Pods labelled <c>app: NAME</c>.</summary>
    public static JsonObject NewWorkload(string name, string more = "{}", string image = "nginx")
    {
        var workload = Json($$"""
            {
              "metadata": { "name": "{{name}}", "namespace": "default" },
              "spec": {
                "selector": { "matchLabels": { "app": "{{name}}" } },
                "template": {
                  "metadata": { "labels": { "app": "{{name}}" } },
                  "spec": { "containers": [ { "name": "main", "image": "{{image}}", "ports": [ { "containerPort": 8080, "name": "http" } ] } ] }
                }
              }
            }
            """);
        foreach (var (field, value) in Json(more))
        {
            workload.Ensure("spec")[field] = value?.DeepClone();
        }

        return workload;
    }

    public static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    /// <summary>Waits for the first moment the store fulfils a condition.</summary>
    public async Task UntilAsync(Func<ObjectStore, bool> condition, CancellationToken cancellationToken)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = Store.Subscribe(
            _ =>
            {
                if (condition(Store))
                {
                    met.TrySetResult();
                }
            },
            0);
        if (!condition(Store))
        {
            await met.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits for an object, there and as asked for.</summary>
    public async Task<JsonObject> UntilAsync(
        ResourceType type, string name, Func<JsonObject, bool> condition, CancellationToken cancellationToken)
    {
        JsonObject? found = null;
        await UntilAsync(
            store => store.Peek(type, type.Namespaced ? "default" : "", name) is { } obj && condition(obj) && (found = obj) is not null,
            cancellationToken);
        return found!;
    }

    public List<JsonObject> PodsOf(string app) =>
        [.. Store.PeekAll(ResourceType.Pod, "default").Where(p => p.Text("metadata", "labels", "app") == app)];

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Kubelet.Dispose();
        await Plane.DisposeAsync();
        await Kubelet.Running;
    }
}

/// <summary>Says back what it was asked: <c>echo</c>, <c>cat</c>, and <c>exit N</c>.</summary>
internal sealed class EchoExecutor : IPodExecutor
{
    public async Task<int> ExecAsync(
        JsonObject pod, string container, IReadOnlyList<string> argv, Stream? input, Stream output, Stream error, CancellationToken cancellationToken)
    {
        switch (argv[0])
        {
            case "echo":
                await output.WriteAsync(Encoding.UTF8.GetBytes($"{pod.NameOf()}/{container}: {string.Join(' ', argv.Skip(1))}\n"), cancellationToken);
                return 0;
            case "cat" when input is not null:
                await input.CopyToAsync(output, cancellationToken);
                return 0;
            case "exit":
                await error.WriteAsync("going\n"u8.ToArray(), cancellationToken);
                return int.Parse(argv[1], System.Globalization.CultureInfo.InvariantCulture);
            default:
                return 127;
        }
    }
}
