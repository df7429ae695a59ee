using System.Text.Json.Nodes;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Wrong conversions, made on purpose from a right one: the verifier finds a flow for each.</summary>
public sealed class PolicyVerifierTests
{
    private const string ClusterEnd = "ClusterNetworkPolicy calicoend-default";
    private const string LocalEnd = "NetworkPolicy calicoend-default";

    private static PolicyCluster Cluster() => PolicyCluster.Examples("v3.32.0")
        .Pod("shop", "bad", "10.10.1.40", ("app", "web"), ("role", "bad"))
        .Pod("shop", "job", "10.10.1.50", ("role", "bad"))
        .Pod("dev", "db", "10.10.1.60", ("app", "db"))
        .Pod("dev", "plain", "10.10.1.70")
        .Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 100, defaultAction: Pass}}")
        .Add("""
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkPolicy
            metadata: { name: quarantine }
            spec:
              tier: sec
              order: 1
              namespaceSelector: env == 'prod'
              types: [Ingress]
              ingress:
                - { action: Deny, source: { selector: "app == 'web' && role == 'bad'" } }
                - { action: Deny, source: { namespaceSelector: "env == 'dev'", selector: "app == 'db'" } }
            """)
        .Add("""
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkPolicy
            metadata: { name: web, namespace: shop }
            spec:
              order: 10
              selector: app == 'web'
              types: [Ingress]
              ingress:
                - { action: Allow, protocol: TCP, source: { namespaceSelector: "has(env)", ports: ["1000:2000"] }, destination: { ports: ["80:90"] } }
                - { action: Deny, protocol: UDP, source: { nets: [192.0.2.0/25] } }
                - { action: Allow, protocol: UDP, source: { nets: [192.0.2.0/24] } }
                - { action: Deny, protocol: TCP, destination: { ports: [8080] } }
            """)
        .Add("""
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkPolicy
            metadata: { name: jobs, namespace: shop }
            spec:
              order: 30
              selector: role == 'bad' && !has(app)
              types: [Ingress]
              ingress:
                - { action: Allow, protocol: TCP, destination: { ports: [9090] } }
            """)
        .Add("""
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkPolicy
            metadata: { name: out }
            spec:
              order: 20
              selector: has(app)
              types: [Ingress, Egress]
              ingress:
                - { action: Allow, source: { selector: "role not in {'bad'}" } }
              egress:
                - { action: Allow, protocol: TCP, destination: { ports: [443] } }
            """);

    private static IEnumerable<TestCaseData> Mutations()
    {
        yield return Case("missing end of the namespaced policy", o => o.Remove(Find(o, LocalEnd)));
        yield return Case("missing end of the global policy", o => o.Remove(Find(o, ClusterEnd)));
        yield return Case("end for ingress only", o => Spec(o, ClusterEnd).Remove("egress"));
        yield return Case("end for egress only", o => Spec(o, ClusterEnd).Remove("ingress"));
        yield return Case("end that allows", o => Rule(o, ClusterEnd, "egress", 0)["action"] = "Allow");
        yield return Case("end before the rules", o => Spec(o, ClusterEnd)["priority"] = 1);
        yield return Case("an end where the tier passes", o => o.Add(WithName(Find(o, ClusterEnd), "x", "calico-sec", 9)));
        yield return Case("swapped priorities", o =>
        {
            Spec(o, "calico-web")["priority"] = 2;
            Spec(o, "calico-out")["priority"] = 1;
        });
        yield return Case("equal priorities", o => Spec(o, "calico-out")["priority"] = 1);
        yield return Case("AND of labels turned OR", o => Rule(o, "calico-quarantine", "ingress", 0)["from"] = JsonNode.Parse(
            """[{"podSelector":{"matchLabels":{"app":"web"}}},{"podSelector":{"matchLabels":{"role":"bad"}}}]"""));
        yield return Case("AND of Pods and Namespaces turned OR", o => Rule(o, "calico-quarantine", "ingress", 1)["from"] = JsonNode.Parse(
            """[{"podSelector":{"matchLabels":{"app":"db"}}},{"namespaceSelector":{"matchLabels":{"env":"dev"}}}]"""));
        yield return Case("one half of an AND lost", o => Peer(o, "calico-quarantine", 0)["podSelector"]!["matchLabels"]!.AsObject().Remove("role"));
        yield return Case("the Namespace of a peer lost", o => Peer(o, "calico-quarantine", 1).Remove("namespaceSelector"));
        yield return Case("the Pods of a peer lost", o => Peer(o, "calico-quarantine", 1).Remove("podSelector"));
        yield return Case("source ports as destination ports", o => Rule(o, "calico-web", "ingress", 0)["ports"] = JsonNode.Parse(
            """[{"protocol":"TCP","port":1000,"endPort":2000}]"""));
        yield return Case("source ports lost", o => Remove(Port(o), "sourcePort", "sourceEndPort"));
        yield return Case("destination ports lost", o => Remove(Port(o), "port", "endPort"));
        yield return Case("range cut short", o => Port(o)["endPort"] = 89);
        yield return Case("range too long", o => Port(o)["endPort"] = 91);
        yield return Case("only the first port of a range", o => Remove(Port(o), "endPort"));
        yield return Case("source range too long", o => Port(o)["sourceEndPort"] = 2001);
        yield return Case("wrong protocol", o => Port(o)["protocol"] = "UDP");
        yield return Case("ports lost with their protocol", o => Rule(o, "calico-web", "ingress", 2).Remove("ports"));
        yield return Case("Allow turned Drop", o => Rule(o, "calico-web", "ingress", 0)["action"] = "Drop");
        yield return Case("Drop turned Allow", o => Rule(o, "calico-quarantine", "ingress", 0)["action"] = "Allow");
        yield return Case("Drop turned Pass", o => Rule(o, "calico-quarantine", "ingress", 0)["action"] = "Pass");
        yield return Case("rule lost", o => Spec(o, "calico-web")["ingress"]!.AsArray().RemoveAt(1));
        yield return Case("rules reversed", o => Spec(o, "calico-web")["ingress"] =
            new JsonArray([.. Spec(o, "calico-web")["ingress"]!.AsArray().Reverse().Select(r => r!.DeepClone())]));
        yield return Case("peers lost", o => Rule(o, "calico-quarantine", "ingress", 0).Remove("from"));
        yield return Case("network too wide", o => Block(o, 2)["cidr"] = "192.0.2.0/23");
        yield return Case("network too narrow", o => Block(o, 2)["cidr"] = "192.0.2.0/25");
        yield return Case("NotIn turned In", o => Expression(o, "calico-out")["operator"] = "In");
        yield return Case("NotIn turned Exists", o => Remove(Expression(o, "calico-out", "Exists"), "values"));
        yield return Case("Exists lost from appliedTo", o => Spec(o, "calico-out")["appliedTo"] = JsonNode.Parse("""[{"podSelector":{}}]"""));
        yield return Case("Exists lost from the end's appliedTo", o => Spec(o, ClusterEnd)["appliedTo"] = JsonNode.Parse("""[{"podSelector":{}}]"""));
        yield return Case("appliedTo of the empty entry", o => Spec(o, ClusterEnd)["appliedTo"] = JsonNode.Parse("[{}]"));
        yield return Case("appliedTo lost its Namespace", o => Spec(o, "calico-quarantine")["appliedTo"] = JsonNode.Parse("""[{"podSelector":{}}]"""));
        yield return Case("namespaced policy made a cluster one", o =>
        {
            Spec(o, LocalEnd)["priority"] = 1;
            var end = Find(o, LocalEnd);
            end["metadata"]!.AsObject().Remove("namespace");
            end["metadata"]!["name"] = "calicoend-of-cluster";
            end["kind"] = "ClusterNetworkPolicy";
        });
        yield return Case("policy in another Namespace", o => Find(o, "calico-web")["metadata"]!["namespace"] = "dev");
        yield return Case("ingress rules under egress", o =>
        {
            Spec(o, LocalEnd)["egress"] = Spec(o, LocalEnd)["ingress"]!.DeepClone();
            Spec(o, LocalEnd).Remove("ingress");
            Spec(o, LocalEnd)["priority"] = 1;
        });
        yield return Case("tier behind everything", o => Spec(o, "calico-quarantine")["tier"] = "baseline");
        yield return Case("tiers swapped", o => Find(o, "calico-default")["spec"]!["priority"] = 1);
        yield return Case("label value in other case", o => Peer(o, "calico-quarantine", 0)["podSelector"]!["matchLabels"]!["role"] = "Bad");
        yield return Case("nothing emitted", o => o.Clear());

        static TestCaseData Case(string name, Action<List<JsonObject>> mutate) => new TestCaseData(mutate).SetArgDisplayNames(name);
    }

    [Test]
    public void Verify_RightConversion_IsEqual()
    {
        var cluster = Cluster();
        var conversion = cluster.Convert();
        var proof = cluster.Verify(conversion.Objects);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.HasRefusals, Is.False, () => string.Join('\n', conversion.Findings));
            Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Equal), () => proof.ToString());
            Assert.That(proof.ComparedFlows, Is.GreaterThan(50), "classes of flows");
            Assert.That(proof.Flows, Is.GreaterThan(500), "flows they stand for");
        }
    }

    [TestCaseSource(nameof(Mutations))]
    public void Verify_WrongConversion_IsShownByAFlow(Action<List<JsonObject>> mutate)
    {
        ArgumentNullException.ThrowIfNull(mutate);
        var cluster = Cluster();
        var objects = cluster.Convert().Objects.ToList();
        mutate(objects);
        var proof = cluster.Verify(objects);
        Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Different), () => proof.ToString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(proof.CounterExample!.Calico.Kind, Is.Not.EqualTo(proof.CounterExample.Antrea.Kind));
            Assert.That(proof.CounterExample.Calico.Reasons, Is.Not.Empty);
            Assert.That(proof.CounterExample.Antrea.Reasons, Is.Not.Empty);
        }
    }

    [Test]
    public void Verify_CalicoRuleWithoutADefinedMeaning_LeavesOnlyItsFlowsUnproven()
    {
        var cluster = Cluster().GlobalPolicy("vague", "{order: 1, selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, notICMP: {type: 8}}]}");
        var proof = cluster.Verify(Cluster().Convert().Objects);
        var wrong = cluster.Verify([]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.NotProven), () => proof.ToString());
            Assert.That(proof.Reason, Does.Contain("GlobalNetworkPolicy vague").And.Contain("spec.ingress[0].notICMP"));
            Assert.That(proof.UnprovenShare, Is.GreaterThan(0).And.LessThan(0.5));
            Assert.That(wrong.Verdict, Is.EqualTo(ProofVerdict.Different), "a difference elsewhere counts");
            Assert.That(wrong.CounterExample!.ToString(), Does.Not.Contain("vague"));
        }
    }

    [TestCase("namespaceSelector: \"env == 'x'\"", "appliedTo: [{podSelector: {}}]", TestName = "Verify_ANamespaceIsMissing_which_Calico_selects")]
    [TestCase("namespaceSelector: all()", "appliedTo: [{namespaceSelector: {matchLabels: {env: x}}}]", TestName = "Verify_ANamespaceIsMissing_which_Antrea_selects")]
    public void Verify_ANamespaceIsMissing(string calico, string antrea)
    {
        var cluster = PolicyCluster.Examples().Pod("lost", "p", "10.10.1.99")
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: p}}, spec: {{{calico}, types: [Ingress], ingress: [{{action: Allow}}]}}}}");
        var policy = YamlObjects.Read(
            $"{{apiVersion: crd.antrea.io/v1beta1, kind: ClusterNetworkPolicy, metadata: {{name: p}}, spec: {{priority: 1, tier: application, {antrea}, ingress: [{{name: a, action: Allow}}]}}}}");
        var proof = cluster.Verify(policy.Select(o => o.Json));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((proof.Verdict, proof.UnprovenShare), Is.EqualTo((ProofVerdict.NotProven, 1)), () => proof.ToString());
            Assert.That(proof.Reason, Does.Contain("Namespace/lost"));
        }
    }

    [Test]
    public void Verify_MoreKindsOfFuturePodsThanAreLookedAt_IsNotProven()
    {
        var cluster = PolicyCluster.Examples();
        for (var i = 0; i < 12; i++)
        {
            cluster.NetworkPolicy("shop", $"p{i}", $"{{selector: has(k{i}), types: [Ingress], ingress: [{{action: Allow, protocol: TCP, destination: {{ports: [{i + 1}]}}}}]}}");
        }

        var proof = PolicyVerifier.Verify(cluster.Snapshot, cluster.Convert(), cluster.Options);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((proof.Scope, proof.Verdict), Is.EqualTo((ProofScope.Future, ProofVerdict.NotProven)), () => proof.ToString());
            Assert.That(proof.Reason, Does.Contain("1 Namespaces: shop"));
            Assert.That(proof.UnprovenShare, Is.GreaterThan(0).And.LessThan(1));
        }
    }

    [Test]
    public void Verify_AntreaFieldOutsideTheModel_IsNotProvenByName()
    {
        var cluster = Cluster();
        var objects = cluster.Convert().Objects.ToList();
        Rule(objects, "calico-web", "ingress", 0)["l7Protocols"] = new JsonArray(new JsonObject { ["http"] = new JsonObject() });
        var proof = cluster.Verify(objects);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.NotProven));
            Assert.That(proof.Reason, Does.Contain("spec.ingress[0].l7Protocols"));
        }
    }

    [Test]
    public void Verify_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var cluster = Cluster();
        Assert.That(
            () => PolicyVerifier.Verify(cluster.Snapshot, cluster.Convert().Objects, cluster.Options, source.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    /// <summary>The object of a name, or of a kind and name.</summary>
    private static JsonObject Find(List<JsonObject> objects, string name) =>
        objects.Single(o => o["metadata"]!["name"]!.ToString() == name || $"{o["kind"]} {o["metadata"]!["name"]}" == name);

    private static JsonObject Spec(List<JsonObject> objects, string name) => Find(objects, name)["spec"]!.AsObject();

    private static JsonObject Rule(List<JsonObject> objects, string name, string direction, int index) =>
        Spec(objects, name)[direction]![index]!.AsObject();

    private static JsonObject Peer(List<JsonObject> objects, string name, int rule) => Rule(objects, name, "ingress", rule)["from"]![0]!.AsObject();

    private static JsonObject Port(List<JsonObject> objects) => Rule(objects, "calico-web", "ingress", 0)["ports"]![0]!.AsObject();

    private static JsonObject Block(List<JsonObject> objects, int rule) => Peer(objects, "calico-web", rule)["ipBlock"]!.AsObject();

    private static JsonObject Expression(List<JsonObject> objects, string name, string? op = null)
    {
        var expression = Peer(objects, name, 0)["podSelector"]!["matchExpressions"]![0]!.AsObject();
        expression["operator"] = op ?? expression["operator"]!.ToString();
        return expression;
    }

    private static JsonObject WithName(JsonObject original, string name, string tier, double priority)
    {
        var copy = original.DeepClone().AsObject();
        copy["metadata"]!["name"] = name;
        copy["spec"]!["tier"] = tier;
        copy["spec"]!["priority"] = priority;
        return copy;
    }

    private static void Remove(JsonObject json, params string[] fields)
    {
        foreach (var field in fields)
        {
            Assert.That(json.Remove(field), Is.True, field);
        }
    }
}
