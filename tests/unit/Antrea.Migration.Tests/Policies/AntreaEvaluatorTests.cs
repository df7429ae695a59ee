using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;
using static Antrea.Migration.Tests.Policies.AntreaLab;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Antrea's evaluation, one table per feature. In each case a single rule drops; Deny means that it matched.</summary>
public sealed class AntreaEvaluatorTests
{
    private const VerdictKind Hit = VerdictKind.Deny;
    private const VerdictKind Miss = VerdictKind.Allow;

    [TestCase("podSelector: {matchLabels: {app: web}}", "shop/web", Hit)]
    [TestCase("podSelector: {matchLabels: {app: web}}", "dev/tool", Hit)]
    [TestCase("podSelector: {matchLabels: {app: web}}", "ops/cron", Miss)]
    [TestCase("podSelector: {}", "ops/cron", Hit)]
    [TestCase("podSelector: {}", "203.0.113.7", Miss)]
    [TestCase("namespaceSelector: {matchLabels: {env: prod}}", "ops/cron", Hit)]
    [TestCase("namespaceSelector: {matchLabels: {env: prod}}", "dev/tool", Miss)]
    [TestCase("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dev}}", "dev/tool", Hit)]
    [TestCase("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dev}}", "shop/web", Miss)]
    [TestCase("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nowhere}}", "shop/web", Miss)]
    [TestCase("namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}", "ops/cron", Hit)]
    [TestCase("namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}", "ops/cron", Miss)]
    [TestCase("podSelector: {matchLabels: {app: web}}, namespaceSelector: {matchLabels: {env: dev}}", "dev/tool", Hit)]
    [TestCase("podSelector: {matchLabels: {app: web}}, namespaceSelector: {matchLabels: {env: dev}}", "shop/web", Miss)]
    [TestCase("ipBlock: {cidr: 10.10.1.0/24}", "shop/web", Hit)]
    [TestCase("ipBlock: {cidr: 10.10.1.0/24, except: [10.10.1.10/32]}", "shop/web", Miss)]
    [TestCase("ipBlock: {cidr: 10.10.1.0/24, except: [10.10.1.10/32]}", "dev/tool", Hit)]
    [TestCase("ipBlock: {cidr: 203.0.113.9/24}", "203.0.113.7", Hit)]
    [TestCase("serviceAccount: {name: web, namespace: shop}", "shop/web", Hit)]
    [TestCase("serviceAccount: {name: web, namespace: dev}", "shop/web", Miss)]
    [TestCase("podSelector: {matchLabels: {internal.antrea.io/service-account: web}}", "shop/web", Hit)]
    [TestCase("podSelector: {matchLabels: {internal.antrea.io/service-account: web}}", "dev/tool", Miss)]
    [TestCase("nodeSelector: {}", "172.18.0.2", Hit)]
    [TestCase("nodeSelector: {}", "shop/web", Miss)]
    [TestCase("namespaces: {match: Self}", "shop/web", Hit)]
    [TestCase("namespaces: {match: Self}", "dev/tool", Miss)]
    [TestCase("namespaces: {match: Self}, podSelector: {matchLabels: {app: cron}}", "shop/web", Miss)]
    [TestCase("namespaces: {sameLabels: [env]}", "ops/cron", Hit)]
    [TestCase("namespaces: {sameLabels: [env, team]}", "ops/cron", Miss)]
    [TestCase("namespaces: {sameLabels: [team, env]}", "shop/web", Hit)]
    [TestCase("scope: Cluster, podSelector: {}", "dev/tool", Hit)]
    public void Peer_OfAClusterNetworkPolicy(string peer, string source, VerdictKind expected) => Assert.That(
        Judge(
            $"{source} > shop/db TCP 80",
            Direction.Ingress,
            Cluster("p", $"appliedTo: [{{podSelector: {{matchLabels: {{app: db}}}}}}], ingress: [{{name: a, action: Drop, from: [{{{peer}}}]}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("podSelector: {}", "shop/web", Hit)]
    [TestCase("podSelector: {}", "dev/tool", Miss)]
    [TestCase("namespaceSelector: {}", "dev/tool", Hit)]
    [TestCase("namespaceSelector: {matchLabels: {env: dev}}, podSelector: {matchLabels: {app: web}}", "dev/tool", Hit)]
    [TestCase("podSelector: {matchLabels: {internal.antrea.io/service-account: web}}", "shop/web", Hit)]
    [TestCase("nodeSelector: {matchLabels: {zone: z1}}", "172.18.0.2", Hit)]
    public void Peer_OfANetworkPolicy(string peer, string source, VerdictKind expected) => Assert.That(
        Judge($"{source} > shop/db TCP 80", Direction.Ingress, Shop("p", $"appliedTo: [{{}}], ingress: [{{name: a, action: Drop, from: [{{{peer}}}]}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("[{podSelector: {}}]", "shop/db", Hit)]
    [TestCase("[{namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: db}}}]", "shop/db", Hit)]
    [TestCase("[{namespaceSelector: {matchLabels: {env: dev}}, podSelector: {matchLabels: {app: db}}}]", "shop/db", Miss)]
    [TestCase("[{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: db}}}]", "shop/db", Hit)]
    [TestCase("[{serviceAccount: {name: default, namespace: shop}}]", "shop/db", Hit)]
    [TestCase("[{serviceAccount: {name: web, namespace: shop}}]", "shop/db", Miss)]
    [TestCase("[{group: pods}]", "shop/db", Hit)]
    [TestCase("[{group: nets}]", "shop/db", Miss)]
    [TestCase("[{group: parent}]", "shop/db", Hit)]
    public void AppliedTo_OfAClusterNetworkPolicyOrItsRules(string appliedTo, string destination, VerdictKind expected)
    {
        string[] groups =
        [
            Object("ClusterGroup", "pods", "{podSelector: {matchLabels: {app: db}}}"),
            Object("ClusterGroup", "nets", "{ipBlocks: [{cidr: 10.10.0.0/16}]}"),
            Object("ClusterGroup", "parent", "{childGroups: [pods, nets, ghost]}"),
        ];
        var flow = $"ops/cron > {destination} TCP 80";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Judge(flow, Direction.Ingress, [.. groups, Cluster("p", $"appliedTo: {appliedTo}, ingress: [{{action: Drop}}]")]).Kind, Is.EqualTo(expected));
            Assert.That(Judge(flow, Direction.Ingress, [.. groups, Cluster("p", $"ingress: [{{appliedTo: {appliedTo}, action: Drop}}]")]).Kind, Is.EqualTo(expected));
        }
    }

    [TestCase("{podSelector: {matchLabels: {app: web}}}", "dev/tool", Hit)]
    [TestCase("{namespaceSelector: {matchLabels: {env: dev}}}", "dev/tool", Hit)]
    [TestCase("{namespaceSelector: {matchLabels: {env: dev}}}", "shop/web", Miss)]
    [TestCase("{ipBlocks: [{cidr: 10.0.0.0/8, except: [10.10.1.30/32]}]}", "dev/tool", Miss)]
    [TestCase("{ipBlocks: [{cidr: 10.0.0.0/8, except: [10.10.1.30/32]}, {cidr: 10.10.1.30/32}]}", "dev/tool", Hit)]
    [TestCase("{serviceReference: {name: front, namespace: shop}}", "shop/web", Hit)]
    [TestCase("{serviceReference: {name: front, namespace: shop}}", "dev/tool", Miss)]
    [TestCase("{serviceReference: {name: ghost, namespace: shop}}", "shop/web", Miss)]
    [TestCase("{nodeSelector: {}}", "172.18.0.2", Hit)]
    [TestCase("{childGroups: [web, ghost]}", "dev/tool", Hit)]
    [TestCase("{childGroups: [parent]}", "dev/tool", Miss)]
    [TestCase("{}", "dev/tool", Miss)]
    public void ClusterGroup(string spec, string source, VerdictKind expected) => Assert.That(
        Judge(
            $"{source} > shop/db TCP 80",
            Direction.Ingress,
            Object("ClusterGroup", "g", spec),
            Object("ClusterGroup", "web", "{podSelector: {matchLabels: {app: web}}}"),
            Object("ClusterGroup", "parent", "{childGroups: [web]}"),
            Cluster("p", "appliedTo: [{podSelector: {matchLabels: {app: db}}}], ingress: [{name: a, action: Drop, from: [{group: g}]}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("{podSelector: {matchLabels: {app: web}}}", "shop/web", Hit)]
    [TestCase("{podSelector: {matchLabels: {app: web}}}", "dev/tool", Miss)]
    [TestCase("{}", "shop/web", Hit)]
    [TestCase("{}", "dev/tool", Miss)]
    [TestCase("{namespaceSelector: {}}", "dev/tool", Hit)]
    public void Group_OfTheSameNamespace(string spec, string source, VerdictKind expected) => Assert.That(
        Judge(
            $"{source} > shop/db TCP 80",
            Direction.Ingress,
            Object("Group", "g", spec, "shop"),
            Object("Group", "g", "{ipBlocks: [{cidr: 0.0.0.0/0}]}", "dev"),
            Object("ClusterGroup", "g", "{ipBlocks: [{cidr: 0.0.0.0/0}]}"),
            Shop("p", "appliedTo: [{podSelector: {matchLabels: {app: db}}}], ingress: [{name: a, action: Drop, from: [{group: g}]}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("ports: [{port: 80}]", "TCP 80", Hit)]
    [TestCase("ports: [{port: 80}]", "UDP 80", Miss)]
    [TestCase("ports: [{protocol: UDP}]", "UDP 7", Hit)]
    [TestCase("ports: [{protocol: UDP}]", "TCP 7", Miss)]
    [TestCase("ports: [{port: 80, endPort: 90}]", "TCP 90", Hit)]
    [TestCase("ports: [{port: 80, endPort: 90}]", "TCP 91", Miss)]
    [TestCase("ports: [{sourcePort: 9}]", "TCP 80 from 9", Hit)]
    [TestCase("ports: [{sourcePort: 9}]", "TCP 80 from 10", Miss)]
    [TestCase("ports: [{port: 80, sourcePort: 9, sourceEndPort: 12}]", "TCP 80 from 12", Hit)]
    [TestCase("ports: [{protocol: SCTP, port: 80, sourcePort: 9}]", "SCTP 80 from 10", Hit)]
    [TestCase("ports: [{port: metrics}]", "TCP 9090", Hit)]
    [TestCase("ports: [{port: metrics, protocol: UDP}]", "UDP 9090", Miss)]
    [TestCase("ports: [{port: metrics, sourcePort: 9}]", "TCP 9090 from 10", Hit)]
    [TestCase("ports: [{port: early}]", "TCP 80", Miss)]
    [TestCase("ports: [{port: \"80\"}]", "TCP 80", Miss)]
    [TestCase("protocols: [{icmp: {}}]", "ICMP 8/0", Hit)]
    [TestCase("protocols: [{icmp: {icmpType: 3, icmpCode: 1}}]", "ICMP 3/1", Hit)]
    [TestCase("protocols: [{icmp: {icmpType: 3, icmpCode: 1}}]", "ICMP 3/2", Miss)]
    [TestCase("protocols: [{icmp: {}}]", "TCP 80", Miss)]
    [TestCase("protocols: [{icmp: {}}], ports: [{port: 80}]", "TCP 80", Hit)]
    [TestCase("ports: [{port: 80}]", "ICMP 8/0", Miss)]
    [TestCase("ports: []", "47", Hit)]
    [TestCase("from: []", "ICMP 8/0", Hit)]
    public void Service_OfARule(string match, string service, VerdictKind expected) => Assert.That(
        Judge($"shop/web > shop/db {service}", Direction.Ingress, Cluster("p", $"appliedTo: [{{podSelector: {{}}}}], ingress: [{{name: a, action: Drop, {match}}}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("TCP 9090", Hit)]
    [TestCase("TCP 80", Miss)]
    public void PortName_InEgress_IsThatOfTheReceivingPod(string service, VerdictKind expected) => Assert.That(
        Judge(
            $"shop/web > shop/db {service}",
            Direction.Egress,
            Cluster("p", "appliedTo: [{podSelector: {}}], egress: [{name: a, action: Drop, to: [{podSelector: {}}], ports: [{port: metrics}]}]")).Kind,
        Is.EqualTo(expected));

    [TestCase("securityops", 9, "platform", 1, "first")]
    [TestCase("platform", 9, "platform", 1, "second")]
    [TestCase("platform", 1.5, "platform", 1.25, "second")]
    [TestCase("Emergency", 9, "securityops", 1, "first")]
    [TestCase("application", 9, "custom", 1, "second")]
    [TestCase("emergency", 2, "custom", 1, "first")]
    [TestCase("missing", 9, "application", 1, "second")]
    [TestCase("baseline", 1, "application", 9, "second")]
    public void Order_IsByTierThenPriority(string tier, double priority, string otherTier, double otherPriority, string winner) => Assert.That(
        Judge(
            "shop/web > shop/db TCP 80",
            Direction.Ingress,
            Object("Tier", "custom", "{priority: 60}"),
            Cluster("first", FormattableString.Invariant($"tier: {tier}, priority: {priority}, appliedTo: [{{podSelector: {{}}}}], ingress: [{{action: Drop}}]")),
            Shop("second", FormattableString.Invariant($"tier: {otherTier}, priority: {otherPriority}, appliedTo: [{{}}], ingress: [{{action: Drop}}]"))).Reasons[0],
        Does.Contain($"{winner} ingress rule #1"));

    [Test]
    public void Order_WithinAPolicy_IsTheLists()
    {
        const string spec = "appliedTo: [{podSelector: {}}], ingress: [{name: x, action: Reject, ports: [{port: 1}]}, {name: y, action: Reject}, {name: z, action: Allow}]";
        var verdict = Judge("shop/web > shop/db TCP 80", Direction.Ingress, Cluster("p", spec));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Reasons, Is.EqualTo(new[] { "tier application / ClusterNetworkPolicy p ingress rule y" }));
            Assert.That((verdict.Kind, verdict.IsAnswered), Is.EqualTo((VerdictKind.Deny, true)));
        }
    }

    [Test]
    public void EqualRank_SameOutcome_IsNotAmbiguous() => Assert.That(
        Judge(
            "shop/web > shop/db TCP 80",
            Direction.Ingress,
            Cluster("a", "appliedTo: [{podSelector: {}}], ingress: [{action: Drop}]"),
            Cluster("b", "appliedTo: [{podSelector: {}}], ingress: [{action: Reject}]")).Kind,
        Is.EqualTo(VerdictKind.Deny));

    [Test]
    public void KubernetesRule_ThatMatches_IsNamed() => Assert.That(
        Judge(
            "shop/web > shop/db TCP 9090",
            Direction.Ingress,
            Kubernetes("shop", "closed", "{podSelector: {}}"),
            Kubernetes("shop", "open", "{podSelector: {}, ingress: [{ports: [{port: 1}]}, {from: [{namespaceSelector: {matchLabels: {env: prod}}}], ports: [{port: metrics}]}]}")).ToString(),
        Is.EqualTo("Kubernetes NetworkPolicy shop/open ingress rule 2 → Allow"));

    [TestCase("egress: [{action: Drop, to: [{fqdn: '*.example.com'}]}]", "spec.egress[0].to[0].fqdn")]
    [TestCase("egress: [{action: Allow, toServices: [{name: front, namespace: shop}]}]", "spec.egress[0].toServices")]
    [TestCase("ingress: [{action: Allow, l7Protocols: [{http: {path: /x}}]}]", "spec.ingress[0].l7Protocols")]
    [TestCase("ingress: [{action: Allow, from: [{podSelector: {}, scope: ClusterSet}]}]", "spec.ingress[0].from[0].scope")]
    [TestCase("ingress: [{action: Allow, protocols: [{igmp: {igmpType: 17}}]}]", "spec.ingress[0].protocols")]
    [TestCase("egress: [{action: Drop, ports: [{port: metrics}]}]", "spec.egress[0].ports")]
    [TestCase("egress: [{action: Drop, to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: metrics}]}]", "spec.egress[0].ports")]
    [TestCase("ingress: [{action: Drop, from: [{group: outside}]}]", "spec.ingress[0].from[0].group")]
    public void WhatObjectsDoNotTell_IsRefusedByField(string rules, string path) => Assert.That(
        () => Judge(
            "shop/web > shop/db TCP 80",
            Direction.Ingress,
            Object("ClusterGroup", "outside", "{externalEntitySelector: {}}"),
            Cluster("p", $"appliedTo: [{{podSelector: {{}}}}], {rules}")),
        Throws.TypeOf<NotSupportedException>().With.Message.Contains($"ClusterNetworkPolicy p {path}: "));

    [TestCase("appliedTo: [{service: {name: front, namespace: shop}}]", "spec.appliedTo[0].service")]
    [TestCase("appliedTo: [{nodeSelector: {}}]", "spec.appliedTo[0].nodeSelector")]
    public void SubjectsThatAreNoPods_AreRefusedByField(string appliedTo, string path) => Assert.That(
        () => Judge("shop/web > shop/db TCP 80", Direction.Ingress, Cluster("p", $"{appliedTo}, ingress: [{{action: Drop}}]")),
        Throws.TypeOf<NotSupportedException>().With.Message.Contains(path));

    [Test]
    public void GroupOfForeignPods_AsSubject_IsRefused() => Assert.That(
        () => Judge(
            "shop/web > shop/db TCP 80",
            Direction.Ingress,
            Object("Group", "g", "{namespaceSelector: {}}", "shop"),
            Shop("p", "appliedTo: [{group: g}], ingress: [{action: Drop}]")),
        Throws.TypeOf<NotSupportedException>().With.Message.Contains("another Namespace"));

    [Test]
    public void ForAntrea_ObjectOfAnotherKind_IsRefused() => Assert.That(
        () => PolicyEvaluators.AntreaTables(World().Snapshot, YamlObjects.Read(Kubernetes("shop", "k", "{podSelector: {}}")).Select(o => o.Json)),
        Throws.TypeOf<InputException>().With.Message.Contains("NetworkPolicy/shop/k"));
}
