using System.Text;

namespace Antrea.Migration.Benchmarks;

/// <summary>A cluster in files, as kubectl prints it: thirty Pods a Node, in Deployments of thirty, in Namespaces of ten Deployments.</summary>
/// <remarks>Each Deployment has a Service, each Namespace a disruption budget and three policies: a default deny, one that names its source by labels, and
/// Kubernetes' own kind. Calico's pool lies outside of the PodCIDRs (simple) or is the first of them (overlapped), with a block for each Node and a tunnel address in it.</remarks>
internal sealed class PlanScale : IDisposable
{
    public const int PodsPerNode = 30;
    private const int PodsPerDeployment = 30;
    private const int DeploymentsPerNamespace = 10;
    private const int NodesPerFile = 500;

    public PlanScale(int nodes, bool overlapped)
    {
        Folder = Directory.CreateTempSubdirectory("antrea-migration-benchmark-").FullName;
        List<string> shared =
        [
            $$$"""{"apiVersion":"crd.projectcalico.org/v1","kind":"IPPool","metadata":{"name":"pool"},"spec":{"cidr":"{{{(overlapped ? "10.0.0.0/11" : "10.64.0.0/11")}}}","blockSize":26,"ipipMode":"Always","natOutgoing":true} }""",
            """{"apiVersion":"crd.projectcalico.org/v1","kind":"ClusterInformation","metadata":{"name":"default"},"spec":{"calicoVersion":"v3.26.1","datastoreReady":true,"clusterGUID":"x"}}""",
            """{"apiVersion":"crd.projectcalico.org/v1","kind":"FelixConfiguration","metadata":{"name":"default"},"spec":{"defaultEndpointToHostAction":"Accept"}}""",
            """{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"calico-node","namespace":"kube-system"},"spec":{"selector":{"matchLabels":{"k8s-app":"calico-node"}},"template":{"metadata":{"labels":{"k8s-app":"calico-node"}},"spec":{"hostNetwork":true,"containers":[{"name":"calico-node","image":"calico/node:v3.26.1","env":[{"name":"DATASTORE_TYPE","value":"kubernetes"},{"name":"CALICO_NETWORKING_BACKEND","value":"bird"}]}]}}}}""",
        ];
        for (var i = 0; i * PodsPerDeployment < nodes * PodsPerNode; i++)
        {
            AddWorkload(shared, i);
        }

        Write("shared", shared);
        for (var first = 0; first < nodes; first += NodesPerFile)
        {
            List<string> objects = [];
            for (var node = first; node < Math.Min(first + NodesPerFile, nodes); node++)
            {
                AddNode(objects, node, nodes, overlapped);
            }

            Write($"nodes-{first}", objects);
        }
    }

    /// <summary>Where the files are.</summary>
    public string Folder { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void AddWorkload(List<string> objects, int i)
    {
        var ns = $"team-{i / DeploymentsPerNamespace}";
        if (i % DeploymentsPerNamespace == 0)
        {
            objects.Add($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{ns}}}","labels":{"kubernetes.io/metadata.name":"{{{ns}}}"} } }""");
            objects.Add($$$"""{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"all","namespace":"{{{ns}}}"},"spec":{"maxUnavailable":"10%","selector":{"matchLabels":{"tier":"back"} } },"status":{"disruptionsAllowed":30} }""");
            objects.Add($$$"""{"apiVersion":"crd.projectcalico.org/v1","kind":"NetworkPolicy","metadata":{"name":"default.deny","namespace":"{{{ns}}}"},"spec":{"order":2000,"types":["Ingress"]} }""");
            objects.Add($$$"""{"apiVersion":"crd.projectcalico.org/v1","kind":"NetworkPolicy","metadata":{"name":"default.ports","namespace":"{{{ns}}}"},"spec":{"order":10,"selector":"tier == 'back'","types":["Ingress"],"ingress":[{"action":"Allow","protocol":"TCP","destination":{"ports":[8080]} }]} }""");
            objects.Add($$$"""{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"metrics","namespace":"{{{ns}}}"},"spec":{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{"ports":[{"port":9090}]}]} }""");
        }

        objects.Add($$$"""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app-{{{i}}}","namespace":"{{{ns}}}"},"spec":{"replicas":{{{PodsPerDeployment}}},"selector":{"matchLabels":{"app":"app-{{{i}}}"} },"template":{"metadata":{"labels":{"app":"app-{{{i}}}"} },"spec":{"containers":[{"name":"main","image":"app:1"}]} } } }""");
        objects.Add($$$"""{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"app-{{{i}}}-7d9c","namespace":"{{{ns}}}","ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"app-{{{i}}}","uid":"u","controller":true}]},"spec":{"replicas":{{{PodsPerDeployment}}},"selector":{"matchLabels":{"app":"app-{{{i}}}"} } } }""");
        objects.Add($$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"app-{{{i}}}","namespace":"{{{ns}}}"},"spec":{"clusterIP":"172.20.{{{i / 250}}}.{{{(i % 250) + 1}}}","selector":{"app":"app-{{{i}}}"},"ports":[{"port":80,"targetPort":8080}]} }""");
    }

    private static void AddNode(List<string> objects, int node, int nodes, bool overlapped)
    {
        // Twice as many blocks as are used; every second one is some Node's, and where pools overlap it lies in another Node's PodCIDR.
        var (hi, lo) = (node / 256, node % 256);
        var block = $"10.{(overlapped ? 0 : 64) + hi}.{lo}.{64 * (node % 4)}";
        objects.Add($$$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"node{{{node}}}","labels":{"kubernetes.io/hostname":"node{{{node}}}","kubernetes.io/os":"linux"},"annotations":{"projectcalico.org/IPv4IPIPTunnelAddr":"{{{block}}}"} },"spec":{"podCIDR":"10.{{{hi}}}.{{{lo}}}.0/24","podCIDRs":["10.{{{hi}}}.{{{lo}}}.0/24"]},"status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"192.168.{{{node / 250}}}.{{{(node % 250) + 1}}}"}],"nodeInfo":{"containerRuntimeVersion":"containerd://1.7","kernelVersion":"6.1","kubeletVersion":"v1.30.0","operatingSystem":"linux"} } }""");
        var name = block.Replace('.', '-') + "-26";
        var allocations = string.Join(',', Enumerable.Range(0, 64).Select(i => i <= PodsPerNode ? i.ToString() : "null"));
        var attributes = string.Join(',', Enumerable.Range(0, PodsPerNode + 1).Select(i => i == 0
            ? $$$"""{"handle_id":"ipip-tunnel-addr-node{{{node}}}","secondary":{"node":"node{{{node}}}","type":"ipipTunnelAddress"} }"""
            : $$$"""{"handle_id":"k8s-pod-network.{{{node}}}-{{{i}}}","secondary":{"node":"node{{{node}}}","namespace":"{{{NamespaceOf(node, i - 1, nodes)}}}","pod":"{{{PodOf(node, i - 1, nodes)}}}"} }"""));
        objects.Add($$$"""{"apiVersion":"crd.projectcalico.org/v1","kind":"IPAMBlock","metadata":{"name":"{{{name}}}"},"spec":{"cidr":"{{{block}}}/26","affinity":"host:node{{{node}}}","deleted":false,"strictAffinity":false,"allocations":[{{{allocations}}}],"attributes":[{{{attributes}}}],"unallocated":[{{{string.Join(',', Enumerable.Range(PodsPerNode + 1, 63 - PodsPerNode))}}}]} }""");
        objects.Add($$$"""{"apiVersion":"crd.projectcalico.org/v1","kind":"BlockAffinity","metadata":{"name":"node{{{node}}}-{{{name}}}"},"spec":{"cidr":"{{{block}}}/26","node":"node{{{node}}}","state":"confirmed","deleted":"false"} }""");
        for (var p = 0; p < PodsPerNode; p++)
        {
            var workload = WorkloadOf(node, p, nodes);
            var address = $"{block[..block.LastIndexOf('.')]}.{(64 * (node % 4)) + p + 1}";
            objects.Add($$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{PodOf(node, p, nodes)}}}","namespace":"{{{NamespaceOf(node, p, nodes)}}}","uid":"{{{node}}}-{{{p}}}","labels":{"app":"app-{{{workload}}}","tier":"{{{(workload % 3 == 0 ? "front" : "back")}}}","pod-template-hash":"7d9c"},"annotations":{"cni.projectcalico.org/podIPs":"{{{address}}}/32"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"app-{{{workload}}}-7d9c","uid":"u","controller":true}]},"spec":{"nodeName":"node{{{node}}}","serviceAccountName":"default","containers":[{"name":"main","image":"app:1","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}]},"status":{"phase":"Running","podIP":"{{{address}}}","podIPs":[{"ip":"{{{address}}}"}],"conditions":[{"type":"Ready","status":"True"}]} }""");
        }
    }

    // Each workload has a Pod on thirty Nodes in a row.
    private static int WorkloadOf(int node, int pod, int nodes) => ((pod * nodes) + node) / PodsPerDeployment;

    private static string NamespaceOf(int node, int pod, int nodes) => $"team-{WorkloadOf(node, pod, nodes) / DeploymentsPerNamespace}";

    private static string PodOf(int node, int pod, int nodes) => $"app-{WorkloadOf(node, pod, nodes)}-7d9c-{node}-{pod}";

    private void Write(string name, List<string> objects)
    {
        var text = new StringBuilder("""{"apiVersion":"v1","kind":"List","items":[""").AppendJoin(",\n", objects).Append("]}");
        File.WriteAllText(Path.Combine(Folder, name + ".json"), text.ToString());
    }
}
