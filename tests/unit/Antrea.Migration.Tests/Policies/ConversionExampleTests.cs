using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Worked examples: what Calico decides, and that the converted policies decide the same. Numbers are those of the fact sheet's examples.</summary>
public sealed class ConversionExampleTests
{
    private const string Outside = "203.0.113.7";

    [Test]
    public void Example1_StoredPolicyWithoutTypes_GovernsBothDirections()
    {
        var cluster = PolicyCluster.Examples().NetworkPolicy("shop", "p", "{selector: \"app=='web'\", ingress: [{action: Allow}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("shop/web", "8.8.8.8", 443), Direction.Egress), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [Test]
    public void Example1_ManifestWithoutTypes_GovernsWhatTheApiServerWouldWrite()
    {
        var cluster = PolicyCluster.Examples().Add(
            "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {selector: \"app=='web'\", ingress: [{action: Allow}]}}");
        Assert.That(cluster.VerdictOfBoth(cluster.Flow("shop/web", "8.8.8.8", 443), Direction.Egress), Is.EqualTo(VerdictKind.Allow));
    }

    [TestCase("security", VerdictKind.Allow)]
    [TestCase("audit", VerdictKind.Deny)]
    public void Example4_TierWithoutOrder_TiesWithDefaultByName(string tier, VerdictKind expected)
    {
        var cluster = PolicyCluster.Examples("v3.32.0")
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {{name: {tier}}}, spec: {{}}}}")
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: deny}}, spec: {{tier: {tier}, types: [Ingress], ingress: [{{action: Deny}}]}}}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {name: allow, namespace: shop}, spec: {types: [Ingress], ingress: [{action: Allow}]}}");
        Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80), Direction.Ingress), Is.EqualTo(expected));
    }

    [Test]
    public void Example5_TierEnd_HoldsPerDirection()
    {
        var cluster = PolicyCluster.Examples("v3.32.0")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: platform}, spec: {order: 100}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: dns}, spec: {tier: platform, namespaceSelector: \"env == 'prod'\", types: [Egress], egress: [{action: Allow, protocol: UDP, destination: {ports: [53]}}]}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {name: allow, namespace: shop}, spec: {types: [Egress], egress: [{action: Allow}]}}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("shop/web", Outside, 443), Direction.Egress), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("shop/web", Outside, 53, IPProtocol.Udp), Direction.Egress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 8080), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [TestCase("v3.26.1", "shop", VerdictKind.Deny)]
    [TestCase("v3.31.0", "alpha", VerdictKind.Allow)]
    [TestCase("v3.31.0", "shop", VerdictKind.Deny)]
    [TestCase("v3.32.0", "shop", VerdictKind.Allow)]
    public void Example13_Tie_IsBrokenAsTheVersionDoes(string version, string @namespace, VerdictKind expected)
    {
        var prefix = version == "v3.32.0" ? "" : "default.";
        var cluster = new PolicyCluster { CalicoVersion = version }
            .Namespace(@namespace)
            .Pod(@namespace, "web", "10.10.1.10", ("app", "web"))
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: {prefix}zz}}, spec: {{order: 10, types: [Ingress], ingress: [{{action: Deny}}]}}}}")
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {{name: {prefix}aa, namespace: {@namespace}}}, spec: {{order: 10, types: [Ingress], ingress: [{{action: Allow}}]}}}}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, $"{@namespace}/web", 80), Direction.Ingress), Is.EqualTo(expected));
            Assert.That(cluster.Convert().Findings.Count(f => f.Id == "order-tie"), Is.EqualTo(2));
        }
    }

    [Test]
    public void Example16_AllBesideANamespaceSelector_SelectsPodsOfThoseNamespaces()
    {
        var cluster = PolicyCluster.Examples().GlobalPolicy(
            "g", "{selector: all(), namespaceSelector: \"env != 'dev'\", types: [Ingress], ingress: [{action: Deny}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "dev/tool", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
        }
    }

    [TestCase("v3.31.0", VerdictKind.Deny)]
    [TestCase("v3.32.0", VerdictKind.Allow)]
    public void Example18_TierByName_WinsUpTo331(string version, VerdictKind expected)
    {
        // In tier security the policy decides before the Allow of tier default; in tier default it comes after it.
        var cluster = PolicyCluster.Examples(version)
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: security}, spec: {order: 5}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: security.block}, spec: {tier: default, order: 50, types: [Ingress], ingress: [{action: Deny}]}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.open}, spec: {tier: default, order: 1, types: [Ingress], ingress: [{action: Allow}]}}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80), Direction.Ingress), Is.EqualTo(expected));
            Assert.That(cluster.Convert().Findings.Any(f => f.Id == "tier-by-name"), Is.EqualTo(version == "v3.31.0"));
        }
    }

    [Test]
    public void Example19_NotAllNamespaces_NeverMatchesAPod()
    {
        var cluster = PolicyCluster.Examples().NetworkPolicy(
            "shop", "n", "{types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: '!all()'}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("dev/tool", "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.Convert().Findings.Select(f => f.Id), Does.Contain("never-matches"));
        }
    }

    [Test]
    public void SelectorInANetworkPolicy_ReachesItsOwnNamespaceOnly()
    {
        var cluster = PolicyCluster.Examples().NetworkPolicy(
            "shop", "p", "{selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, source: {selector: \"app == 'web'\"}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("shop/web", "shop/db", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("dev/tool", "shop/db", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void SourceAndDestinationPorts_AreNotMixedUp()
    {
        var cluster = PolicyCluster.Examples().GlobalPolicy(
            "ports", "{types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {ports: [\"1000:2000\"]}, destination: {ports: [80, 443]}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 443, sourcePort: 1500), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 1500, sourcePort: 443), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void Orders_AreCopiedAsRanks_NotAsNumbers()
    {
        var cluster = PolicyCluster.Examples()
            .GlobalPolicy("last", "{types: [Ingress], ingress: [{action: Deny}]}")
            .GlobalPolicy("first", "{order: -3.5, types: [Ingress], ingress: [{action: Allow, source: {selector: \"app == 'web'\"}}]}")
            .GlobalPolicy("middle", "{order: 20000000, types: [Ingress], ingress: [{action: Deny, source: {selector: \"app in {'web', 'db'}\"}}]}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("dev/tool", "shop/db", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("shop/db", "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
            Assert.That(
                cluster.Convert().Objects.Skip(1).Select(o => $"{o["metadata"]!["name"]} {o["spec"]!["priority"]}").Order(),
                Is.EqualTo(new[] { "calico-first 1", "calico-last 3", "calico-middle 2", "calicoend-default 4" }));
        }
    }

    [Test]
    public void Reject_IsWrittenWhereFelixAnswersWhatItDenies()
    {
        var cluster = PolicyCluster.Examples()
            .Add("{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: calico-node, namespace: kube-system}, spec: {template: {spec: {containers: [{env: [{name: FELIX_IPTABLESFILTERDENYACTION, value: Reject}]}]}}}}")
            .GlobalPolicy("g", "{types: [Ingress], ingress: [{action: Deny}]}");
        var actions = cluster.Convert().Objects.Skip(1).Select(o => o["spec"]!["ingress"]![0]!["action"]!.ToString());
        Assert.That(actions, Is.EqualTo(new[] { "Reject", "Reject" }));
    }

    [Test]
    public void KubernetesPolicy_OnOtherPods_StaysNativeAndExact()
    {
        var cluster = PolicyCluster.Examples()
            .Add("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: k, namespace: shop}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}}")
            .NetworkPolicy("shop", "p", "{selector: \"app == 'db'\", types: [Ingress], ingress: [{action: Allow, source: {selector: \"app == 'web'\"}}]}");
        var kubernetes = cluster.Convert().Policies.Single(p => p.Kind == "KubernetesNetworkPolicy");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(kubernetes.Fidelity, Is.EqualTo(Fidelity.Exact));
            Assert.That(kubernetes.Objects, Is.Empty);
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("shop/db", "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("dev/tool", "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
        }
    }

    [Test]
    public void KubernetesPolicy_BehindATierOfOrder100_StaysNativeAndExact()
    {
        var cluster = PolicyCluster.Examples("v3.32.0")
            .Add("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: k, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: platform}, spec: {order: 100, defaultAction: Pass}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: g}, spec: {tier: platform, types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: \"env == 'dev'\"}}]}}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.VerdictOfBoth(cluster.Flow("dev/tool", "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "shop/web", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Deny));
            Assert.That(cluster.VerdictOfBoth(cluster.Flow(Outside, "dev/tool", 80), Direction.Ingress), Is.EqualTo(VerdictKind.Allow));
        }
    }
}
