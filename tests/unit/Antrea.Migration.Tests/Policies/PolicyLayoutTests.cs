using Antrea.Migration.Findings;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Where policies end up: tiers, what ends them, Pass and Log, Kubernetes policies. Numbers are those of the fact sheet's examples.</summary>
public sealed class PolicyLayoutTests
{
    private const string Outside = "203.0.113.7";

    [Test]
    public void Example5_PassForSomePorts_LeavesTheTierAndOnlyThat()
    {
        var cluster = Tiers(("platform", "{order: 100}"))
            .Add(Global("dns", "platform", "{namespaceSelector: \"env == 'prod'\", types: [Egress], egress: [{action: Pass, protocol: UDP, destination: {ports: [53]}}]}"))
            .NetworkPolicy("shop", "allow", "{types: [Egress], egress: [{action: Allow, destination: {nets: [203.0.113.0/24]}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Egress(cluster, "shop/web", Outside, 443, IPProtocol.Tcp), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Egress(cluster, "shop/web", Outside, 53, IPProtocol.Udp), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Egress(cluster, "shop/web", "8.8.8.8", 53, IPProtocol.Udp), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Egress(cluster, "dev/tool", "8.8.8.8", 443, IPProtocol.Tcp), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/web", 8080), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [Test]
    public void Example6_KubernetesPolicyBeforeALaterOne_IsNoStageOfItsOwn()
    {
        var late = PolicyCluster.Examples()
            .Add(Kubernetes("deny", "{podSelector: {}, policyTypes: [Ingress]}"))
            .NetworkPolicy("shop", "late", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: \"env == 'dev'\"}}]}");
        var first = PolicyCluster.Examples()
            .Add(Kubernetes("open", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{}]}"))
            .NetworkPolicy("shop", "late", "{types: [Ingress], ingress: [{action: Deny}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(late, "dev/tool", "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(late, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(late, Outside, "shop/db", 80), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(first, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(first, Outside, "shop/db", 80), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void Example6_PolicyOfLowOrder_ComesBeforeTheKubernetesPolicy()
    {
        var cluster = PolicyCluster.Examples()
            .Add(Kubernetes("open", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}"))
            .NetworkPolicy("shop", "early", "{order: 10, types: [Ingress], ingress: [{action: Deny, source: {namespaceSelector: \"env == 'dev'\"}}]}");
        var conversion = cluster.Convert();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(cluster, "dev/tool", "shop/web", 80), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/web", 81), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Names(conversion), Is.EqualTo(new[] { "calicoknp-open 2", "calico-early 1", "calicoend-default 3" }));
            Assert.That(conversion.Policies.Select(p => (p.Kind, p.Fidelity)), Is.EqualTo(new[]
            {
                ("KubernetesNetworkPolicy", Fidelity.Snapshot), ("NetworkPolicy", Fidelity.Exact),
            }));
        }
    }

    [Test]
    public void KubernetesPolicies_OfOnePod_AreCompiledTogetherAndPerDirection()
    {
        var cluster = PolicyCluster.Examples()
            .Add(Kubernetes("a", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 80}]}], egress: [{}]}"))
            .Add(Kubernetes("b", "{podSelector: {}, policyTypes: [Ingress]}"))
            .Add(Kubernetes("c", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{ports: [{port: 5432}]}]}"))
            .NetworkPolicy("shop", "p", "{selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, protocol: UDP}]}");
        var conversion = cluster.Convert();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.Policies.Where(p => p.Kind == "KubernetesNetworkPolicy").Select(p => p.Findings.Single().Path), Has.All.EqualTo("spec.ingress"));
            Assert.That(Ingress(cluster, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/web", 81), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/db", 5432), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Egress(cluster, "shop/web", Outside, 80, IPProtocol.Tcp), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [Test]
    public void Example14_PassInTierDefault_EndsInAllowAndNotInTheKubernetesPolicy()
    {
        var cluster = PolicyCluster.Examples()
            .Add(Kubernetes("deny", "{podSelector: {}, policyTypes: [Ingress]}"))
            .NetworkPolicy("shop", "a", "{order: 1, types: [Ingress], ingress: [{action: Pass}]}")
            .NetworkPolicy("shop", "b", "{order: 2, types: [Ingress], ingress: [{action: Deny}]}");
        Assert.That(Ingress(cluster, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
    }

    [Test]
    public void Example15_UntrackedPolicy_DoesNothingToPods()
    {
        var cluster = PolicyCluster.Examples().GlobalPolicy(
            "g", "{selector: all(), doNotTrack: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Convert().Objects, Is.Empty);
            Assert.That(Ingress(cluster, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [Test]
    public void Example20_Log_IsTransparent()
    {
        var cluster = PolicyCluster.Examples().GlobalPolicy(
            "g", "{types: [Ingress], ingress: [{action: Log, protocol: TCP}, {action: Deny, protocol: TCP}, {action: Allow}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(cluster, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80, IPProtocol.Udp), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [Test]
    public void PassOfEverything_TakesThePodsOutOfTheTierAndItsEnd()
    {
        var cluster = Tiers(("sec", "{order: 1}"))
            .Add(Global("prod", "sec", "{order: 1, namespaceSelector: \"env == 'prod'\", types: [Ingress], ingress: [{action: Deny, source: {nets: [198.51.100.0/24]}}, {action: Pass}]}"))
            .Add(Global("all", "sec", "{order: 2, types: [Ingress], ingress: [{action: Deny, protocol: UDP}, {action: Allow, protocol: TCP}]}"))
            .NetworkPolicy("shop", "p", "{selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, protocol: UDP}]}");
        var udp = IPProtocol.Udp;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Convert().Policies.Select(p => p.Fidelity), Has.All.EqualTo(Fidelity.Exact));
            Assert.That(Ingress(cluster, "198.51.100.7", "shop/web", 80), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80, udp), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/db", 80, udp), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/db", 80), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "dev/tool", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "dev/tool", 80, udp), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void PassThroughSeveralTiers_IsFollowedToTheEnd()
    {
        var cluster = Tiers(("a", "{order: 1}"), ("b", "{order: 2}"), ("z", "{order: 2000000}"))
            .Add(Global("a", "a", "{types: [Ingress], ingress: [{action: Pass, protocol: TCP}]}"))
            .Add(Global("b", "b", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Deny, source: {selector: \"app == 'db'\"}}, {action: Pass, protocol: TCP, destination: {ports: [\"80:90\"]}}]}"))
            .NetworkPolicy("shop", "p", "{types: [Ingress], ingress: [{action: Pass, protocol: TCP, destination: {ports: [\"85:100\"]}}]}")
            .Add(Global("z", "z", "{types: [Ingress], ingress: [{action: Deny, source: {nets: [198.51.100.0/24]}}, {action: Allow}]}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(cluster, "shop/db", "shop/web", 86), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/web", 86), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, "198.51.100.7", "shop/web", 86), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/web", 95), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/db", 95), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "dev/tool", 86), Is.EqualTo(VerdictKind.Allow));
            var rules = cluster.Convert().Policies.Single(p => p.Name == "a").Objects.Single()["spec"]!["ingress"]!.AsArray().Select(r => r!["name"]!.ToString());
            Assert.That(rules, Has.Some.EqualTo("ingress-1.pass.b.b.ingress-1").And.Some.EqualTo("ingress-1.pass.b.b.ingress-2.pass.default.shop.p.ingress-1.pass.z.z.ingress-2"));
            Assert.That(rules, Is.Unique);
        }
    }

    [Test]
    public void Pass_BeforeNativeKubernetesPolicies_IsAntreasPassAndLeavesThemNative()
    {
        var cluster = Tiers(("sec", "{order: 1}"))
            .Add(Global("g", "sec", "{types: [Ingress], ingress: [{action: Pass, protocol: TCP}]}"))
            .Add(Kubernetes("k", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Convert().Policies.Select(p => p.Fidelity), Has.All.EqualTo(Fidelity.Exact));
            Assert.That(Ingress(cluster, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/web", 81), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/db", 81), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/db", 81, IPProtocol.Udp), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void Pass_BeforeNativeAndCompiledKubernetesPolicies_AsksOnlyTheNativeOnes()
    {
        var cluster = Tiers(("sec", "{order: 1}"))
            .Add(Global("g", "sec", "{types: [Ingress], ingress: [{action: Pass, protocol: TCP}]}"))
            .Add(Kubernetes("web", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}"))
            .Add(Kubernetes("db", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{ports: [{port: 5432}]}]}"))
            .NetworkPolicy("shop", "p", "{selector: \"app == 'db'\", order: 1, types: [Ingress], ingress: [{action: Pass, source: {nets: [198.51.100.0/24]}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(cluster, Outside, "shop/web", 81), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, "198.51.100.7", "shop/db", 81), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/db", 81), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "shop/db", 5432), Is.EqualTo(VerdictKind.Allow));
            Assert.That(
                cluster.Convert().Policies.Single(p => p.Name == "g").Findings.Select(f => f.Code),
                Is.EqualTo(new[] { "pass-inlined", "kubernetes-policy-compiled" }));
        }
    }

    [Test]
    public void PassOfEverythingBehindKubernetesPolicies_StaysOpenBehindTheLastTier()
    {
        var cluster = Tiers(("z", "{order: 2000000, defaultAction: Pass}"))
            .Add(Kubernetes("k", "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}"))
            .NetworkPolicy("shop", "p", "{types: [Ingress], ingress: [{action: Pass}]}")
            .Add(Global("z", "z", "{types: [Ingress], ingress: [{action: Deny, protocol: UDP}]}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(cluster, Outside, "shop/web", 81), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 81, IPProtocol.Udp), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void TierDefaultThatEndsInPass_MakesKubernetesPoliciesIsolateNobody()
    {
        var cluster = Tiers(("default", "{order: 1000000, defaultAction: Pass}"))
            .Add(Kubernetes("k", "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}"))
            .GlobalPolicy("g", "{selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Deny, protocol: TCP, destination: {ports: [80, 81]}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(cluster, Outside, "shop/web", 81), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/db", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/db", 81), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void KubernetesRulesOutsidePolicyTypes_AreKeptFromAntrea()
    {
        var cluster = PolicyCluster.Examples()
            .Add(Kubernetes("odd", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], ingress: [{ports: [{port: 80}]}], egress: [{}]}"))
            .Add(Kubernetes("plain", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ingress(cluster, Outside, "shop/web", 81), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, Outside, "shop/db", 81), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.Convert().Policies.Select(p => p.Fidelity), Is.EqualTo(new[] { Fidelity.Snapshot, Fidelity.Exact }));
        }
    }

    [Test]
    public void SubjectByNamespaceLabels_BecomesAPolicyOfTheClusterBoundToTheNamespace()
    {
        var cluster = PolicyCluster.Examples().NetworkPolicy(
            "shop", "p", "{selector: \"pcns.env == 'prod' && app == 'web'\", types: [Ingress], ingress: [{action: Allow, source: {selector: \"app == 'db'\"}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Convert().Policies.Single().Objects.Single()["kind"]!.ToString(), Is.EqualTo("ClusterNetworkPolicy"));
            Assert.That(Ingress(cluster, "shop/db", "shop/web", 80), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Ingress(cluster, "dev/tool", "shop/web", 80), Is.EqualTo(VerdictKind.Deny));
            Assert.That(Ingress(cluster, Outside, "dev/tool", 80), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [Test]
    public void Ends_HoldForTheGovernedPodsAndDirectionsAlone()
    {
        var cluster = PolicyCluster.Examples()
            .NetworkPolicy("shop", "in", "{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}")
            .NetworkPolicy("shop", "out", "{selector: \"app == 'db'\", types: [Egress], egress: [{action: Allow, protocol: TCP}]}");
        var udp = IPProtocol.Udp;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Names(cluster.Convert()), Is.EqualTo(new[] { "calico-in 1", "calico-out 2", "calicoend-default 3" }));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80, udp), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/db", 80, udp), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Egress(cluster, "shop/web", Outside, 80, udp), Is.EqualTo(VerdictKind.Allow));
            Assert.That(Egress(cluster, "shop/db", Outside, 80, udp), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void MoreTiersThanAntreaTakes_KeepTheirOrderInOne()
    {
        var cluster = Tiers([.. Enumerable.Range(10, 16).Select(i => ($"t{i}", $"{{order: {i}, defaultAction: Pass}}"))]);
        for (var i = 10; i < 26; i++)
        {
            cluster.Add(Global($"p{i}", $"t{i}", $"{{types: [Ingress], ingress: [{{action: {(i % 2 == 0 ? "Allow" : "Deny")}, protocol: TCP, destination: {{ports: [\"{35 - i}:100\"]}}}}]}}"));
        }

        var conversion = cluster.Convert();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.Tiers.Single()["metadata"]!["name"]!.ToString(), Is.EqualTo("calico-tiers"));
            Assert.That(conversion.Policies.SelectMany(p => p.Objects).Select(o => o["spec"]!["priority"]!.GetValue<double>()), Is.EqualTo(Enumerable.Range(1, 16)));
            for (var port = 9; port < 30; port++)
            {
                Assert.That(Ingress(cluster, Outside, "shop/web", port), Is.EqualTo(port >= 25 || port % 2 != 0 || port < 10 ? VerdictKind.Allow : VerdictKind.Deny), $"port {port}");
            }
        }
    }

    [Test]
    public void TiersOfAnEarlierRun_KeepTheirPrioritiesAndNewOnesComeBetween()
    {
        var tiers = Tiers(("a", "{order: 1}"), ("b", "{order: 2}"), ("c", "{order: 3}"))
            .Add(Antrea("calico-a", 210)).Add(Antrea("calico-c", 214))
            .Add(Global("a", "a", "{types: [Ingress]}")).Add(Global("b", "b", "{types: [Ingress]}")).Add(Global("c", "c", "{types: [Ingress]}"))
            .GlobalPolicy("d", "{types: [Ingress]}")
            .Convert().Tiers;
        Assert.That(
            tiers.Select(t => $"{t["metadata"]!["name"]} {t["spec"]!["priority"]}"),
            Is.EqualTo(new[] { "calico-a 210", "calico-b 211", "calico-c 214", "calico-default 217" }));
    }

    [TestCase(214, 210)]
    [TestCase(210, 211)]
    public void TiersOfAnEarlierRun_WithoutRoomBetween_AreRefused(int first, int last)
    {
        var conversion = Tiers(("a", "{order: 1}"), ("b", "{order: 2}"), ("c", "{order: 3}"))
            .Add(Antrea("calico-a", first)).Add(Antrea("calico-c", last))
            .Add(Global("a", "a", "{types: [Ingress]}")).Add(Global("b", "b", "{types: [Ingress]}")).Add(Global("c", "c", "{types: [Ingress]}"))
            .Convert();
        Assert.That(conversion.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => f.Id), Is.EqualTo(new[] { "tier-priority" }));
    }

    [Test]
    public void PolicyThatReachesAHostEndpoint_IsRefusedForTheNodeAndConvertedForPods()
    {
        var policy = PolicyCluster.Examples()
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1}, spec: {node: n1, interfaceName: '*', profiles: [projectcalico-default-allow]}}")
            .GlobalPolicy("g", "{types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}")
            .Convert().Policies.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Fidelity, Is.EqualTo(Fidelity.Refused));
            Assert.That(policy.Findings.Select(f => f.Code), Is.EqualTo(new[] { "host-endpoint-in-reach" }));
            Assert.That(policy.Objects, Has.Length.EqualTo(1));
        }
    }

    [TestCase("selector: all()", "all()", ExpectedResult = "host-endpoint-open")]
    [TestCase("selector: all()", "env != 'dev'", ExpectedResult = "host-endpoint-open")]
    [TestCase("selector: all( )", "all()", ExpectedResult = "host-endpoint-in-reach")]
    [TestCase("order: 1", "all()", ExpectedResult = "host-endpoint-open")]
    [TestCase("order: 1", "env != 'dev'", ExpectedResult = "host-endpoint-in-reach")]
    public string HostEndpoint_BesideANamespaceSelector_IsReachedWhereAllIsNotNarrowed(string selector, string namespaces) =>
        PolicyCluster.Examples()
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1}, spec: {node: n1, interfaceName: '*', profiles: [projectcalico-default-allow]}}")
            .GlobalPolicy("g", $"{{{selector}, namespaceSelector: \"{namespaces}\", types: [Ingress], ingress: [{{action: Deny}}]}}")
            .Convert().Findings.Select(f => f.Id).Single(id => id.StartsWith("host-endpoint", StringComparison.Ordinal));

    private static PolicyCluster Tiers(params (string Name, string Spec)[] tiers)
    {
        var cluster = PolicyCluster.Examples("v3.32.0");
        foreach (var (name, spec) in tiers)
        {
            cluster.Add($"{{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {{name: {name}}}, spec: {spec}}}");
        }

        return cluster;
    }

    private static string Global(string name, string tier, string spec) =>
        $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: {name}}}, spec: {{tier: {tier}, {spec[1..]}}}";

    private static string Kubernetes(string name, string spec) =>
        $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: shop}}, spec: {spec}}}";

    private static string Antrea(string name, int priority) =>
        $"{{apiVersion: crd.antrea.io/v1beta1, kind: Tier, metadata: {{name: {name}, labels: {{app.kubernetes.io/managed-by: antrea-migrator}}}}, spec: {{priority: {priority}}}}}";

    private static VerdictKind Ingress(PolicyCluster cluster, string from, string to, int port) =>
        cluster.VerdictOfBoth(cluster.Flow(from, to, port), Direction.Ingress);

    private static VerdictKind Egress(PolicyCluster cluster, string from, string to, int port, IPProtocol protocol) =>
        cluster.VerdictOfBoth(cluster.Flow(from, to, port, protocol), Direction.Egress);

    private static IEnumerable<string> Names(PolicyConversion conversion) =>
        conversion.Objects.Skip(conversion.Tiers.Length).Select(o => $"{o["metadata"]!["name"]} {o["spec"]!["priority"]}");
}
