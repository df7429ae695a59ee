using System.Net;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random rules of what is written out for the objects there are: text operators, service accounts, named ports, Services, network sets.</summary>
public sealed class RuleConversionPropertyTests
{
    private const string World = """
        {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {serviceAccountName: web, containers: [{ports: [{name: http, containerPort: 8080}]}]}}
        {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop}, spec: {serviceAccountName: db, containers: [{ports: [{name: sql, containerPort: 5432}, {name: http, containerPort: 81}]}]}}
        {apiVersion: v1, kind: Pod, metadata: {name: tool, namespace: dev}, spec: {serviceAccountName: web}}
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop, labels: {team: a}}}
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: db, namespace: shop, labels: {team: b}}}
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: dev}}
        {apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}}}
        {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}, addressType: IPv4, endpoints: [{addresses: [10.10.1.20]}, {addresses: [192.0.2.10]}], ports: [{port: 5432, protocol: TCP}]}
        {apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: corp, labels: {app: corp}}, spec: {nets: [10.0.0.0/8, 198.51.100.0/24]}}
        {apiVersion: crd.projectcalico.org/v1, kind: NetworkSet, metadata: {name: near, namespace: shop, labels: {app: wiki, zone: near}}, spec: {nets: [192.0.2.0/25]}}
        """;

    private static readonly string[] Outside = ["203.0.113.7", "192.0.2.1", "192.0.2.10", "192.0.2.200", "198.51.100.7", "10.200.0.1"];

    private static readonly Gen<string> Selector = Gen.OneOf(
        "app starts with 'w'", "app contains 'b'", "!(app ends with 'b')", "app == 'corp'", "has(zone)", "!has(zone)", "app in {'web', 'db'}",
        "projectcalico.org/serviceaccount == 'web'", "pcsa.team == 'b'", "pcsa.team != 'b'", "has(pcsa.team)", "app != 'corp'");

    private static readonly Gen<string> Side = Gen.OneOf(
        Gen.Const(""),
        Selector.Select(s => $"selector: \"{s}\""),
        Gen.Select(Selector, Selector).Select((s, n) => $"selector: \"{s}\", notSelector: \"{n}\""),
        Selector.Select(s => $"notSelector: \"{s}\""),
        Gen.Select(Selector, Gen.OneOf("192.0.2.64/26", "10.0.0.0/8", "198.51.0.0/16")).Select((s, n) => $"selector: \"{s}\", nets: [{n}]"),
        Gen.OneOf("namespaceSelector: \"env contains 'd'\"", "namespaceSelector: \"env != 'dev'\"", "namespaceSelector: global()"),
        Gen.OneOf("serviceAccounts: {names: [web]}", "serviceAccounts: {selector: \"team != 'a'\"}", "serviceAccounts: {names: [db], selector: \"team == 'b'\"}"));

    private static readonly Gen<string> Ports = Gen.OneOf("", "ports: [http]", "ports: [http, 9090]", "ports: [sql, http]", "ports: [\"80:90\"], notPorts: [81]", "notPorts: [8080]");

    private static readonly Gen<string> Rule =
        from action in Gen.OneOf("Allow", "Deny")
        from isIngress in Gen.Bool
        from peer in Side
        from own in Gen.Frequency((4, Gen.Const("")), (1, Side))
        from ports in Ports
        from service in Gen.Frequency((5, Gen.Const(false)), (1, Gen.Const(true)))
        let isService = service && !isIngress
        let other = isService ? "services: {name: db, namespace: shop}" : peer
        let to = isService ? other : string.Join(", ", new[] { isIngress ? own : other, ports }.Where(p => p.Length > 0))
        let from1 = isIngress ? other : own
        select $"{(isIngress ? "ingress" : "egress")}: [{{action: {action}, protocol: TCP, source: {{{from1}}}, destination: {{{to}}}}}, {{action: {(action == "Allow" ? "Deny" : "Allow")}}}], "
            + $"types: [{(isIngress ? "Ingress" : "Egress")}]";

    [Test]
    public void Converted_rules_decide_every_flow_as_Calico_does()
    {
        var compared = 0;
        Gen.Select(Rule, Gen.Bool, Gen.OneOf("v3.26.1", "v3.32.0")).Check(
            1000,
            given =>
            {
                var (rule, isGlobal, version) = given;
                var cluster = PolicyCluster.Examples(version);
                foreach (var line in World.Split('\n'))
                {
                    cluster.Add(line);
                }

                _ = isGlobal ? cluster.GlobalPolicy("p", $"{{{rule}}}") : cluster.NetworkPolicy("shop", "p", $"{{{rule}}}");
                var conversion = cluster.Convert();
                if (conversion.HasRefusals)
                {
                    return;
                }

                Interlocked.Increment(ref compared);
                var calico = PolicyEvaluators.CalicoTables(cluster.Snapshot, cluster.Options);
                var antrea = PolicyEvaluators.AntreaTables(cluster.Snapshot, conversion.Objects);
                foreach (var (traffic, direction) in Flows(cluster))
                {
                    var before = calico.Evaluate(traffic, direction);
                    var after = antrea.Evaluate(traffic, direction);
                    if (before.Kind != after.Kind)
                    {
                        throw new InvalidOperationException($"{new PolicyCounterExample(traffic, direction, before, after)}");
                    }
                }

                var proof = cluster.Verify(conversion.Objects);
                if (proof.Verdict != ProofVerdict.Equal)
                {
                    throw new InvalidOperationException($"the proof disagrees: {proof} {proof.CounterExample}");
                }
            });
        TestContext.Out.WriteLine($"{compared} rules compared");
        Assert.That(compared, Is.GreaterThanOrEqualTo(800 * PropertyRuns.Factor), "rules that were converted and compared");
    }

    private static IEnumerable<(Traffic Traffic, Direction Direction)> Flows(PolicyCluster cluster)
    {
        var pods = PolicyWorld.From(cluster.Snapshot).Pods.Select(p => new TrafficEndpoint(p.Addresses[0], p)).ToList();
        var everyone = pods.Concat(Outside.Select(a => new TrafficEndpoint(IPAddress.Parse(a)))).ToList();
        foreach (var pod in pods)
        {
            foreach (var other in everyone)
            {
                foreach (var port in new[] { 79, 80, 81, 82, 90, 5432, 8080, 9090 })
                {
                    foreach (var protocol in new[] { IPProtocol.Tcp, IPProtocol.Udp })
                    {
                        yield return (new Traffic(other, pod, protocol, 40000, port), Direction.Ingress);
                        yield return (new Traffic(pod, other, protocol, 40000, port), Direction.Egress);
                    }
                }
            }
        }
    }
}
