using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Worked examples of Antrea's evaluation. Numbers are those of the fact sheet's examples.</summary>
public sealed class AntreaEvaluatorTests
{
    private const string Isolation =
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: k, namespace: shop}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}}";

    private static string Rule(string kind, string name, string tier, string subject, string rules) =>
        $"{{apiVersion: crd.antrea.io/v1beta1, kind: {kind}, metadata: {{name: {name}{(kind == "NetworkPolicy" ? ", namespace: shop" : "")}}}, "
        + $"spec: {{tier: {tier}, priority: 5, appliedTo: [{subject}], {rules}}}}}";

    private const string Db = "{podSelector: {matchLabels: {app: db}}}";
    private const string FromWeb = "from: [{podSelector: {matchLabels: {app: web}}}]";

    [TestCase(true, true, VerdictKind.Deny, "isolated")]
    [TestCase(false, true, VerdictKind.Deny, "baseline")]
    [TestCase(false, false, VerdictKind.Allow, "no rule matches")]
    public void Example1_Pass_GoesToKubernetesPoliciesThenBaseline(bool isolated, bool baseline, VerdictKind expected, string reason)
    {
        var verdict = Evaluate(
            isolated ? Isolation : null,
            "shop/web",
            "shop/db",
            Rule("NetworkPolicy", "p", "application", Db, $"ingress: [{{name: a, action: Pass, {FromWeb}}}]"),
            baseline ? Rule("ClusterNetworkPolicy", "b", "baseline", Db, "ingress: [{name: b, action: Drop}]") : null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Kind, Is.EqualTo(expected));
            Assert.That(verdict.Reasons[0], Does.Contain("NetworkPolicy shop/p rule a"));
            Assert.That(verdict.Reasons[^1], Does.Contain(reason));
        }
    }

    [TestCase("securityops", VerdictKind.Allow)]
    [TestCase("baseline", VerdictKind.Deny)]
    public void Example2_Allow_SkipsIsolationUnlessItIsBaseline(string tier, VerdictKind expected) => Assert.That(
        Evaluate(Isolation, "shop/web", "shop/db", Rule("ClusterNetworkPolicy", "p", tier, Db, $"ingress: [{{name: a, action: Allow, {FromWeb}}}]")).Kind,
        Is.EqualTo(expected));

    [Test]
    public void Example4_KubernetesRulesOutsideTheirTypes_StillIsolate()
    {
        const string policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: k, namespace: shop}, "
            + "spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: cron}}}]}], egress: [{}]}}";
        Assert.That(Evaluate(policy, "shop/web", "shop/db").Kind, Is.EqualTo(VerdictKind.Deny));
    }

    [TestCase("ClusterNetworkPolicy", VerdictKind.Deny)]
    [TestCase("NetworkPolicy", VerdictKind.Allow)]
    public void Example7_PodSelectorAlone_MeansAllNamespacesOrTheOwn(string kind, VerdictKind expected) => Assert.That(
        Evaluate(null, "dev/tool", "shop/db", Rule(kind, "p", "application", Db, $"ingress: [{{name: a, action: Drop, {FromWeb}}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("NetworkPolicy", "shop/web", VerdictKind.Deny)]
    [TestCase("NetworkPolicy", "203.0.113.7", VerdictKind.Allow)]
    [TestCase("ClusterNetworkPolicy", "shop/web", VerdictKind.Allow)]
    public void Example12_EmptyEntries_AreTheOwnNamespaceOrNothing(string kind, string source, VerdictKind expected) => Assert.That(
        Evaluate(null, source, "shop/db", Rule(kind, "p", "application", "{}", "ingress: [{name: a, action: Drop, from: [{}]}]")).Kind,
        Is.EqualTo(expected));

    [Test]
    public void Example13_EqualRankAndOtherAction_IsAmbiguous()
    {
        var verdict = Evaluate(
            null,
            "shop/web",
            "shop/db",
            Rule("ClusterNetworkPolicy", "a", "platform", Db, "ingress: [{name: a, action: Drop}]"),
            Rule("ClusterNetworkPolicy", "b", "platform", Db, "ingress: [{name: b, action: Allow}]"));
        Assert.That(verdict.Kind, Is.EqualTo(VerdictKind.Ambiguous));
    }

    [Test]
    public void Example14_IPBlock_MatchesPodsToo()
    {
        var cluster = PolicyCluster.Examples();
        var objects = YamlObjects.Read(Rule(
            "ClusterNetworkPolicy", "p", "application", "{podSelector: {}}", "egress: [{name: a, action: Drop, to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"));
        var verdict = PolicyEvaluators.ForAntrea(cluster.Snapshot, objects.Select(o => o.Json))
            .Evaluate(cluster.Flow("shop/web", "shop/db", 80), Direction.Egress);
        Assert.That(verdict.Kind, Is.EqualTo(VerdictKind.Deny));
    }

    [Test]
    public void SctpSourcePort_IsNotLookedAt()
    {
        var cluster = PolicyCluster.Examples();
        var objects = YamlObjects.Read(Rule(
            "ClusterNetworkPolicy", "p", "application", "{podSelector: {}}", "ingress: [{name: a, action: Drop, ports: [{protocol: SCTP, sourcePort: 7}]}]"));
        var verdict = PolicyEvaluators.ForAntrea(cluster.Snapshot, objects.Select(o => o.Json))
            .Evaluate(cluster.Flow("shop/web", "shop/db", 80, IPProtocol.Sctp), Direction.Ingress);
        Assert.That(verdict.Kind, Is.EqualTo(VerdictKind.Deny));
    }

    [Test]
    public void ForAntrea_ObjectOfAnotherKind_IsRefused() => Assert.That(
        () => PolicyEvaluators.ForAntrea(PolicyCluster.Examples().Snapshot, YamlObjects.Read(Isolation).Select(o => o.Json)),
        Throws.TypeOf<FormatException>().With.Message.Contains("NetworkPolicy/shop/k"));

    private static Verdict Evaluate(string? kubernetes, string from, string to, params string?[] antrea)
    {
        var cluster = PolicyCluster.Examples();
        if (kubernetes is not null)
        {
            cluster.Add(kubernetes);
        }

        var objects = antrea.OfType<string>().SelectMany(YamlObjects.Read).Select(o => o.Json);
        return PolicyEvaluators.ForAntrea(cluster.Snapshot, objects).Evaluate(cluster.Flow(from, to, 80), Direction.Ingress);
    }
}
