using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>What an operator does to a lab cluster by hand, for tests.</summary>
internal static class LabClusterSteps
{
    private const string MultusFile = CniRuntime.ConfigDirectory + "/00-multus.conf";

    public static LabNode Node(this LabCluster cluster, string suffix) =>
        cluster.Fleet.Find($"{cluster.Name}-{suffix}") ?? throw new ArgumentException(suffix);

    /// <summary>A Node's routes as <c>ip route</c> prints them.</summary>
    public static IReadOnlyList<string> RoutesOn(this LabCluster cluster, string suffix) =>
        [.. cluster.Node(suffix).Host.State.Routing.Routes.Select(r =>
            (r.Type == RouteType.Blackhole ? "blackhole " : "") + r.Destination
            + (r.Gateway is null ? "" : $" via {r.Gateway}")
            + (r.Device is null ? "" : $" dev {r.Device}")
            + (r.Protocol is null ? "" : $" proto {r.Protocol}")
            + (r.Scope is null ? "" : $" scope {r.Scope}")
            + (r.Source is null ? "" : $" src {r.Source}")
            + (r.OnLink ? " onlink" : ""))];

    /// <summary>The one Pod of a workload on a Node.</summary>
    public static JsonObject PodOn(this LabCluster cluster, string workload, string nodeSuffix) =>
        cluster.Store.PeekAll(ResourceType.Pod).Single(p =>
            p.NameOf().StartsWith(workload + "-", StringComparison.Ordinal)
            && p.Text("spec", "nodeName") == $"{cluster.Name}-{nodeSuffix}" && !p.IsTerminating());

    public static string FullName(this JsonObject pod) => $"{pod.NamespaceOf()}/{pod.NameOf()}";

    public static IPAddress Address(this JsonObject pod) => IPAddress.Parse(pod.Text("status", "podIP")!);

    public static PodNetns Netns(this LabCluster cluster, JsonObject pod) => (PodNetns)cluster.Fabric.Find(pod.FullName())!;

    /// <summary>Installs Antrea and waits for every agent.</summary>
    public static async Task InstallAntreaAsync(this LabCluster cluster, CancellationToken cancellationToken, string version = "v2.7.0")
    {
        cluster.Apply(LabManifests.Antrea(version));
        await cluster.AllReadyAsync(cancellationToken);
        await cluster.SettledAsync(cancellationToken);
    }

    /// <summary>Installs Multus without its generator.</summary>
    public static async Task InstallMultusAsync(this LabCluster cluster, CancellationToken cancellationToken)
    {
        cluster.Apply(LabManifests.Multus().Replace("--multus-conf-file=auto", "--multus-conf-file=/tmp/70-multus.conf", StringComparison.Ordinal));
        await cluster.AllReadyAsync(cancellationToken);
    }

    /// <summary>Routes by which a Multus Pod keeps Calico's default: for each PodCIDR, for Services, and a default of their own table.</summary>
    public static JsonObject SteeredIpam(this LabCluster cluster) => new()
    {
        ["type"] = "host-local",
        ["routes"] = new JsonArray(
        [
            new JsonObject { ["dst"] = "0.0.0.0/0", ["table"] = 101 },
            new JsonObject { ["dst"] = "10.96.0.0/16" },
            .. cluster.Fleet.Nodes.Select(n => (JsonNode)new JsonObject { ["dst"] = n.PodCidrs[0].ToString() }),
        ]),
    };

    /// <summary>Writes <c>00-multus.conf</c> with Calico and Antrea, as the seed's, on every Node.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="antreaIpam">The Antrea delegate's <c>ipam</c>.</param>
    /// <param name="antrea">Whether Antrea is a delegate at all.</param>
    public static void WriteMultusConf(this LabCluster cluster, JsonObject? antreaIpam = null, bool antrea = true)
    {
        foreach (var node in cluster.Fleet.Nodes)
        {
            node.Files.TryRead(CniRuntime.ConfigDirectory + "/10-calico.conflist", out var calico);
            var delegates = new JsonArray(JsonNode.Parse(calico!));
            if (antrea)
            {
                delegates.Add(new JsonObject
                {
                    ["cniVersion"] = "0.3.0",
                    ["name"] = "antrea",
                    ["type"] = "antrea",
                    ["ipam"] = antreaIpam?.DeepClone() ?? new JsonObject { ["type"] = "host-local" },
                });
            }

            node.Files.Write(MultusFile, new JsonObject
            {
                ["cniVersion"] = "0.3.1",
                ["name"] = "multus",
                ["type"] = "multus",
                ["delegates"] = delegates,
            }.ToJsonString());
        }
    }

    public static void RemoveMultusConf(this LabCluster cluster)
    {
        foreach (var node in cluster.Fleet.Nodes)
        {
            node.Files.Remove(MultusFile);
        }
    }

    /// <summary>Deletes a DaemonSet's Pod and returns the one that takes its place, ready.</summary>
    public static async Task<JsonObject> ReplaceAsync(this LabCluster cluster, JsonObject pod, CancellationToken cancellationToken)
    {
        var workload = pod.NameOf()[..pod.NameOf().LastIndexOf('-')];
        var suffix = pod.Text("spec", "nodeName")![(cluster.Name.Length + 1)..];
        cluster.Store.MarkForDeletion(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf(), 30);
        await cluster.Store.UntilAsync(() => cluster.Store.Peek(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf()) is null, cancellationToken);
        await cluster.AllReadyAsync(cancellationToken);
        return cluster.PodOn(workload, suffix);
    }

    /// <summary>Creates a bare Pod of an image on a Node and waits until it is ready.</summary>
    public static async Task<JsonObject> RunAsync(
        this LabCluster cluster, string name, string image, string nodeSuffix, CancellationToken cancellationToken)
    {
        cluster.Create(name, image, nodeSuffix);
        await cluster.AllReadyAsync(cancellationToken);
        return cluster.Store.Peek(ResourceType.Pod, "default", name)!;
    }

    public static void Create(this LabCluster cluster, string name, string image, string nodeSuffix, bool probed = false) =>
        cluster.Apply(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, labels: {app: {{name}} } }
            spec:
              nodeName: {{cluster.Name}}-{{nodeSuffix}}
              containers:
              - name: main
                image: {{image}}
                readinessProbe: {{(probed ? "{httpGet: {port: 80} }" : "null")}}
            """);

    public static ConnectionOutcome Connect(this LabCluster cluster, JsonObject from, JsonObject to, int port = 80) =>
        cluster.Network.Trace(from.FullName(), to.Address(), port).Outcome;

    /// <summary>One GET from a workload; the page's text.</summary>
    public static async Task<string> GetAsync(this LabCluster cluster, string workload, string url, CancellationToken cancellationToken)
    {
        var connect = cluster.ConnectFrom("default", workload);
        using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = (context, ct) => connect(context.DnsEndPoint, ct) });
        return await client.GetStringAsync(new Uri(url), cancellationToken);
    }
}
