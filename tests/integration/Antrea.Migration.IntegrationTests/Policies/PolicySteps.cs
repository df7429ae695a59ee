using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.IntegrationTests.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using k8s;

namespace Antrea.Migration.IntegrationTests.Policies;

/// <summary>What these tests do to a lab cluster.</summary>
internal static class PolicySteps
{
    public static readonly ResourceType GlobalNetworkPolicy =
        new(CniKinds.CalicoGroup, "v1", "GlobalNetworkPolicy", "globalnetworkpolicies", false);

    /// <summary>The ready Pod of a workload that has one.</summary>
    public static JsonObject Pod(this LabCluster cluster, string workload) =>
        cluster.Store.Peek(ResourceType.Pod, "default", cluster.ReadyPodOf("default", workload)!["default/".Length..])!;

    /// <summary>A worker on which a Pod does not run.</summary>
    public static string WorkerWithout(this LabCluster cluster, JsonObject pod) =>
        pod.Text("spec", "nodeName") == $"{cluster.Name}-worker2" ? "worker3" : "worker2";

    public static ConnectionVerdict Trace(this LabCluster cluster, JsonObject from, JsonObject to, int port) =>
        cluster.Network.Trace(from.FullName(), to.Address(), port);

    /// <summary>Creates a bare Pod labelled <c>app: LABEL</c> on a worker and waits until it is ready.</summary>
    public static async Task<JsonObject> StartPodAsync(
        this LabCluster cluster, string name, string app, string worker, CancellationToken cancellationToken)
    {
        cluster.Apply(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, labels: {app: {{app}} } }
            spec:
              nodeName: {{cluster.Name}}-{{worker}}
              containers:
              - {name: main, image: nginx}
            """);
        await cluster.AllReadyAsync(cancellationToken);
        return cluster.Store.Peek(ResourceType.Pod, "default", name)!;
    }

    /// <summary>Reads the cluster as the migrator does.</summary>
    public static async Task<ClusterSnapshot> ReadAsync(this LabCluster cluster, CancellationToken cancellationToken)
    {
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.KubeconfigPath));
        return await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
    }

    public static void Apply(this LabCluster cluster, IEnumerable<JsonObject> objects)
    {
        foreach (var obj in objects)
        {
            cluster.Apply(obj.ToJsonString());
        }
    }
}
