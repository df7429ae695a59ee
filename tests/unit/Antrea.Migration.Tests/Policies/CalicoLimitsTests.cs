using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>What Calico's evaluator refuses by name, and how much it takes.</summary>
public sealed class CalicoLimitsTests
{
    private const string HttpElsewhere = "{apiVersion: crd.projectcalico.org/v1, kind: FelixConfiguration, metadata: {name: node.n1}, spec: {policySyncPathPrefix: /var/run/nodeagent}}";

    [TestCase("v3.26.1", "protocol: ICMP, notICMP: {type: 8, code: 0}", "spec.ingress[0].notICMP: with a type and a code")]
    [TestCase("v3.26.1", "notICMP: {type: 8}", "spec.ingress[0].notICMP: without protocol")]
    [TestCase("v3.26.1", "icmp: {type: 8}", "spec.ingress[0].icmp: without protocol")]
    [TestCase("v3.26.1", "protocol: ICMP, icmp: {code: 8}", "spec.ingress[0].icmp.code: a code needs a type")]
    [TestCase("v3.26.1", "protocol: GRE", "spec.ingress[0].protocol: Calico does not know 'GRE'")]
    [TestCase("v3.26.1", "destination: {ports: [80]}", "spec.ingress[0].destination.ports: ports without protocol")]
    [TestCase("v3.26.1", "protocol: ICMP, source: {notPorts: [80]}", "spec.ingress[0].source.notPorts: ports without protocol")]
    [TestCase("v3.31.0", "destination: {ports: [http]}", "spec.ingress[0].destination.ports: ports without protocol")]
    [TestCase("v3.32.0", "destination: {ports: [http, 80]}", "spec.ingress[0].destination.ports: ports without protocol")]
    [TestCase("v3.26.1", "source: {nets: [10.0.0.0/8, 10.0.0.0/33]}", "spec.ingress[0].source.nets[1]: '10.0.0.0/33' is no network")]
    [TestCase("v3.26.1", "destination: {services: {name: db, namespace: shop}}", "spec.ingress[0].destination.services: a Service may be named only at the other end")]
    [TestCase("v3.26.1", "source: {services: {name: db, namespace: shop}, nets: [10.0.0.0/8]}", "spec.ingress[0].source.services: Calico takes a Service alone")]
    [TestCase("v3.26.1", "source: {services: {namespace: shop}}", "spec.ingress[0].source.services.name: is missing")]
    [TestCase("v3.26.1", "http: {methods: [GET]}", "spec.ingress[0].http: policySyncPathPrefix is set")]
    [TestCase("v3.26.1", "source: {selector: 'a = b'}", "is not a selector")]
    [TestCase("v3.26.1", "source: {colour: red}", "'colour' is not known")]
    public void ForCalico_RuleWithoutADefinedMeaning_IsRefusedByField(string version, string rule, string expected)
    {
        var cluster = new CalicoCase(
            version, HttpElsewhere, CalicoCase.Policy(version, "NetworkPolicy", "p", $"{{types: [Ingress], ingress: [{{action: Allow, {rule}}}]}}"));
        Assert.That(() => cluster.Evaluator, Throws.TypeOf<NotSupportedException>().With.Message.Contains("NetworkPolicy shop/p").And.Message.Contains(expected));
    }

    [TestCase("v3.32.0", "destination: {ports: [http]}")]
    [TestCase("v3.26.1", "protocol: 1, icmp: {type: 8}")]
    [TestCase("v3.26.1", "source: {services: {name: db}}")]
    public void ForCalico_RuleWithAMeaning_IsTaken(string version, string rule) => Assert.That(
        () => new CalicoCase(version, CalicoCase.Policy(version, "NetworkPolicy", "p", $"{{types: [Ingress], ingress: [{{action: Allow, {rule}}}]}}")).Evaluator, Throws.Nothing);

    [Test]
    public void ForCalico_FaultInADirectionThatIsNotGoverned_DoesNotMatter() => Assert.That(
        () => new CalicoCase("v3.26.1", CalicoCase.Policy("v3.26.1", "NetworkPolicy", "p", "{types: [Ingress], egress: [{action: Allow, icmp: {type: 8}}]}")).Evaluator,
        Throws.Nothing);

    [TestCase("v3.28.0", "v1alpha1", "AdminNetworkPolicy", false)]
    [TestCase("v3.29.0", "v1alpha1", "AdminNetworkPolicy", true)]
    [TestCase("v3.29.0", "v1alpha1", "BaselineAdminNetworkPolicy", false)]
    [TestCase("v3.31.0", "v1alpha1", "BaselineAdminNetworkPolicy", true)]
    [TestCase("v3.32.0", "v1alpha1", "AdminNetworkPolicy", false)]
    [TestCase("v3.32.0", "v1alpha2", "ClusterNetworkPolicy", true)]
    public void ForCalico_AdministratorsPolicy_IsRefusedWhereTheReleaseEnforcesIt(string version, string api, string kind, bool refused)
    {
        var cluster = new CalicoCase(version, $"{{apiVersion: policy.networking.k8s.io/{api}, kind: {kind}, metadata: {{name: a}}, spec: {{}}}}");
        Assert.That(() => cluster.Evaluator, refused ? Throws.TypeOf<NotSupportedException>().With.Message.Contains($"{kind}/a") : Throws.Nothing);
    }

    [TestCase("{namespaceSelector: \"env == 'dev'\"}", "Namespace/lost")]
    [TestCase("{namespaceSelector: \"projectcalico.org/name == 'lost'\"}", null)]
    [TestCase("{namespaceSelector: all()}", null)]
    [TestCase("{serviceAccounts: {names: [robot]}}", null)]
    public void ForCalico_LabelsThatAreNotInTheInput_AreNotTakenForMissing(string source, string? expected)
    {
        var lost = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: lost}, spec: {nodeName: n1, serviceAccountName: robot}, status: {podIPs: [{ip: 10.1.7.7}]}}";
        var cluster = new CalicoCase(
            "v3.26.1", lost, CalicoCase.Policy("v3.26.1", "GlobalNetworkPolicy", "p", $"{{types: [Ingress], ingress: [{{action: Allow, source: {source}}}]}}"));
        Assert.That(() => cluster.Evaluator, expected is null ? Throws.Nothing : Throws.TypeOf<NotSupportedException>().With.Message.Contains(expected));
    }

    [Test]
    public void ForCalico_ANetworkSetsNamespaceThatIsNotInTheInput_IsTold()
    {
        var cluster = new CalicoCase(
            "v3.26.1",
            "{apiVersion: crd.projectcalico.org/v1, kind: NetworkSet, metadata: {name: s, namespace: lost}, spec: {nets: [198.51.100.0/24]}}",
            CalicoCase.Policy("v3.26.1", "GlobalNetworkPolicy", "p", "{types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: \"env == 'dev'\"}}]}"));
        Assert.That(() => cluster.Evaluator, Throws.TypeOf<NotSupportedException>().With.Message.Contains("Namespace/lost"));
    }

    [Test]
    public void ForCalico_EndpointsWhereNoneIsInTheInput_AreNotTakenForMissing()
    {
        var cluster = new CalicoCase(
            "v3.26.1", CalicoCase.Policy("v3.26.1", "NetworkPolicy", "p", "{types: [Egress], egress: [{action: Allow, destination: {services: {name: db, namespace: shop}}}]}"));
        Assert.That(() => cluster.Evaluator, Throws.TypeOf<NotSupportedException>().With.Message.Contains("EndpointSlice"));
    }

    [TestCase("selector: \"role == 'front'\"", true)]
    [TestCase("names: [web]", false)]
    public void CheckLabels_NoServiceAccountInTheInput_IsToldWhereOneIsAskedFor(string accounts, bool told)
    {
        var snapshot = new CalicoCase(
            "v3.26.1", CalicoCase.Policy("v3.26.1", "GlobalNetworkPolicy", "p", $"{{types: [Ingress], ingress: [{{action: Allow, source: {{serviceAccounts: {{{accounts}}}}}}}]}}")).Snapshot;
        var set = Antrea.Migration.Policies.Reading.CalicoPolicySet.Read(snapshot, new Antrea.Migration.Internal.ReleaseVersion(3, 26));
        var world = PolicyWorld.From(snapshot);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(CalicoLimits.CheckInput(set, world), Is.Empty);
            Assert.That(CalicoLimits.CheckInput(set, new PolicyWorld(world.Pods, world.Namespaces)).Any(), Is.EqualTo(told));
        }
    }

    [Test]
    public void ForCalico_HundredThousandNets_AreReadOnceAndSearched()
    {
        var nets = string.Join(", ", Enumerable.Range(0, 100_000).Select(i => $"100.{64 + (i >> 12)}.{i >> 4 & 255}.{(i & 15) << 4}/28"));
        var cluster = new CalicoCase(
            "v3.26.1",
            [
                $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {{name: big, labels: {{net: big}}}}, spec: {{nets: [{nets}]}}}}",
                .. Enumerable.Range(0, 50).Select(i => CalicoCase.Policy(
                    "v3.26.1", "GlobalNetworkPolicy", $"p{i}", $"{{order: {i}, types: [Ingress], ingress: [{{action: Allow, source: {{selector: \"net == 'big' && x != '{i}'\", nets: [100.64.0.0/12]}}}}]}}")),
            ]);
        var evaluator = cluster.Evaluator;
        var web = PolicyWorld.From(cluster.Snapshot).Pods.Single(p => p.ToString() == "shop/web");
        var inside = Enumerable.Range(0, 2_000).Count(i => evaluator.Evaluate(
            new Traffic(new TrafficEndpoint(IPAddress.Parse($"100.{64 + i % 40}.{i % 256}.9")), new TrafficEndpoint(web.Addresses[0], web), IPProtocol.Tcp, 40000, 80),
            Direction.Ingress).IsAllowed);

        // The nets fill 100.64.0.0 to 100.88.105.255, and the rules take 100.64.0.0 to 100.79.255.255 of them.
        Assert.That(inside, Is.EqualTo(Enumerable.Range(0, 2_000).Count(i => i % 40 < 16)));
    }

    [Test]
    public void ForCalico_HostileLabels_StayValues()
    {
        var cluster = new CalicoCase(
            "v3.26.1",
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: odd, namespace: dev, labels: {app: has-x.or-app, pcns.env: prod, "projectcalico.org/namespace": shop}}
            spec: {nodeName: n1}
            status: {podIPs: [{ip: 10.1.1.99}]}
            """,
            CalicoCase.Policy("v3.26.1", "NetworkPolicy", "p", "{types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: \"env == 'prod'\"}}, {action: Allow, source: {selector: \"app == 'web'\"}}]}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Evaluate("dev/odd > shop/web TCP 80").ToString(), Is.EqualTo("end of tier default → Deny"));
            Assert.That(cluster.Evaluate("shop/db > shop/web TCP 80").IsAllowed, Is.True);
        }
    }

    [Test]
    public void ForCalico_LabelThatIsASelector_IsNoLabel() => Assert.That(
        () => new CalicoCase("v3.26.1", "{apiVersion: v1, kind: Pod, metadata: {name: odd, namespace: dev, labels: {app: 'web\" || has(x) || app == \"'}}}").Snapshot,
        Throws.TypeOf<InputException>().With.Message.Contains("Pod/dev/odd: field 'metadata.labels[app]'"));

    [TestCase("{phase: Succeeded, podIPs: [{ip: 10.1.1.99}]}", "", false, "")]
    [TestCase("{phase: Pending}", "", false, "")]
    [TestCase("{phase: Pending}", "cni.projectcalico.org/podIPs: '10.1.1.99/32,fd01::99/128'", false, "10.1.1.99 fd01::99")]
    [TestCase("{phase: Pending}", "cni.projectcalico.org/podIP: 10.1.1.99/32", false, "10.1.1.99")]
    [TestCase("{phase: Running, podIPs: [{ip: 10.1.1.98}]}", "cni.projectcalico.org/podIP: 10.1.1.99/32", false, "10.1.1.98")]
    [TestCase("{phase: Running, podIPs: [{ip: 10.1.1.99}]}", "cni.projectcalico.org/podIP: 10.1.1.99/32", true, "10.1.1.99")]
    [TestCase("{phase: Running, podIPs: [{ip: 10.1.1.99}]}", "cni.projectcalico.org/podIP: ''", true, "")]
    [TestCase("{phase: Running, podIPs: [{ip: 10.1.1.99}]}", "cni.projectcalico.org/podIP: ''", false, "10.1.1.99")]
    public void From_Pod_IsAnEndpointAsCalicoDecides(string status, string annotations, bool terminating, string expected)
    {
        var snapshot = new CalicoCase(
            "v3.26.1",
            $"{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: dev, annotations: {{{annotations}}}{(terminating ? ", deletionTimestamp: '2026-01-01T00:00:00Z'" : "")}}}, spec: {{nodeName: n1}}, status: {status}}}").Snapshot;
        var pod = PolicyWorld.From(snapshot).Pods.SingleOrDefault(p => p.Name == "p");
        Assert.That(pod is null ? "" : string.Join(' ', pod.Addresses), Is.EqualTo(expected));
    }
}
