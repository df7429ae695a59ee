using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>A small world in which Antrea's evaluator is asked, flow by flow, in text.</summary>
/// <remarks>
/// Namespaces: shop (env=prod, team=a), dev (env=dev, team=a), ops (env=prod). Pods: shop/web (app=web, service account web),
/// shop/db (app=db, port metrics is 9090 TCP), shop/six (app=six, IPv6), dev/tool (app=web), ops/cron (app=cron). Node n1 (zone=z1) is
/// 172.18.0.2, its gateway 10.10.0.1. Service shop/front selects app=web.
/// </remarks>
internal static class AntreaLab
{
    public static PolicyCluster World() => PolicyCluster.Empty()
        .Namespace("shop", ("env", "prod"), ("team", "a"))
        .Namespace("dev", ("env", "dev"), ("team", "a"))
        .Namespace("ops", ("env", "prod"))
        .Pod("shop", "web", "10.10.1.10", ("app", "web"), ("role", "dev"))
        .Pod("shop", "db", "10.10.1.20", ("app", "db"))
        .Pod("shop", "six", "fd00::10", ("app", "six"))
        .Pod("dev", "tool", "10.10.1.30", ("app", "web"))
        .Pod("ops", "cron", "10.10.1.40", ("app", "cron"))
        .Add("{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {serviceAccountName: web}}")
        .Add("{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop}, spec: {serviceAccountName: default, "
            + "initContainers: [{ports: [{name: early, containerPort: 80}]}], "
            + "containers: [{ports: [{name: metrics, containerPort: 9090}, {name: dns, protocol: UDP, containerPort: 53}]}, {ports: [{name: metrics, containerPort: 9091}]}]}}")
        .Add("{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {zone: z1}}}")
        .Add("{apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop}, spec: {selector: {app: web}}}");

    /// <summary>A ClusterNetworkPolicy: <c>tier application</c>, priority 5 unless the spec says otherwise.</summary>
    public static string Cluster(string name, string spec) => Policy("ClusterNetworkPolicy", "", name, spec);

    /// <summary>A NetworkPolicy of Namespace shop.</summary>
    public static string Shop(string name, string spec) => Policy("NetworkPolicy", ", namespace: shop", name, spec);

    public static string Kubernetes(string @namespace, string name, string spec) =>
        $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: {@namespace}}}, spec: {spec}}}";

    public static string Object(string kind, string name, string spec, string? @namespace = null) =>
        $"{{apiVersion: crd.antrea.io/v1beta1, kind: {kind}, metadata: {{name: {name}{(@namespace is null ? "" : $", namespace: {@namespace}")}}}, spec: {spec}}}";

    /// <summary>What the policies decide about <c>shop/web &gt; shop/db TCP 80</c>, <c>… ICMP 8/0</c>, <c>… SCTP 7 from 9</c> or <c>… 47</c>.</summary>
    /// <param name="objects">Antrea and Kubernetes policies, one a text.</param>
    public static Verdict JudgeBy(string version, string flow, Direction direction, params IEnumerable<string> objects) =>
        Judge(PolicyEvaluators.AntreaTables, version, flow, direction, objects);

    /// <summary>The same, with what never gets to Open vSwitch's tables.</summary>
    public static Verdict JudgeOnNode(string version, string flow, Direction direction, params IEnumerable<string> objects) =>
        Judge(PolicyEvaluators.ForAntrea, version, flow, direction, objects);

    private static Verdict Judge(
        Func<ClusterSnapshot, IEnumerable<JsonObject>, PolicyConversionOptions?, IPolicyEvaluator> engine,
        string version,
        string flow,
        Direction direction,
        IEnumerable<string> objects)
    {
        var cluster = World();
        var antrea = new List<string>();
        foreach (var text in objects)
        {
            if (text.Contains("networking.k8s.io", StringComparison.Ordinal))
            {
                cluster.Add(text);
            }
            else
            {
                antrea.Add(text);
            }
        }

        return engine(cluster.Snapshot, antrea.SelectMany(YamlObjects.Read).Select(o => o.Json), new PolicyConversionOptions { AntreaVersion = version })
            .Evaluate(Flow(cluster, flow), direction);
    }

    /// <summary>By the newest release.</summary>
    public static Verdict Judge(string flow, Direction direction, params IEnumerable<string> objects) => JudgeBy("v2.7.0", flow, direction, objects);

    private static Traffic Flow(PolicyCluster cluster, string text)
    {
        var words = text.Split(' ');
        var ends = (From: cluster.Endpoint(words[0]), To: cluster.Endpoint(words[2]));
        var protocol = words[3] switch
        {
            "TCP" => IPProtocol.Tcp,
            "UDP" => IPProtocol.Udp,
            "SCTP" => IPProtocol.Sctp,
            "ICMP" => IPProtocol.Icmp,
            "ICMPv6" => IPProtocol.IcmpV6,
            var number => new IPProtocol(byte.Parse(number, CultureInfo.InvariantCulture)),
        };
        if (protocol.HasPorts)
        {
            var from = words.Length > 5 ? Number(words[6]) : 40000;
            return new Traffic(ends.From, ends.To, protocol, from, Number(words[4]));
        }

        var message = words.Length > 4 ? words[4].Split('/') : null;
        return new Traffic(ends.From, ends.To, protocol, 0, 0)
        {
            Icmp = message is null ? null : new IcmpMessage((byte)Number(message[0]), (byte)Number(message[1])),
        };

        static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
    }

    private static string Policy(string kind, string @namespace, string name, string spec)
    {
        var defaults = (spec.Contains("tier:", StringComparison.Ordinal) ? "" : "tier: application, ")
            + (spec.Contains("priority:", StringComparison.Ordinal) ? "" : "priority: 5, ");
        return $"{{apiVersion: crd.antrea.io/v1beta1, kind: {kind}, metadata: {{name: {name}{@namespace}}}, spec: {{{defaults}{spec}}}}}";
    }
}
