using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Converters that read a policy wrongly, made by converting a cluster with one thing read differently: a flow of the right cluster shows each.</summary>
/// <remarks>Wrong outputs of a right reading are in <see cref="PolicyVerifierTests"/>.</remarks>
public sealed class MisconversionTests
{
    private const string Policies = """
        {apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 100, defaultAction: Deny}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: late}, spec: {order: 2000000, defaultAction: Pass}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: { name: guard }
        spec:
          tier: sec
          order: 1
          namespaceSelector: env == 'prod'
          types: [Ingress]
          ingress:
            - { action: Log, protocol: TCP }
            - { action: Deny, source: { selector: "app == 'web' && role == 'bad'" } }
            - { action: Pass, source: { selector: "role not in {'bad', 'odd'}" } }
            - { action: Allow, protocol: SCTP }
            - { action: Pass, protocol: UDP, source: { nets: [192.0.2.0/24], notNets: [192.0.2.128/25] } }
            - { action: Pass, protocol: TCP, source: { nets: [198.51.100.0/24] } }
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          order: 10
          selector: app == 'web'
          types: [Ingress]
          ingress:
            - { action: Allow, protocol: TCP, source: { selector: "has(app)", ports: ["1000:2000"] }, destination: { ports: ["80:90"] } }
            - { action: Allow, protocol: TCP, source: { namespaceSelector: env == 'dev' }, destination: { notPorts: [22] } }
            - { action: Allow, protocol: UDP, destination: { ports: [53] } }
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: { name: strict, namespace: shop }
        spec:
          order: 20
          selector: app == 'web' && !has(role)
          types: [Ingress]
          ingress:
            - { action: Deny, protocol: TCP, source: { selector: "app == 'db'" } }
            - { action: Deny, protocol: TCP, source: { nets: [198.51.100.0/25] } }
            - { action: Allow, protocol: TCP, source: { nets: [198.51.100.0/24] }, destination: { ports: [443] } }
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: { name: out }
        spec:
          order: 5
          selector: app in {'web', 'db'}
          types: [Egress]
          egress:
            - { action: Allow, protocol: TCP, destination: { selector: "app == 'db' || role == 'bad'" } }
            - { action: Allow, protocol: UDP, destination: { ports: [53] } }
        """;

    private static IEnumerable<TestCaseData> Misreadings()
    {
        yield return Case("Log read as Pass", "action: Log", "action: Pass");
        yield return Case("Log read as Allow", "action: Log", "action: Allow");
        yield return Case("Log read as Deny", "action: Log", "action: Deny");
        yield return Case("Pass read as Allow", "action: Pass, source", "action: Allow, source");
        yield return Case("Pass read as Deny", "action: Pass, source", "action: Deny, source");
        yield return Case("Pass read as Log", "action: Pass, source", "action: Log, source");
        yield return Case("Deny read as Pass", "action: Deny, protocol: TCP, source: { nets", "action: Pass, protocol: TCP, source: { nets");
        yield return Case("AND of labels read as OR", "app == 'web' && role == 'bad'", "app == 'web' || role == 'bad'");
        yield return Case("OR of labels read as AND", "app == 'db' || role == 'bad'", "app == 'db' && role == 'bad'");
        yield return Case("second half of an AND lost", "app == 'web' && !has(role)", "app == 'web'");
        yield return Case("not lost", "&& !has(role)", "&& has(role)");
        yield return Case("NotIn read as In", "role not in {", "role in {");
        yield return Case("NotIn read as Exists", "role not in {'bad', 'odd'}", "has(role)");
        yield return Case("NotIn that asks for the label", "role not in {'bad', 'odd'}", "has(role) && role not in {'bad', 'odd'}");
        yield return Case("one value of NotIn lost", "role not in {'bad', 'odd'}", "role not in {'bad'}");
        yield return Case("one value of In lost", "app in {'web', 'db'}", "app in {'web'}");
        yield return Case("has read as all", "has(app)", "all()");
        yield return Case("notNets lost", ", notNets: [192.0.2.128/25]", "");
        yield return Case("notNets read as nets", ", notNets: [192.0.2.128/25]", ", nets: [192.0.2.128/25]", "nets: [192.0.2.0/24], nets", "nets");
        yield return Case("notPorts lost", "{ notPorts: [22] }", "{}");
        yield return Case("notPorts read as ports", "notPorts", "ports");
        yield return Case("source ports read as destination ports", "ports: [\"1000:2000\"] }, destination: { ports: [\"80:90\"] }", "}, destination: { ports: [\"1000:2000\"] }", "\"has(app)\", }", "\"has(app)\" }");
        yield return Case("source ports lost", ", ports: [\"1000:2000\"]", "");
        yield return Case("last port of a range lost", "80:90", "80:89");
        yield return Case("namespaceSelector of a rule lost", "source: { namespaceSelector: env == 'dev' }", "source: { selector: all() }");
        yield return Case("namespaceSelector of a rule read as anybody", "source: { namespaceSelector: env == 'dev' }, ", "");
        yield return Case("namespaceSelector of a policy lost", "  namespaceSelector: env == 'prod'\n", "  selector: all()\n");
        yield return Case("protocol lost", "protocol: SCTP", "protocol: UDP");
        yield return Case("protocol read as any", "action: Allow, protocol: SCTP", "action: Allow");
        yield return Case("end of a tier lost", "order: 100, defaultAction: Deny", "order: 100, defaultAction: Pass");
        yield return Case("tiers in another order", "order: 100,", "order: 3000000,");
        yield return Case("policies in another order", "order: 10\n", "order: 30\n");
        yield return Case("rules in another order", "order: 20\n", "order: 20\n", "nets: [198.51.100.0/25] } }", "nets: [198.51.100.0/26] } }");
        yield return Case("types without Egress", "types: [Egress]", "types: [Ingress]");
        yield return Case("types with Egress too", "env == 'prod'\n  types: [Ingress]", "env == 'prod'\n  types: [Ingress, Egress]");
        yield return Case("policy in another tier", "tier: sec", "tier: late");
        yield return Case("network widened", "192.0.2.0/24", "192.0.0.0/22");
        yield return Case("network narrowed", "198.51.100.0/24] }, destination", "198.51.100.0/26] }, destination");
        yield return Case("global policy read as one of a Namespace", "metadata: { name: out }", "metadata: { name: out, namespace: shop }", "kind: GlobalNetworkPolicy\nmetadata: { name: out,", "kind: NetworkPolicy\nmetadata: { name: out,");

        static TestCaseData Case(string name, params string[] changes) => new TestCaseData([(object)changes]).SetArgDisplayNames(name);
    }

    [Test]
    public void Right_reading_is_equal()
    {
        var cluster = Cluster(Policies);
        var conversion = cluster.Convert();
        var proof = PolicyVerifier.Verify(cluster.Snapshot, conversion, cluster.Options);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.HasRefusals, Is.False, () => string.Join('\n', conversion.Findings));
            Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Equal), () => proof.CounterExample?.ToString() ?? proof.Reason!);
        }
    }

    [TestCaseSource(nameof(Misreadings))]
    public void Misread_policy_is_shown_by_a_flow(string[] changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var misread = Policies;
        for (var i = 0; i < changes.Length; i += 2)
        {
            misread = misread.Replace(changes[i], changes[i + 1], StringComparison.Ordinal);
        }

        Assert.That(misread, Is.Not.EqualTo(Policies), "the text to change is not there");
        var conversion = Cluster(misread).Convert();
        Assert.That(conversion.HasRefusals, Is.False, () => string.Join('\n', conversion.Findings));
        var proof = Cluster(Policies).Verify(conversion.Objects);
        Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Different), () => proof.ToString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(proof.Reason, Is.Null);
            Assert.That(proof.CounterExample!.Calico.Kind, Is.Not.EqualTo(proof.CounterExample.Antrea.Kind));
        }
    }

    [Test]
    public void Allow_written_as_Antrea_Pass_is_shown_where_a_Kubernetes_policy_isolates()
    {
        var cluster = PolicyCluster.Examples("v3.32.0")
            .NetworkPolicy("dev", "first", "{order: 1, selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}")
            .Add("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: dev}, spec: {podSelector: {}, policyTypes: [Ingress]}}");
        var objects = cluster.Convert().Objects.ToList();
        Assert.That(cluster.Verify(objects).Verdict, Is.EqualTo(ProofVerdict.Equal));
        foreach (var rule in objects.SelectMany(o => o["spec"]!["ingress"]?.AsArray() ?? []).Where(r => r!["action"]!.ToString() == "Allow"))
        {
            rule!["action"] = "Pass";
        }

        var proof = cluster.Verify(objects);
        Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Different), () => proof.ToString());
        Assert.That(proof.CounterExample!.Traffic.DestinationPort, Is.EqualTo(80));
    }

    private static PolicyCluster Cluster(string policies) => PolicyCluster.Examples("v3.32.0")
        .Pod("shop", "bad", "10.10.1.40", ("app", "web"), ("role", "bad"))
        .Pod("shop", "odd", "10.10.1.45", ("app", "db"), ("role", "odd"))
        .Pod("shop", "good", "10.10.1.50", ("app", "db"), ("role", "good"))
        .Pod("shop", "plain", "10.10.1.55")
        .Pod("dev", "db", "10.10.1.60", ("app", "db"))
        .Pod("dev", "bare", "10.10.1.70")
        .Add(policies);
}
