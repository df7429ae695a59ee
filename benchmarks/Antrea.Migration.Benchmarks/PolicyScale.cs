using System.Text;

namespace Antrea.Migration.Benchmarks;

/// <summary>A cluster in files, as kubectl prints it: ten Pods and ten policies in each Namespace, and twenty policies above them.</summary>
/// <remarks>Per Namespace: a default deny, DNS, a service from another Namespace by labels, a Kubernetes policy, and six allowances between neighbours
/// among its apps, to networks outside and by ports. Tier <c>platform</c> has the global ones, with Pass and Log among their rules.</remarks>
internal sealed class PolicyScale : IDisposable
{
    private readonly List<string> _pods = [];
    private readonly List<string> _namespaces = [];
    private readonly List<string> _policies = [];
    private readonly List<string> _others = [];

    public PolicyScale(int namespaces)
    {
        Folder = Directory.CreateTempSubdirectory("antrea-migration-benchmark-").FullName;
        AddShared(namespaces);
        for (var i = 0; i < namespaces; i++)
        {
            AddNamespace(i);
        }

        Write("namespaces", _namespaces);
        Write("pods", _pods);
        Write("policies", _policies);
        Write("others", _others);
    }

    /// <summary>Where the files are.</summary>
    public string Folder { get; }

    public int Policies => _policies.Count;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void AddShared(int namespaces)
    {
        _namespaces.Add("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system","labels":{"kubernetes.io/metadata.name":"kube-system"}}}""");
        var nodes = Math.Max(1, namespaces / 10);
        for (var i = 0; i < nodes; i++)
        {
            _others.Add($$$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"n{{{i}}}"},"spec":{"podCIDR":"10.{{{128 + (i / 256)}}}.{{{i % 256}}}.0/24","podCIDRs":["10.{{{128 + (i / 256)}}}.{{{i % 256}}}.0/24"]},"status":{"addresses":[{"type":"InternalIP","address":"172.18.{{{i / 250}}}.{{{(i % 250) + 2}}}"}] } }""");
        }

        _others.Add("""{"apiVersion":"crd.projectcalico.org/v1","kind":"IPPool","metadata":{"name":"pool"},"spec":{"cidr":"10.0.0.0/9","blockSize":26}}""");
        _others.Add("""{"apiVersion":"crd.projectcalico.org/v1","kind":"ClusterInformation","metadata":{"name":"default"},"spec":{"calicoVersion":"v3.32.0","datastoreReady":true}}""");
        _others.Add("""{"apiVersion":"crd.projectcalico.org/v1","kind":"FelixConfiguration","metadata":{"name":"default"},"spec":{"defaultEndpointToHostAction":"Accept"}}""");
        _others.Add("""{"apiVersion":"crd.projectcalico.org/v1","kind":"Tier","metadata":{"name":"platform"},"spec":{"order":100,"defaultAction":"Pass"}}""");
        _others.Add("""{"apiVersion":"crd.projectcalico.org/v1","kind":"Tier","metadata":{"name":"default"},"spec":{"order":1000000}}""");
        for (var i = 0; i < 20; i++)
        {
            _policies.Add($$$"""{"apiVersion":"crd.projectcalico.org/v1","kind":"GlobalNetworkPolicy","metadata":{"name":"platform-{{{i}}}"},"spec":{"tier":"platform","order":{{{i + 1}}},"namespaceSelector":"team == 't{{{i}}}'","types":["Ingress"],"ingress":[{"action":"Deny","source":{"namespaceSelector":"env == 'dev'"},"destination":{}},{"action":"Deny","protocol":"TCP","destination":{"ports":[{{{20000 + i}}}] } }] } }""");
        }
    }

    private void AddNamespace(int i)
    {
        var name = $"ns-{i}";
        _namespaces.Add($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{name}}}","labels":{"kubernetes.io/metadata.name":"{{{name}}}","team":"t{{{i % 20}}}","env":"{{{(i % 4 == 0 ? "dev" : "prod")}}}"} } }""");
        for (var p = 0; p < 10; p++)
        {
            var number = (i * 10) + p;
            var ip = $"10.{number / 65536}.{number / 256 % 256}.{number % 256}";
            _pods.Add($$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a{{{p}}}-7d9c","namespace":"{{{name}}}","labels":{"app":"a{{{p}}}","tier":"{{{(p < 3 ? "front" : "back")}}}","pod-template-hash":"7d9c"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"a{{{p}}}","uid":"u","controller":true}]},"spec":{"nodeName":"n{{{i / 10}}}","serviceAccountName":"default","containers":[{"name":"c","image":"app:1","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}]},"status":{"phase":"Running","podIP":"{{{ip}}}","podIPs":[{"ip":"{{{ip}}}"}] } }""");
        }

        Add("deny", """{"order":2000,"types":["Ingress","Egress"]}""");
        Add("dns", """{"order":10,"types":["Egress"],"egress":[{"action":"Allow","protocol":"UDP","destination":{"namespaceSelector":"kubernetes.io/metadata.name == 'kube-system'","ports":[53] } }]}""");
        Add("front", $$"""{"order":20,"selector":"tier == 'front'","types":["Ingress"],"ingress":[{"action":"Allow","protocol":"TCP","source":{"namespaceSelector":"team == 't{{(i + 1) % 20}}'","selector":"tier in {'front', 'edge'}"},"destination":{"ports":[8080] } },{"action":"Allow","protocol":"TCP","source":{"nets":["192.0.2.0/24","198.51.100.0/25"]},"destination":{"ports":[443,8443] } }]}""");
        for (var p = 1; p < 7; p++)
        {
            Add($"a{p}", $$"""{"order":{{30 + p}},"selector":"app == 'a{{p}}'","types":["Ingress","Egress"],"ingress":[{"action":"Allow","protocol":"TCP","source":{"selector":"app == 'a{{p - 1}}'"},"destination":{"ports":["{{8000 + p}}:{{8100 + p}}"] } }],"egress":[{"action":"Allow","protocol":"TCP","destination":{"selector":"app == 'a{{p + 1}}'"} },{"action":"Allow","protocol":"TCP","destination":{"nets":["203.0.113.{{16 * (i % 16)}}/28"],"ports":[443] } }]}""");
        }

        Add("monitor", """{"order":5,"selector":"has(app)","types":["Ingress"],"ingress":[{"action":"Allow","protocol":"TCP","source":{"namespaceSelector":"kubernetes.io/metadata.name == 'kube-system'"},"destination":{"ports":[9090] } }]}""");

        void Add(string policy, string spec) => _policies.Add(
            $$$"""{"apiVersion":"crd.projectcalico.org/v1","kind":"NetworkPolicy","metadata":{"name":"{{{policy}}}","namespace":"{{{name}}}"},"spec":{{{spec}}} }""");
    }

    private void Write(string name, List<string> objects)
    {
        var text = new StringBuilder("""{"apiVersion":"v1","kind":"List","items":[""").AppendJoin(",\n", objects).Append("]}");
        File.WriteAllText(Path.Combine(Folder, name + ".json"), text.ToString());
    }
}
