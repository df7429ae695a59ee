using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;
using static Antrea.Migration.Tests.Policies.AntreaLab;

namespace Antrea.Migration.Tests.Policies;

/// <summary>What Antrea's API server would drop, and what its controller would misread, is an error that names object and field.</summary>
public sealed class AntreaPolicyReaderTests
{
    private const string Subject = "appliedTo: [{podSelector: {}}]";

    [TestCase("appliedTo: [{serviceAccount: {name: a, namespace: shop}}]", "spec.appliedTo[0].serviceAccount", "has no field 'serviceAccount' here")]
    [TestCase("appliedTo: [{namespaceSelector: {}, podSelector: {}}]", "spec.appliedTo[0].namespaceSelector", "has no field")]
    [TestCase("appliedTo: [{nodeSelector: {}}]", "spec.appliedTo[0].nodeSelector", "has no field")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{namespaces: {match: Self}}]}]", "spec.ingress[0].from[0].namespaces", "has no field")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{serviceAccount: {name: a, namespace: b}}]}]", "spec.ingress[0].from[0].serviceAccount", "has no field")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{fqdn: a.b}]}]", "spec.ingress[0].from[0].fqdn", "has no field")]
    [TestCase(Subject + ", egress: [{action: Drop, to: [{scope: Cluster, podSelector: {}}]}]", "spec.egress[0].to[0].scope", "has no field")]
    [TestCase(Subject + ", egress: [{action: Drop, from: [{podSelector: {}}]}]", "spec.egress[0].from", "has no field")]
    [TestCase(Subject + ", ingress: [{action: Drop, toServices: [{name: a}]}]", "spec.ingress[0].toServices", "has no field")]
    [TestCase(Subject + ", ingress: [{action: Drop, appliedTo: [{namespaceSelector: {}}]}]", "spec.ingress[0].appliedTo[0].namespaceSelector", "has no field")]
    [TestCase(Subject + ", order: 5", "spec.order", "has no field")]
    [TestCase(Subject + ", ingress: [{action: Drop, ports: [{ports: 80}]}]", "spec.ingress[0].ports[0].ports", "has no field")]
    [TestCase(Subject + ", ingress: [{action: Deny}]", "spec.ingress[0].action", "Allow, Drop, Reject or Pass")]
    [TestCase(Subject + ", ingress: [{name: a}]", "spec.ingress[0].action", "Allow, Drop, Reject or Pass")]
    [TestCase(Subject + ", ingress: [{action: \"1\"}]", "spec.ingress[0].action", "Allow, Drop, Reject or Pass")]
    [TestCase("priority: 0.5, " + Subject, "spec.priority", "from 1 to 10000")]
    [TestCase("appliedTo: [{podSelector: {matchExpressions: [{key: a, operator: In, values: []}]}}]", "spec.appliedTo[0].podSelector.matchExpressions[0].values", "a list of values")]
    [TestCase("appliedTo: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]", "spec.appliedTo[0].podSelector.matchExpressions[0].values", "absent for Exists")]
    [TestCase("appliedTo: [{podSelector: {matchExpressions: [{key: a, operator: Equals, values: [b]}]}}]", "spec.appliedTo[0].podSelector.matchExpressions[0].operator", "In, NotIn")]
    [TestCase("appliedTo: [{podSelector: {matchExpressions: [{operator: Exists}]}}]", "spec.appliedTo[0].podSelector.matchExpressions[0].key", "key")]
    [TestCase("appliedTo: [{podSelector: {matchExpressions: [{key: a, operator: In, values: [1234567890123456789012345678901234567890123456789012345678901234x]}]}}]", "spec.appliedTo[0].podSelector.matchExpressions[0].values[0]", "cannot be a label's value")]
    [TestCase("appliedTo: [{podSelector: {matchLabels: {\"a b\": c}}}]", "spec.appliedTo[0].podSelector.matchLabels.a b", "cannot be a label's key")]
    [TestCase("appliedTo: [{podSelector: {matchLabel: {a: b}}}]", "spec.appliedTo[0].podSelector.matchLabel", "not known")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]", "spec.ingress[0].from[0]", "more beside 'ipBlock'")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{group: g, podSelector: {}}]}]", "spec.ingress[0].from[0]", "more beside 'group'")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{nodeSelector: {}, scope: Cluster}]}]", "spec.ingress[0].from[0]", "")]
    [TestCase(Subject + ", egress: [{action: Drop, to: [{fqdn: a.b, podSelector: {}}]}]", "spec.egress[0].to[0]", "more beside 'fqdn'")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{ipBlock: {cidr: 10.0.0.300/8}}]}]", "spec.ingress[0].from[0].ipBlock.cidr", "network")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{ipBlock: {}}]}]", "spec.ingress[0].from[0].ipBlock.cidr", "network")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]", "spec.ingress[0].from[0].ipBlock.except[0]", "within 10.0.0.0/8")]
    [TestCase(Subject + ", egress: [{action: Allow, toServices: []}]", "spec.egress[0].toServices", "matches nothing")]
    [TestCase(Subject + ", ingress: [{action: Drop, ports: [{port: 0}]}]", "spec.ingress[0].ports[0].port", "from 1 to 65535")]
    [TestCase(Subject + ", ingress: [{action: Drop, ports: [{port: 65536}]}]", "spec.ingress[0].ports[0].port", "from 1 to 65535")]
    [TestCase(Subject + ", ingress: [{action: Drop, ports: [{port: 9, endPort: 8}]}]", "spec.ingress[0].ports[0].endPort", "no less")]
    [TestCase(Subject + ", ingress: [{action: Drop, ports: [{port: http, endPort: 8}]}]", "spec.ingress[0].ports[0].endPort", "number")]
    [TestCase(Subject + ", ingress: [{action: Drop, ports: [{sourceEndPort: 8}]}]", "spec.ingress[0].ports[0].sourceEndPort", "sourcePort")]
    [TestCase(Subject + ", ingress: [{action: Drop, ports: [{protocol: ICMP}]}]", "spec.ingress[0].ports[0].protocol", "TCP, UDP or SCTP")]
    [TestCase(Subject + ", ingress: [{action: Drop, protocols: [{}]}]", "spec.ingress[0].protocols[0]", "exactly one")]
    [TestCase(Subject + ", ingress: [{action: Drop, protocols: [{icmp: {icmpType: 256}}]}]", "spec.ingress[0].protocols[0].icmp.icmpType", "from 0 to 255")]
    [TestCase(Subject + ", ingress: [{action: Drop, protocols: [{igmp: {igmpType: 22}}]}]", "spec.ingress[0].protocols[0].igmp.igmpType", "17")]
    [TestCase(Subject + ", ingress: [{action: Drop, logLabel: \"no good\"}]", "spec.ingress[0].logLabel", "label's value")]
    public void NetworkPolicy_WithWhatWouldBeDroppedOrMisread_IsRefused(string spec, string path, string words)
    {
        var errors = Errors(Shop("p", spec), "v2.7.0");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(errors.Select(e => (e.Subject, e.Field)), Has.Exactly(1).EqualTo(("NetworkPolicy/shop/p", path)));
            Assert.That(string.Join('\n', errors), Does.Contain(words));
        }
    }

    [TestCase("ingress: [{action: Drop, appliedTo: [{nodeSelector: {}}]}]", "v2.7.0", "spec.ingress[0].appliedTo[0].nodeSelector")]
    [TestCase("appliedTo: [{externalEntitySelector: {}}]", "v2.7.0", "spec.appliedTo[0].externalEntitySelector")]
    [TestCase("appliedTo: [{nodeSelector: {}}]", "v1.14.0", "spec.appliedTo[0].nodeSelector")]
    [TestCase("egress: [{action: Drop, appliedTo: [{service: {name: a, namespace: b}}]}]", "v2.7.0", "spec.egress[0].appliedTo[0].service")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9]}}]}]", "v2.1.9", "spec.ingress[0].from[0].ipBlock.except")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{namespaces: {sameLabels: [a]}}]}]", "v1.15.0", "spec.ingress[0].from[0].namespaces.sameLabels")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{namespaces: {sameLabels: []}}]}]", "v2.7.0", "spec.ingress[0].from[0].namespaces.sameLabels")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{namespaces: {}}]}]", "v2.7.0", "spec.ingress[0].from[0].namespaces")]
    [TestCase("appliedTo: [{serviceAccount: {name: a}}]", "v2.7.0", "spec.appliedTo[0].serviceAccount.namespace")]
    [TestCase("appliedTo: [{serviceAccount: {name: a234567890123456789012345678901234567890123456789012345678901234, namespace: b}}]", "v2.7.0", "spec.appliedTo[0].serviceAccount.name")]
    public void ClusterNetworkPolicy_WithWhatTheReleaseLacks_IsRefused(string spec, string version, string path) =>
        Assert.That(Errors(Cluster("p", spec), version).Select(e => e.Field), Has.Some.EqualTo(path));

    [TestCase("ClusterGroup", "{nodeSelector: {}}", "v2.5.0", "spec.nodeSelector")]
    [TestCase("ClusterGroup", "{ipBlock: {cidr: 10.0.0.0/8}}", "v2.7.0", "spec.ipBlock")]
    [TestCase("ClusterGroup", "{ipBlocks: [{cidr: 10.0.0.0/8, except: [10.0.0.0/9]}]}", "v2.1.0", "spec.ipBlocks[0].except")]
    [TestCase("ClusterGroup", "{serviceReference: {name: a}}", "v2.7.0", "spec.serviceReference.namespace")]
    [TestCase("ClusterGroup", "{podSelector: {}, childGroups: [a]}", "v2.7.0", "spec")]
    [TestCase("ClusterGroup", "{namespaceSelector: {}, ipBlocks: []}", "v2.7.0", "spec")]
    [TestCase("Tier", "{priority: 256}", "v2.7.0", "spec.priority")]
    [TestCase("Tier", "{priority: 1.5}", "v2.7.0", "spec.priority")]
    [TestCase("Tier", "{priority: 5, order: 1}", "v2.7.0", "spec.order")]
    public void GroupOrTier_WithWhatWouldBeDroppedOrMisread_IsRefused(string kind, string spec, string version, string path) =>
        Assert.That(Errors(Object(kind, "x", spec), version).Select(e => e.Field), Has.Some.EqualTo(path));

    [Test]
    public void OtherApiVersion_IsRefused() => Assert.That(
        Errors(Cluster("p", Subject).Replace("v1beta1", "v1alpha1", StringComparison.Ordinal), "v2.7.0").Select(e => e.Field),
        Is.EqualTo(new[] { "apiVersion" }));

    [TestCase("Emergency", "emergency")]
    [TestCase("SecurityOps", "securityops")]
    [TestCase("Mine", "Mine")]
    public void Tier_InTheOldSpelling_IsTheNew(string tier, string expected) =>
        Assert.That(Set("v2.7.0", Cluster("p", $"tier: {tier}, {Subject}")).Policies[0].Tier, Is.EqualTo(expected));

    [TestCase("tier: ghost, " + Subject, "spec.tier")]
    [TestCase("tier: baseline, " + Subject + ", ingress: [{action: Pass}]", "spec.ingress[0].action")]
    [TestCase(Subject + ", ingress: [{name: a, action: Drop}], egress: [{name: a, action: Drop}]", "spec.egress[0].name")]
    [TestCase(Subject + ", ingress: [{action: Drop}, {action: Drop}]", "spec.ingress[1]")]
    [TestCase("ingress: [{action: Drop}]", "spec.appliedTo")]
    [TestCase("priority: 5", "spec.appliedTo")]
    [TestCase("ingress: [{action: Drop, appliedTo: [{podSelector: {}}]}, {action: Allow}]", "spec.appliedTo")]
    [TestCase(Subject + ", ingress: [{action: Drop, appliedTo: [{podSelector: {}}]}]", "spec.ingress[0].appliedTo")]
    [TestCase("appliedTo: [{service: {name: a, namespace: b}}, {podSelector: {}}], ingress: [{action: Drop}]", "spec.appliedTo")]
    [TestCase("appliedTo: [{service: {name: a, namespace: b}}], egress: [{action: Drop}]", "spec.appliedTo")]
    [TestCase("appliedTo: [{service: {name: a, namespace: b}}], ingress: [{action: Drop, from: [{podSelector: {}}]}]", "spec.ingress[0].from")]
    [TestCase(Subject + ", ingress: [{action: Drop, from: [{namespaces: {match: Self}, namespaceSelector: {}}]}]", "spec.ingress[0].from[0]")]
    [TestCase(Subject + ", egress: [{action: Drop, to: [{fqdn: a_b.c}]}]", "spec.egress[0].to[0].fqdn")]
    [TestCase(Subject + ", egress: [{action: Drop, toServices: [{name: a, namespace: b}], ports: [{port: 1}]}]", "spec.egress[0].toServices")]
    [TestCase(Subject + ", egress: [{action: Drop, to: [{ipBlock: {cidr: 224.0.0.0/3}}, {ipBlock: {cidr: 128.0.0.0/2}}]}]", "spec.egress[0].to")]
    [TestCase(Subject + ", egress: [{action: Reject, to: [{ipBlock: {cidr: ff00::/8}}]}]", "spec.egress[0].action")]
    [TestCase(Subject + ", egress: [{action: Reject, protocols: [{igmp: {}}]}]", "spec.egress[0].action")]
    [TestCase(Subject + ", egress: [{action: Drop, protocols: [{igmp: {groupAddress: 10.0.0.1}}]}]", "spec.egress[0].protocols")]
    [TestCase(Subject + ", egress: [{action: Drop, protocols: [{igmp: {}}]}, {action: Drop, to: [{podSelector: {}}]}]", "spec.egress[1]")]
    [TestCase(Subject + ", ingress: [{action: Drop, l7Protocols: [{http: {}}]}]", "spec.ingress[0].action")]
    public void Admission_RefusesPolicies(string spec, string path) =>
        Assert.That(Refusals(Cluster("p", spec)).Select(e => (e.Subject, e.Field)), Has.Some.EqualTo(("ClusterNetworkPolicy/p", path)));

    [TestCase("Tier", "{priority: 250}", "spec.priority")]
    [TestCase("Tier", "{priority: 254}", "spec.priority")]
    [TestCase("ClusterGroup", "{childGroups: [x]}", "spec.childGroups")]
    [TestCase("ClusterGroup", "{childGroups: [parent]}", "spec.childGroups")]
    [TestCase("ClusterGroup", "{ipBlocks: [{cidr: 10.0.0.0/8}, {cidr: 224.0.0.0/4}]}", "spec.ipBlocks")]
    public void Admission_RefusesGroupsAndTiers(string kind, string spec, string path) => Assert.That(
        Refusals(Object(kind, "x", spec), Object("ClusterGroup", "parent", "{childGroups: [ghost]}")).Select(e => e.Field),
        Has.Some.EqualTo(path));

    [Test]
    public void Admission_TooManyTiers_AreRefused()
    {
        var tiers = Enumerable.Range(1, 15).Select(i => Object("Tier", $"t{i}", $"{{priority: {i}}}")).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Refusals(tiers), Has.Count.EqualTo(15));
            Assert.That(Refusals(tiers[1..]), Is.Empty);
        }
    }

    [Test]
    public void Admission_WhatPeopleWrite_Passes() => Assert.That(
        Refusals(
            Object("Tier", "mine", "{priority: 60}"),
            Object("ClusterGroup", "web", "{podSelector: {matchLabels: {app: web}}}"),
            Object("ClusterGroup", "parent", "{childGroups: [web]}"),
            Cluster("p", $"tier: mine, {Subject}, ingress: [{{action: Pass, from: [{{group: parent}}]}}, {{action: Drop}}], egress: [{{action: Drop, to: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}]}}]"),
            Cluster("q", "ingress: [{name: a, action: Allow, appliedTo: [{podSelector: {}}], from: [{namespaces: {match: Self}}]}]")),
        Is.Empty);

    private static List<InputError> Errors(string yaml, string version)
    {
        var error = Assert.Throws<InputException>(() => Set(version, yaml));
        return [.. error!.Errors];
    }

    private static List<InputError> Refusals(params string[] yaml)
    {
        var objects = yaml.SelectMany(YamlObjects.Read).ToList();
        return [.. AntreaAdmission.Check(objects, AntreaPolicySet.Read(objects, new ReleaseVersion(2, 7)))];
    }

    private static AntreaPolicySet Set(string version, params string[] yaml) => AntreaPolicySet.Read(
        yaml.SelectMany(YamlObjects.Read), ReleaseVersion.TryParse(version, out var parsed) ? parsed : throw new ArgumentException(version));
}
