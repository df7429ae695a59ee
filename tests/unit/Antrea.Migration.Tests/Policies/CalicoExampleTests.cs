using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Worked examples of Calico's semantics: the verdict, and the steps that led to it. Numbers are those of the fact sheet's examples.</summary>
public sealed class CalicoExampleTests
{
    private const string X = CalicoCase.X;
    private const string V1 = "apiVersion: crd.projectcalico.org/v1";

    private static readonly string DenyIngressKnp =
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress]}}";

    private static IEnumerable<TestCaseData> Examples()
    {
        var open = "{selector: \"app=='web'\", ingress: [{action: Allow}]}";
        yield return Case("1 no types in a stored policy", "v3.26.1", [Np("p", open)], "egress: shop/web > 8.8.8.8 TCP 443", "end of tier default → Deny");
        yield return Case("1 no types in a manifest", "v3.26.1",
            [$"{{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {{name: p, namespace: shop}}, spec: {open}}}"],
            "egress: shop/web > 8.8.8.8 TCP 443", "no tier governs; profile kns.shop → Allow");

        foreach (var (flow, np, gnp) in new[]
        {
            ($"{X} > shop/web TCP 80", "end of tier default → Deny", "tier default / GlobalNetworkPolicy p ingress rule 1 → Allow"),
            ("dev/tool > shop/web TCP 80", "end of tier default → Deny", "tier default / GlobalNetworkPolicy p ingress rule 1 → Allow"),
            ("10.1.0.40 > shop/web TCP 80", "tier default / NetworkPolicy shop/p ingress rule 1 → Allow", "tier default / GlobalNetworkPolicy p ingress rule 1 → Allow"),
            ("shop/db > shop/web TCP 80", "end of tier default → Deny", "end of tier default → Deny"),
        })
        {
            const string spec = "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {notSelector: \"app == 'db'\"}}]}";
            var other = "{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: shop}, spec: {nodeName: n1}, status: {podIPs: [{ip: 10.1.0.40}]}}";
            yield return Case("2 notSelector in a NetworkPolicy", "v3.26.1", [other, Np("p", spec)], flow, np);
            yield return Case("2 notSelector in a GlobalNetworkPolicy", "v3.26.1", [other, Gnp("p", spec)], flow, gnp);
        }

        var notDev = Np("p", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: \"env != 'dev'\"}}]}");
        yield return Case("3 negative namespaceSelector and a set", "v3.26.1", [notDev, CalicoCase.Corp], "dev/tool > shop/web TCP 80", "tier default / NetworkPolicy shop/p ingress rule 1 → Allow");
        yield return Case("3 negative namespaceSelector alone", "v3.26.1", [notDev], "dev/tool > shop/web TCP 80", "end of tier default → Deny");

        foreach (var (tier, steps) in new[]
        {
            ("security", "tier default / NetworkPolicy shop/allow ingress rule 1 → Allow"), ("audit", "tier audit / GlobalNetworkPolicy deny ingress rule 1 → Deny"),
        })
        {
            yield return Case($"4 tier {tier} without order", "v3.32.0",
                [
                    $"{{{V1}, kind: Tier, metadata: {{name: {tier}}}, spec: {{}}}}",
                    $"{{{V1}, kind: GlobalNetworkPolicy, metadata: {{name: deny}}, spec: {{tier: {tier}, types: [Ingress], ingress: [{{action: Deny}}]}}}}",
                    Np("allow", "{types: [Ingress], ingress: [{action: Allow}]}", "v3.32.0"),
                ],
                $"{X} > shop/web TCP 80", steps);
        }

        string[] platform =
        [
            $"{{{V1}, kind: Tier, metadata: {{name: platform}}, spec: {{order: 100}}}}",
            $"{{{V1}, kind: GlobalNetworkPolicy, metadata: {{name: allow-dns}}, spec: {{tier: platform, namespaceSelector: \"env == 'prod'\", types: [Egress], "
                + "egress: [{action: Pass, protocol: UDP, destination: {ports: [53]}}]}}",
        ];
        var openEgress = Np("open", "{types: [Egress], egress: [{action: Allow}]}", "v3.32.0");
        yield return Case("5 a tier ends by direction", "v3.32.0", [.. platform, openEgress], $"egress: shop/web > {X} TCP 443", "end of tier platform → Deny");
        yield return Case("5 what the tier passes", "v3.32.0", [.. platform, openEgress], $"egress: shop/web > {X} UDP 53",
            "tier platform / GlobalNetworkPolicy allow-dns egress rule 1 → Pass → tier default / NetworkPolicy shop/open egress rule 1 → Allow");
        yield return Case("5 the other direction", "v3.32.0", platform, $"{X} > shop/web TCP 8080", "no tier governs; profile kns.shop → Allow");

        var late = "{types: [Ingress], ingress: [{action: %, source: {namespaceSelector: \"env == 'dev'\"}}]}";
        yield return Case("6 a later policy allows what the Kubernetes policy does not", "v3.26.1",
            [DenyIngressKnp, Np("late", late.Replace("%", "Allow", StringComparison.Ordinal))],
            "dev/tool > shop/web TCP 80", "tier default / NetworkPolicy shop/late ingress rule 1 → Allow");
        yield return Case("6 a Kubernetes policy comes before a later Deny", "v3.26.1",
            [
                "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: k, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: none}}}]}, {from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}]}}",
                Np("late", late.Replace("%", "Deny", StringComparison.Ordinal)),
            ],
            "dev/tool > shop/web TCP 80", "tier default / Kubernetes NetworkPolicy shop/k ingress rule 2 → Allow");

        yield return Case("7 notNets of the other family", "v3.26.1",
            [Gnp("p", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {notNets: ['fd00::/8']}}]}")],
            $"{X} > shop/web TCP 80", "end of tier default → Deny");

        const string dbService = """
            {apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}, ports: [{port: 80, targetPort: 5432}]}}
            ---
            {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}, addressType: IPv4,
             endpoints: [{addresses: [10.1.0.20], conditions: {ready: false}}], ports: [{port: 5432, protocol: TCP}]}
            """;
        foreach (var (reference, port, steps) in new[]
        {
            ("{name: db}", 5432, "end of tier default → Deny"),
            ("{name: db, namespace: shop}", 5432, "tier default / NetworkPolicy shop/p egress rule 1 → Allow"),
            ("{name: db, namespace: shop}", 5433, "end of tier default → Deny"),
            ("{name: none, namespace: shop}", 5432, "end of tier default → Deny"),
        })
        {
            yield return Case($"8 services {reference}", "v3.26.1",
                [dbService, Np("p", $"{{selector: \"app == 'web'\", types: [Egress], egress: [{{action: Allow, destination: {{services: {reference}}}}}]}}")],
                $"egress: shop/web > shop/db TCP {port}", steps);
        }

        yield return Case("8 endpoints of a Service that is gone", "v3.26.1",
            [dbService.Split("---")[1], Np("p", "{selector: \"app == 'web'\", types: [Egress], egress: [{action: Allow, destination: {services: {name: db, namespace: shop}}}]}")],
            "egress: shop/web > shop/db TCP 5432", "tier default / NetworkPolicy shop/p egress rule 1 → Allow");

        string[] staged =
        [
            $"{{{V1}, kind: Tier, metadata: {{name: sec}}, spec: {{order: 1}}}}",
            $"{{{V1}, kind: StagedGlobalNetworkPolicy, metadata: {{name: sec.s}}, spec: {{tier: sec, types: [Ingress], ingress: [{{action: Deny}}]}}}}",
        ];
        yield return Case("9 staged only", "v3.30.0", staged, $"{X} > shop/web TCP 80", "no tier governs; profile kns.shop → Allow");
        yield return Case("9 staged and another", "v3.30.0",
            [.. staged, $"{{{V1}, kind: GlobalNetworkPolicy, metadata: {{name: sec.g}}, spec: {{tier: sec, selector: \"app == 'web'\", types: [Ingress], ingress: [{{action: Allow, source: {{nets: [198.51.100.0/24]}}}}]}}}}"],
            $"{X} > shop/web TCP 80", "end of tier sec → Deny");

        var http = Np("p", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, http: {methods: [GET]}}]}");
        yield return Case("10 http", "v3.26.1", [http], $"{X} > shop/web TCP 8080", "tier default / NetworkPolicy shop/p ingress rule 1 → Allow");
        yield return Case("10 http without protocol", "v3.26.1", [http], $"{X} > shop/web UDP 9999", "tier default / NetworkPolicy shop/p ingress rule 1 → Allow");

        var named = Np("p", "{types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [http, 9090]}}]}");
        yield return Case("11 named port", "v3.26.1", [named], $"{X} > shop/web TCP 8080", "tier default / NetworkPolicy shop/p ingress rule 1 → Allow");
        yield return Case("11 named port of another Pod", "v3.26.1", [named], $"{X} > shop/db TCP 8080", "end of tier default → Deny");
        yield return Case("11 the number beside it", "v3.26.1", [named], $"{X} > shop/db TCP 9090", "tier default / NetworkPolicy shop/p ingress rule 1 → Allow");

        var accounts = Gnp("p", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {serviceAccounts: {selector: all()}}}]}");
        yield return Case("12 service accounts all()", "v3.26.1", [accounts, CalicoCase.Corp], "10.9.9.9 > shop/web TCP 80", "tier default / GlobalNetworkPolicy p ingress rule 1 → Allow");
        yield return Case("12 service accounts all() outside", "v3.26.1", [accounts, CalicoCase.Corp], $"{X} > shop/web TCP 80", "end of tier default → Deny");

        foreach (var (version, ns, steps) in new[]
        {
            ("v3.31.2", "shop", "tier default / GlobalNetworkPolicy zz ingress rule 1 → Deny"),
            ("v3.32.0", "shop", "tier default / NetworkPolicy shop/aa ingress rule 1 → Allow"),
            ("v3.31.2", "alpha", "tier default / NetworkPolicy alpha/aa ingress rule 1 → Allow"),
        })
        {
            yield return Case($"13 tie in {ns}", version,
                [
                    "{apiVersion: v1, kind: Pod, metadata: {name: pod, namespace: alpha}, spec: {nodeName: n1}, status: {podIPs: [{ip: 10.1.2.1}]}}",
                    CalicoCase.Policy(version, "GlobalNetworkPolicy", "zz", "{order: 10, types: [Ingress], ingress: [{action: Deny}]}"),
                    CalicoCase.Policy(version, "NetworkPolicy", "aa", "{order: 10, types: [Ingress], ingress: [{action: Allow}]}", ns),
                ],
                $"{X} > {(ns == "shop" ? "shop/web" : "alpha/pod")} TCP 80", steps);
        }

        yield return Case("14 Pass in tier default", "v3.26.1",
            [DenyIngressKnp, Np("a", "{order: 1, types: [Ingress], ingress: [{action: Pass}]}"), Np("b", "{order: 2, types: [Ingress], ingress: [{action: Deny}]}")],
            $"{X} > shop/web TCP 80", "tier default / NetworkPolicy shop/a ingress rule 1 → Pass → profile kns.shop → Allow");

        yield return Case("15 doNotTrack", "v3.26.1",
            [Gnp("p", "{selector: all(), doNotTrack: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]}")],
            $"{X} > shop/web TCP 80", "no tier governs; profile kns.shop → Allow");

        var beside = Gnp("p", "{selector: all(), namespaceSelector: \"env != 'dev'\", types: [Ingress], ingress: [{action: Deny}]}");
        yield return Case("16 all() beside a namespaceSelector", "v3.26.1", [beside], $"{X} > shop/web TCP 80", "tier default / GlobalNetworkPolicy p ingress rule 1 → Deny");
        yield return Case("16 the Namespace left out", "v3.26.1", [beside], $"{X} > dev/tool TCP 80", "no tier governs; profile kns.dev → Allow");

        var both = Gnp("p", "{selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, source: {selector: \"app == 'web'\", nets: [10.1.1.0/24]}}]}");
        yield return Case("17 nets and selector, in both", "v3.26.1", [both], "dev/tool > shop/db TCP 80", "tier default / GlobalNetworkPolicy p ingress rule 1 → Allow");
        yield return Case("17 nets and selector, in one", "v3.26.1", [both], "shop/web > shop/db TCP 80", "end of tier default → Deny");

        string[] byName =
        [
            $"{{{V1}, kind: Tier, metadata: {{name: security}}, spec: {{order: 5}}}}",
            $"{{{V1}, kind: GlobalNetworkPolicy, metadata: {{name: security.block}}, spec: {{tier: default, types: [Ingress], ingress: [{{action: Deny}}]}}}}",
        ];
        yield return Case("18 tier by name", "v3.31.0", byName, $"{X} > shop/web TCP 80", "tier security / GlobalNetworkPolicy security.block ingress rule 1 → Deny");
        yield return Case("18 tier by spec", "v3.32.0", byName, $"{X} > shop/web TCP 80", "tier default / GlobalNetworkPolicy security.block ingress rule 1 → Deny");

        var notAll = Np("p", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: '!all()'}}]}");
        yield return Case("19 !all() and a set", "v3.26.1", [notAll, CalicoCase.Corp], "dev/tool > shop/web TCP 80", "tier default / NetworkPolicy shop/p ingress rule 1 → Allow");
        yield return Case("19 !all() alone", "v3.26.1", [notAll], "dev/tool > shop/web TCP 80", "end of tier default → Deny");

        var log = Gnp("p", "{types: [Ingress], ingress: [{action: Log, protocol: TCP}, {action: Deny, protocol: TCP}, {action: Allow}]}");
        yield return Case("20 Log", "v3.26.1", [log], $"{X} > shop/web TCP 80",
            "tier default / GlobalNetworkPolicy p ingress rule 1 → Log → tier default / GlobalNetworkPolicy p ingress rule 2 → Deny");
        yield return Case("20 Log of another protocol", "v3.26.1", [log], $"{X} > shop/web UDP 80", "tier default / GlobalNetworkPolicy p ingress rule 3 → Allow");
    }

    [TestCaseSource(nameof(Examples))]
    public void Evaluate_WorkedExample_DecidesByTheseSteps(string version, ImmutableArray<string> documents, string flow, string steps) =>
        Assert.That(new CalicoCase(version, [.. documents]).Evaluate(flow).ToString(), Is.EqualTo(steps));

    [Test]
    public void Matching_Example16_LeavesHostEndpointsOutOnlyBesideAll()
    {
        const string endpoint = "{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: eth0}, spec: {node: n1, expectedIPs: [172.18.0.2]}}";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(SelectsHost("selector: all(), "), Is.False);
            Assert.That(SelectsHost(""), Is.True);
        }

        static bool SelectsHost(string selector)
        {
            var snapshot = new CalicoCase(
                "v3.26.1", endpoint, Gnp("p", $"{{{selector}namespaceSelector: \"env != 'dev'\", types: [Ingress], ingress: [{{action: Deny}}]}}")).Snapshot;
            var set = Antrea.Migration.Policies.Reading.CalicoPolicySet.Read(snapshot, new Antrea.Migration.Internal.ReleaseVersion(3, 26));
            return CalicoEndpoints.Of(set, PolicyWorld.From(snapshot))
                .Matching(CalicoScope.Subject(set.Policies.Single().Policy))
                .Any(e => e.Set?.Kind == "HostEndpoint");
        }
    }

    private static string Np(string name, string spec, string version = "v3.26.1") => CalicoCase.Policy(version, "NetworkPolicy", name, spec);

    private static string Gnp(string name, string spec, string version = "v3.26.1") => CalicoCase.Policy(version, "GlobalNetworkPolicy", name, spec);

    private static TestCaseData Case(string name, string version, string[] documents, string flow, string steps) =>
        new TestCaseData(version, ImmutableArray.Create(documents), flow, steps).SetArgDisplayNames($"{name}, {version}: {flow}");

    [TestCase("172.18.0.2", VerdictKind.Allow)]
    [TestCase("10.1.0.64", VerdictKind.Allow)]
    [TestCase("172.18.0.3", VerdictKind.Deny)]
    [TestCase("172.18.0.4", VerdictKind.Deny)]
    public void Node_ReachesItsOwnPodsWhateverPoliciesSay(string source, VerdictKind expected)
    {
        var cluster = new CalicoCase(
            "v3.31.0",
            CalicoCase.Policy("v3.31.0", "NetworkPolicy", "p", "{types: [Ingress], ingress: []}"),
            "{apiVersion: v1, kind: Node, metadata: {name: n1, annotations: {projectcalico.org/IPv4IPIPTunnelAddr: 10.1.0.64}}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}",
            "{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}}");
        var web = PolicyWorld.From(cluster.Snapshot).Pods.Single(p => p.ToString() == "shop/web");
        var flow = new Traffic(new TrafficEndpoint(IPAddress.Parse(source)), new TrafficEndpoint(web.Addresses[0], web), IPProtocol.Tcp, 40000, 8080);
        var verdict = PolicyEvaluators.ForCalico(cluster.Snapshot, new PolicyConversionOptions { CalicoVersion = "v3.31.0" }).Evaluate(flow, Direction.Ingress);
        Assert.That(verdict.Kind, Is.EqualTo(expected), verdict.ToString());
    }
}
