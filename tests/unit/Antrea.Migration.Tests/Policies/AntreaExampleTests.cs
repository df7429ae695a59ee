using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;
using static Antrea.Migration.Tests.Policies.AntreaLab;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Worked examples of what Antrea decides, under the numbers they have in the project's notes on Antrea.</summary>
/// <remarks>Not here: the part of 14 about established connections, for a flow is its first packet. All Pods are on Node n1; what is said of another
/// Node's packets is asked of the tables alone.</remarks>
public sealed class AntreaExampleTests
{
    private const string Db = "appliedTo: [{podSelector: {matchLabels: {app: db}}}]";
    private const string FromWeb = "from: [{podSelector: {matchLabels: {app: web}}}]";
    private const string WebToDb = "shop/web > shop/db TCP 80";

    private static readonly string Isolated = Kubernetes("shop", "k", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}");

    [TestCase(true, true, "tier application / NetworkPolicy shop/p ingress rule a → Pass → Kubernetes NetworkPolicies: cron-only isolates → Deny")]
    [TestCase(false, true, "tier application / NetworkPolicy shop/p ingress rule a → Pass → tier baseline / ClusterNetworkPolicy b ingress rule b → Deny")]
    [TestCase(false, false, "tier application / NetworkPolicy shop/p ingress rule a → Pass → no rule matches → Allow")]
    public void Example1_Pass_GoesToKubernetesPoliciesAndThenToBaseline(bool isolated, bool baseline, string expected)
    {
        List<string> objects = [Shop("p", $"{Db}, ingress: [{{name: a, action: Pass, {FromWeb}}}]")];
        if (isolated)
        {
            objects.Add(Kubernetes("shop", "cron-only", "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: cron}}}]}]}"));
        }

        if (baseline)
        {
            objects.Add(Cluster("b", $"tier: baseline, {Db}, ingress: [{{name: b, action: Drop}}]"));
        }

        Assert.That(
            Judge(WebToDb, Direction.Ingress, objects).ToString().Replace("shop/cron-only", "cron-only", StringComparison.Ordinal),
            Is.EqualTo(expected));
    }

    [TestCase("securityops", VerdictKind.Allow)]
    [TestCase("baseline", VerdictKind.Deny)]
    public void Example2_Allow_SkipsIsolationUnlessItIsBaseline(string tier, VerdictKind expected) => Assert.That(
        Judge(WebToDb, Direction.Ingress, Isolated, Cluster("p", $"tier: {tier}, priority: 1, {Db}, ingress: [{{name: a, action: Allow, {FromWeb}}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase(Direction.Ingress, VerdictKind.Allow)]
    [TestCase(Direction.Egress, VerdictKind.Deny)]
    public void Example3_EgressIsolation_HoldsBesideAnIngressAllow(Direction direction, VerdictKind expected) => Assert.That(
        Judge(
            WebToDb,
            direction,
            Kubernetes("shop", "k", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: []}"),
            Cluster("p", $"tier: securityops, {Db}, ingress: [{{name: a, action: Allow, {FromWeb}}}]")).Kind,
        Is.EqualTo(expected));

    [Test]
    public void Example4_KubernetesRulesOutsideTheirTypes_StillIsolate() => Assert.That(
        Judge(
            WebToDb,
            Direction.Ingress,
            Kubernetes("shop", "k", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: cron}}}]}], egress: [{}]}")).Kind,
        Is.EqualTo(VerdictKind.Deny));

    [TestCase("nodeSelector: {matchLabels: {zone: z1}}", "172.18.0.2", VerdictKind.Allow)]
    [TestCase("nodeSelector: {matchLabels: {zone: z1}}", "10.10.0.1", VerdictKind.Allow, TestName = "Example5_the_gateway_of_the_Node")]
    [TestCase("nodeSelector: {matchLabels: {zone: z2}}", "172.18.0.2", VerdictKind.Deny)]
    [TestCase("podSelector: {}", "172.18.0.2", VerdictKind.Deny)]
    public void Example5_AnotherNodesProbe_PassesByNodeSelectorOnly(string peer, string source, VerdictKind expected) => Assert.That(
        Judge(
            $"{source} > shop/db TCP 80",
            Direction.Ingress,
            Isolated,
            Cluster("allow", $"priority: 1, {Db}, ingress: [{{name: a, action: Allow, from: [{{{peer}}}]}}]"),
            Cluster("drop", $"priority: 2, {Db}, ingress: [{{name: b, action: Drop}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("172.18.0.2", VerdictKind.Allow)]
    [TestCase("10.10.0.1", VerdictKind.Allow, TestName = "Example5_from_the_gateway")]
    [TestCase("172.18.0.3", VerdictKind.Deny)]
    [TestCase("shop/web", VerdictKind.Deny)]
    public void Example5_TheKubeletOfTheOwnNode_PassesDropAndIsolation(string source, VerdictKind expected) => Assert.That(
        JudgeOnNode("v2.7.0", $"{source} > shop/db TCP 80", Direction.Ingress, Isolated, Cluster("drop", $"{Db}, ingress: [{{name: b, action: Drop}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("v2.7.0", "shop/db", Direction.Ingress, VerdictKind.Allow)]
    [TestCase("v1.14.1", "shop/db", Direction.Ingress, VerdictKind.Allow)]
    [TestCase("v1.14.0", "shop/db", Direction.Ingress, VerdictKind.Deny)]
    [TestCase("v2.7.0", "shop/web", Direction.Ingress, VerdictKind.Deny, TestName = "Example15_another_endpoint_was_chosen")]
    [TestCase("v2.7.0", "shop/db", Direction.Egress, VerdictKind.Allow)]
    public void Example15_Hairpin_MeetsNoIngressRule(string version, string source, Direction direction, VerdictKind expected) => Assert.That(
        JudgeOnNode(version, $"{source} > shop/db TCP 80", direction, Cluster("drop", $"{Db}, ingress: [{{name: b, action: Drop}}]")).Kind,
        Is.EqualTo(expected));

    [Test]
    public void Example15_Hairpin_MeetsEgressRules() => Assert.That(
        JudgeOnNode(
            "v2.7.0",
            "shop/db > shop/db TCP 80",
            Direction.Egress,
            Cluster("drop", $"{Db}, egress: [{{name: b, action: Drop, to: [{{podSelector: {{matchLabels: {{app: db}}}}}}]}}]")).Kind,
        Is.EqualTo(VerdictKind.Deny));

    [Test]
    public void Example15_HairpinBefore1_14_1_ComesFromTheGateway() => Assert.That(
        JudgeOnNode(
            "v1.14.0",
            "shop/db > shop/db TCP 80",
            Direction.Ingress,
            Cluster("p", $"{Db}, ingress: [{{name: a, action: Allow, from: [{{ipBlock: {{cidr: 10.10.0.1/32}}}}]}}, {{name: b, action: Drop}}]")).Kind,
        Is.EqualTo(VerdictKind.Allow));

    [TestCase("to: [{ipBlock: {cidr: 10.96.0.10/32}}], ports: [{protocol: UDP, port: 53}]", "shop/web > ops/cron UDP 53", VerdictKind.Deny)]
    [TestCase("to: [{ipBlock: {cidr: 10.10.1.40/32}}], ports: [{protocol: UDP, port: 53}]", "shop/web > ops/cron UDP 53", VerdictKind.Allow)]
    [TestCase("ports: [{port: 443}]", "shop/web > ops/cron TCP 8443", VerdictKind.Deny)]
    public void Example6_Services_AreSeenAsTheirEndpoints(string match, string flow, VerdictKind expected) => Assert.That(
        Judge(
            flow,
            Direction.Egress,
            Cluster("p", $"appliedTo: [{{podSelector: {{matchLabels: {{app: web}}}}}}], egress: [{{name: a, action: Allow, {match}}}, {{name: b, action: Drop}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase(true, VerdictKind.Deny)]
    [TestCase(false, VerdictKind.Allow)]
    public void Example7_PodSelectorAlone_MeansAllNamespacesOrTheOwn(bool isCluster, VerdictKind expected)
    {
        var spec = $"{Db}, ingress: [{{name: a, action: Drop, {FromWeb}}}]";
        Assert.That(
            Judge("dev/tool > shop/db TCP 80", Direction.Ingress, isCluster ? Cluster("p", spec) : Shop("p", spec)).Kind,
            Is.EqualTo(expected));
    }

    [Test]
    public void Example8_Self_WithTwoEntries_IsRefusedSince2()
    {
        var policy = Cluster(
            "p",
            "appliedTo: [{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: db}}}], "
            + "ingress: [{name: a, action: Allow, from: [{namespaces: {match: Self}}]}, {name: b, action: Drop}]");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(JudgeBy("v1.14.0", "shop/db > shop/web TCP 80", Direction.Ingress, policy).Kind, Is.EqualTo(VerdictKind.Allow));
            Assert.That(JudgeBy("v1.14.0", "shop/web > shop/db TCP 80", Direction.Ingress, policy).Kind, Is.EqualTo(VerdictKind.Allow));
            Assert.That(JudgeBy("v1.14.0", "dev/tool > shop/db TCP 80", Direction.Ingress, policy).Kind, Is.EqualTo(VerdictKind.Deny));
            Assert.That(
                () => JudgeBy("v2.0.0", "shop/db > shop/web TCP 80", Direction.Ingress, policy),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains("ClusterNetworkPolicy p spec.ingress[0].from"));
        }
    }

    [TestCase("dev/tool > shop/db TCP 80", VerdictKind.Allow)]
    [TestCase("shop/web > shop/db TCP 80", VerdictKind.Allow)]
    [TestCase("ops/cron > shop/db TCP 80", VerdictKind.Deny)]
    [TestCase("shop/web > ops/cron TCP 80", VerdictKind.Deny)]
    [TestCase("ops/cron > ops/cron TCP 80", VerdictKind.Deny)]
    public void Example9_SameLabels_GivesANamespaceWithoutTheLabelNothing(string flow, VerdictKind expected) => Assert.That(
        Judge(
            flow,
            Direction.Ingress,
            Cluster("p", "appliedTo: [{namespaceSelector: {}}], ingress: [{name: a, action: Pass, from: [{namespaces: {sameLabels: [team]}}]}, {name: b, action: Drop}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("shop/web > 203.0.113.7 ICMP 8/0", VerdictKind.Allow)]
    [TestCase("shop/web > 203.0.113.7 ICMP 13/0", VerdictKind.Deny)]
    [TestCase("shop/six > 2001:db8::7 ICMPv6 128/0", VerdictKind.Deny)]
    [TestCase("shop/six > 2001:db8::7 ICMPv6 8/0", VerdictKind.Allow)]
    [TestCase("shop/six > 2001:db8::7 TCP 80", VerdictKind.Allow)]
    public void Example10_IcmpNumbers_CountForBothFamilies(string flow, VerdictKind expected) => Assert.That(
        Judge(
            flow,
            Direction.Egress,
            Cluster("p", "appliedTo: [{namespaceSelector: {}}], egress: [{name: a, action: Allow, protocols: [{icmp: {icmpType: 8}}]}, {name: b, action: Drop, protocols: [{icmp: {}}]}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("appliedTo: [{namespaceSelector: {}}], ingress: [{name: a, action: Drop, from: [{group: ghost}]}]")]
    [TestCase("appliedTo: [{group: ghost}], ingress: [{name: a, action: Drop}]")]
    public void Example11_MissingGroup_IsNobody(string spec) =>
        Assert.That(Judge(WebToDb, Direction.Ingress, Cluster("p", spec)).Kind, Is.EqualTo(VerdictKind.Allow));

    [TestCase(false, "shop/web > shop/db TCP 80", VerdictKind.Deny)]
    [TestCase(false, "dev/tool > shop/db TCP 80", VerdictKind.Allow)]
    [TestCase(false, "203.0.113.7 > shop/db TCP 80", VerdictKind.Allow)]
    [TestCase(true, "shop/web > shop/db TCP 80", VerdictKind.Allow)]
    public void Example12_EmptyEntries_AreTheOwnNamespaceOrNothing(bool isCluster, string flow, VerdictKind expected)
    {
        const string spec = "appliedTo: [{}], ingress: [{name: a, action: Drop, from: [{}]}]";
        Assert.That(Judge(flow, Direction.Ingress, isCluster ? Cluster("p", spec) : Shop("p", spec)).Kind, Is.EqualTo(expected));
    }

    [Test]
    public void Example13_EqualRankAndOtherAction_IsAmbiguous()
    {
        var verdict = Judge(
            WebToDb,
            Direction.Ingress,
            Cluster("a", $"tier: platform, priority: 10, {Db}, ingress: [{{name: a, action: Drop, from: [{{podSelector: {{matchLabels: {{role: dev}}}}}}]}}]"),
            Cluster("b", $"tier: platform, priority: 10, {Db}, ingress: [{{name: b, action: Allow, {FromWeb}}}]"));
        Assert.That(verdict.ToString(), Is.EqualTo(
            "equal rank: tier platform / ClusterNetworkPolicy a ingress rule a (Drop) and tier platform / ClusterNetworkPolicy b ingress rule b (Allow) → Ambiguous"));
    }

    [Test]
    public void Example14_IPBlock_MatchesPodsToo() => Assert.That(
        Judge(WebToDb, Direction.Egress, Cluster("p", "appliedTo: [{podSelector: {}}], egress: [{name: a, action: Drop, to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")).Kind,
        Is.EqualTo(VerdictKind.Deny));

    [TestCase("shop/web > ops/cron TCP 9090", VerdictKind.Allow)]
    [TestCase("ops/cron > shop/db TCP 9090", VerdictKind.Deny)]
    [TestCase("ops/cron > shop/db TCP 9091", VerdictKind.Allow)]
    [TestCase("ops/cron > shop/db TCP 80", VerdictKind.Allow)]
    public void Example16_PortName_IsThatOfTheReceivingPod(string flow, VerdictKind expected) => Assert.That(
        Judge(flow, Direction.Ingress, Cluster("p", "appliedTo: [{namespaceSelector: {}}], ingress: [{name: a, action: Drop, ports: [{port: metrics}]}]")).Kind,
        Is.EqualTo(expected));
}
