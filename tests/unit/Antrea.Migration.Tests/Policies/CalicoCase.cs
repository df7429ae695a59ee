using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>A cluster written as YAML, and Calico's verdicts in it.</summary>
/// <param name="version">The Calico version.</param>
/// <param name="documents">Objects beside those of <see cref="World"/>, as YAML.</param>
internal sealed class CalicoCase(string version, params string[] documents)
{
    /// <summary>The client that is nobody's Pod and in no network set.</summary>
    public const string X = "203.0.113.7";

    /// <summary>shop/web, shop/db and dev/tool, as the worked examples of Calico's semantics have them.</summary>
    public const string World = """
        {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop, env: prod}}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: dev, labels: {kubernetes.io/metadata.name: dev, env: dev}}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop, labels: {role: front}}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop, labels: {app: web}}
        spec:
          nodeName: n1
          serviceAccountName: web
          containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]
          initContainers: [{name: i, ports: [{name: setup, containerPort: 9999, protocol: UDP}]}]
        status: {phase: Running, podIPs: [{ip: 10.1.0.10}]}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {nodeName: n1, serviceAccountName: default}, status: {phase: Running, podIPs: [{ip: 10.1.0.20}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: tool, namespace: dev, labels: {app: web}}, spec: {nodeName: n1, serviceAccountName: default}, status: {phase: Running, podIPs: [{ip: 10.1.1.30}, {ip: 'fd01::30'}]}}
        """;

    /// <summary>The network set of the worked examples.</summary>
    public const string Corp =
        "{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: corp, labels: {role: corp}}, spec: {nets: [10.0.0.0/8]}}";

    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP", "ICMP", "ICMPv6"];

    private readonly List<ClusterObject> _objects = [.. new[] { World }.Concat(documents).SelectMany(YamlObjects.Read)];

    public ClusterSnapshot Snapshot => ClusterSnapshotBuilder.BuildStrict(_objects, []);

    public IPolicyEvaluator Evaluator => PolicyEvaluators.CalicoTables(Snapshot, new PolicyConversionOptions { CalicoVersion = version });

    /// <summary>A policy of tier default, stored as the version stores it.</summary>
    public static string Policy(string version, string kind, string name, string spec, string @namespace = "shop")
    {
        var stored = string.CompareOrdinal(version, "v3.32") < 0 ? $"default.{name}" : name;
        var place = kind == "NetworkPolicy" ? $", namespace: {@namespace}" : "";
        return $"{{apiVersion: crd.projectcalico.org/v1, kind: {kind}, metadata: {{name: {stored}{place}, annotations: {{projectcalico.org/metadata: '{{}}'}}}}, spec: {spec}}}";
    }

    /// <summary>The verdict on a flow such as <c>203.0.113.7 > shop/web TCP 8080</c>, at its receiver; or at its sender behind <c>egress:</c>.
    /// An ICMP message is written TYPE/CODE in the port's place; <c>TCP 1000:80</c> gives the source port too.</summary>
    public Verdict Evaluate(string flow)
    {
        var direction = flow.StartsWith("egress:", StringComparison.Ordinal) ? Direction.Egress : Direction.Ingress;
        var words = flow[(flow.IndexOf(':', StringComparison.Ordinal) is var colon && direction == Direction.Egress ? colon + 1 : 0)..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var world = PolicyWorld.From(Snapshot);
        var source = Endpoint(words[0]);
        var destination = Endpoint(words[2]);
        var protocol = new IPProtocol(Protocols.Contains(words[3])
            ? new byte[] { 6, 17, 132, 1, 58 }[Array.IndexOf(Protocols, words[3])]
            : byte.Parse(words[3], System.Globalization.CultureInfo.InvariantCulture));
        var last = words.Length > 4 ? words[4] : "0";
        var message = last.Split('/') is [var type, var code] ? new IcmpMessage(Number(type), Number(code)) : (IcmpMessage?)null;
        var ports = message is null ? last.Split(':') : ["0"];
        return Evaluator.Evaluate(
            new Traffic(source, destination, protocol, ports.Length > 1 ? int.Parse(ports[0], null) : 40000, int.Parse(ports[^1], null)) { Icmp = message },
            direction);

        TrafficEndpoint Endpoint(string text) => world.Pods.FirstOrDefault(p => p.ToString() == text || p.Addresses.Any(a => a.ToString() == text)) is { } pod
            ? new TrafficEndpoint(pod.Addresses.FirstOrDefault(a => a.ToString() == text, pod.Addresses[0]), pod)
            : new TrafficEndpoint(IPAddress.Parse(text));
    }

    private static byte Number(string text) => byte.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
