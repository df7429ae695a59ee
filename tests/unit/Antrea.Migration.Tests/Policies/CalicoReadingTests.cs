using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Tests.Policies;

/// <summary>What is read from Calico's objects, by release and by API group.</summary>
public sealed class CalicoReadingTests
{
    private const string Annotated = "annotations: {projectcalico.org/metadata: '{}'}";

    // The name that users know, the tier, and what ties are broken by.
    [TestCase("v3.26.1", "default.web", Annotated, "", "web", "default", "shop/default.web")]
    [TestCase("v3.26.1", "platform.web", Annotated, "", "web", "default", "shop/platform.web")]
    [TestCase("v3.26.1", "knp.default.web", Annotated, "", "knp.default.web", "default", "shop/knp.default.web")]
    [TestCase("v3.26.1", "default.web", "", "", "default.web", "default", "shop/default.web")]
    [TestCase("v3.29.0", "default.web", Annotated, "", "web", "default", "shop/default.web")]
    [TestCase("v3.29.0", "platform.web", Annotated, "tier: platform", "platform.web", "platform", "shop/platform.web")]
    [TestCase("v3.29.0", "platform.web", Annotated, "tier: default", "platform.web", "platform", "shop/platform.web")]
    [TestCase("v3.29.0", "web", Annotated, "tier: platform", "web", "default", "shop/web")]
    [TestCase("v3.29.0", "ossg.default.web", Annotated, "", "ossg.default.web", "ossg", "shop/ossg.default.web")]
    [TestCase("v3.30.1", "ossg.default.web", Annotated, "", "ossg.default.web", "default", "shop/ossg.default.web")]
    [TestCase("v3.30.1", "default.web", Annotated, "", "default.web", "default", "shop/default.web")]
    [TestCase("v3.30.1", "default.web", "annotations: {projectcalico.org/metadata: '{\"name\":\"web\"}'}", "", "web", "default", "shop/default.web")]
    [TestCase("v3.30.1", "kanp.adminnetworkpolicy.web", Annotated, "", "kanp.adminnetworkpolicy.web", "adminnetworkpolicy", "shop/kanp.adminnetworkpolicy.web")]
    [TestCase("v3.31.0", "default.web", Annotated, "", "web", "default", "shop/default.web")]
    [TestCase("v3.32.0", "web", Annotated, "tier: platform", "web", "platform", "web/shop/NetworkPolicy")]
    [TestCase("v3.32.0", "default.web", Annotated, "", "web", "default", "default.web/shop/NetworkPolicy")]
    [TestCase("v3.32.0", "platform.web", Annotated, "tier: ''", "platform.web", "default", "platform.web/shop/NetworkPolicy")]
    public void Read_CustomResource_HasTheNameAndTierOfItsRelease(
        string version, string stored, string metadata, string spec, string name, string tier, string key)
    {
        var policy = Read(
            version,
            $"{{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {{name: {stored}, namespace: shop{(metadata.Length > 0 ? ", " : "")}{metadata}}}, spec: {{{spec}}}}}")
            .Policies.Single().Policy;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((policy.Name, policy.Tier, policy.StoredName), Is.EqualTo((name, tier, stored)));
            Assert.That(Antrea.Migration.Policies.Semantics.CalicoOrder.TieKey(policy, Version(version)), Is.EqualTo(key));
        }
    }

    [TestCase("v3.28.2", "default")]
    [TestCase("v3.29.0", "audit 1000000, default 1000000, early -3.5 Pass, late 2000000")]
    public void Read_Tiers_AreThereFrom329InOrder(string version, string expected)
    {
        var tiers = Read(
            version,
            """
            {apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: late}, spec: {order: 2000000, defaultAction: pass}}
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: audit}, spec: {}}
            ---
            {apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: early}, spec: {order: -3.5, defaultAction: Pass}}
            """).Tiers;
        var shown = tiers.Length == 1 ? ["default"] : tiers.OrderBy(t => t.Name, StringComparer.Ordinal)
            .Select(t => FormattableString.Invariant($"{t.Name} {t.Order}{(t.EndsInPass ? " Pass" : "")}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(string.Join(", ", shown), Is.EqualTo(expected));
            Assert.That(tiers.Select(t => t.Name), Is.EqualTo(tiers.Length == 1 ? ["default"] : new[] { "early", "audit", "default", "late" }));
        }
    }

    [Test]
    public void Evaluate_TiersThatDoNotExist_ComeLastByNameAndEndInDeny()
    {
        var cluster = new CalicoCase(
            "v3.32.0",
            "{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: z-last}, spec: {order: 9e9, defaultAction: Pass}}",
            Policy("z", "z-last", "ingress: []"),
            Policy("b", "b-gone", "ingress: [{action: Allow, protocol: TCP}]"),
            Policy("a", "a-gone", "ingress: [{action: Pass, protocol: TCP}]"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                cluster.Evaluate("203.0.113.7 > shop/web TCP 80").ToString(),
                Is.EqualTo("end of tier z-last → Pass → tier a-gone / GlobalNetworkPolicy a ingress rule 1 → Pass → tier b-gone / GlobalNetworkPolicy b ingress rule 1 → Allow"));
            Assert.That(cluster.Evaluate("203.0.113.7 > shop/web UDP 80").ToString(), Is.EqualTo("end of tier z-last → Pass → end of tier a-gone → Deny"));
        }

        static string Policy(string name, string tier, string rules) =>
            $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: {name}}}, spec: {{tier: {tier}, types: [Ingress], {rules}}}}}";
    }

    [Test]
    public void Read_Sets_HaveTheLabelsThatSelectorsSee()
    {
        var set = Read(
            "v3.28.0",
            """
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkSet
            metadata:
              name: near
              namespace: shop
              labels: {a: resource, projectcalico.org/namespace: forged}
              annotations: {projectcalico.org/metadata: '{"labels":{"a":"annotation","pcns.env":"own"}}'}
            spec: {nets: [10.1.2.3, 10.9.9.9/8, bogus, 'fd00::/64', '10.1']}
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: far, labels: {pcns.env: forged}}}
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {name: n1, labels: {pcns.env: own}},
             spec: {node: n1, interfaceName: eth0, expectedIPs: [172.18.0.2], profiles: [kns.shop, ksa.shop.web], ports: [{name: ssh, protocol: TCP, port: 22}]}}
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                set.NetworkSets.Select(s => $"{s}: {Show(s.Labels)}"),
                Is.EqualTo(new[]
                {
                    "NetworkSet shop/near: a=annotation pcns.env=own pcns.kubernetes.io/metadata.name=shop pcns.projectcalico.org/name=shop projectcalico.org/namespace=shop",
                    "GlobalNetworkSet far: pcns.env=forged",
                }));
            Assert.That(set.NetworkSets[0].Nets.Select(n => n.ToString()), Is.EqualTo(new[] { "10.1.2.3/32", "10.0.0.0/8", "fd00::/64" }));
            var (host, isOpen) = set.HostEndpoints.Single();
            Assert.That(
                Show(host.Labels),
                Is.EqualTo("pcns.env=own pcns.kubernetes.io/metadata.name=shop pcns.projectcalico.org/name=shop pcsa.projectcalico.org/name=web pcsa.role=front"));
            Assert.That(host.Ports, Is.EqualTo(new[] { new CalicoNamedPort("ssh", 6, 22) }));
            Assert.That(isOpen, Is.False);
            var skipped = set.Findings.Single();
            Assert.That((skipped.Id, skipped.Subject), Is.EqualTo(("net-skipped", "NetworkSet/shop/near")));
            Assert.That(skipped.Evidence, Does.Contain("2 entries").And.Contain("spec.nets[2] 'bogus'").And.Contain("spec.nets[4] '10.1'"));
        }

        static string Show(IReadOnlyDictionary<string, string> labels) =>
            string.Join(' ', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"));
    }

    [Test]
    public void Read_PolicyShownTwice_CountsOnceByItsCustomResource()
    {
        const string spec = "spec: {order: 5, types: [Ingress], ingress: [{action: Deny}]}";
        var renamed = Read(
            "v3.32.0",
            $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: foo, {Annotated}}}, {spec}}}",
            $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: default.foo, {Annotated}}}, {spec}}}",
            $"{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {{name: foo, uid: x}}, {spec}}}");
        var differing = Read(
            "v3.32.0",
            $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: foo, {Annotated}}}, {spec}}}",
            $"{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {{name: foo}}, spec: {{types: [Ingress]}}}}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(renamed.Policies.Single().Policy.StoredName, Is.EqualTo("default.foo"));
            Assert.That(renamed.Policies.Single().Findings, Is.Empty);
            Assert.That(differing.Policies.Single().Findings.Select(f => f.Code), Does.Contain("duplicate-policy"));
        }
    }

    [Test]
    public void Read_PolicyOfTwoTiersByName_IsNotTakenForOne()
    {
        const string spec = "spec: {order: 5, types: [Ingress], ingress: [{action: Pass}]}";
        var set = Read(
            "v3.31.0",
            $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: sec.foo, {Annotated}}}, {spec}}}",
            $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: default.sec.foo, {Annotated}}}, {spec}}}");
        Assert.That(set.Policies.Single().Findings.Select(f => f.Code), Does.Contain("duplicate-policy"));
    }

    [TestCase("v3.29.0", "NetworkPolicy", "{selector: \"a not\\nin {'x'}\", types: [Ingress]}", null)]
    [TestCase("v3.30.0", "NetworkPolicy", "{selector: \"a not\\nin {'x'}\", types: [Ingress]}", "selector-invalid spec.selector")]
    [TestCase("v3.26.0", "NetworkPolicy", "{selector: ' ', types: [Ingress]}", "selector-blank spec.selector")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], ingress: [{action: Allow, source: {domains: [example.com]}}]}", "unknown-field spec.ingress[0].source.domains")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], ingress: [{action: pass}]}", "malformed-field spec.ingress[0].action")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: ['90:80']}}]}", "malformed-field spec.ingress[0].destination.ports[0]")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], ingress: [{action: Allow, protocol: 300}]}", "malformed-field spec.ingress[0].protocol")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], ingress: [{action: Allow, protocol: ICMP, icmp: {type: 255}}]}", "malformed-field spec.ingress[0].icmp.type")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], ingress: {action: Allow}}", "malformed-field spec.ingress")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], order: first}", "malformed-field spec.order")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Ingress], doNotTrack: true}", "unknown-field spec.doNotTrack")]
    [TestCase("v3.26.0", "NetworkPolicy", "{types: [Sideways]}", "types-unknown spec.types[0]")]
    [TestCase("v3.26.0", "GlobalNetworkPolicy", "{types: [Ingress], namespaceSelector: 'a = b'}", "selector-invalid spec.namespaceSelector")]
    public void Read_PolicyWithAFault_NamesItsField(string version, string kind, string spec, string? expected)
    {
        var findings = Read(version, CalicoCase.Policy(version, kind, "p", spec)).Policies.Single().Findings;
        Assert.That(findings.Select(f => $"{f.Code} {f.Path}").SingleOrDefault(), Is.EqualTo(expected), string.Join('\n', findings));
    }

    [TestCase("GlobalNetworkSet", "{nets: [10.0.0.0/8], allowedEgressDomains: [example.com]}", "unknown-field GlobalNetworkSet/o spec.allowedEgressDomains")]
    [TestCase("GlobalNetworkSet", "{nets: 10.0.0.0/8}", "malformed-field GlobalNetworkSet/o spec.nets")]
    [TestCase("GlobalNetworkSet", "{nets: [5]}", "malformed-field GlobalNetworkSet/o spec.nets[0]")]
    [TestCase("HostEndpoint", "{node: n1, ports: [{name: x, protocol: GRE, port: 5}]}", "malformed-field HostEndpoint/o spec.ports[0].port")]
    [TestCase("HostEndpoint", "{node: n1, colour: red}", "unknown-field HostEndpoint/o spec.colour")]
    [TestCase("Tier", "{order: one}", "malformed-field Tier/o spec.order")]
    public void Read_OtherObjectWithAFault_NamesItsField(string kind, string spec, string expected)
    {
        var findings = Read("v3.29.0", $"{{apiVersion: crd.projectcalico.org/v1, kind: {kind}, metadata: {{name: o}}, spec: {spec}}}").Findings;
        Assert.That(findings.Select(f => $"{f.Id} {f.Subject}"), Is.EqualTo(new[] { expected }));
    }

    [TestCase("podSelector: {}, ingress: [{from: [{}]}]", "spec.ingress[0].from[0]")]
    [TestCase("podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]", "spec.ingress[0].from[0]")]
    [TestCase("podSelector: {}, ingress: [{ports: [{port: 0}]}]", "spec.ingress[0].ports[0].port")]
    [TestCase("podSelector: {}, ingress: [{ports: [{port: 90, endPort: 80}]}]", "spec.ingress[0].ports[0].endPort")]
    [TestCase("podSelector: {}, ingress: [{ports: [{endPort: 80}]}]", "spec.ingress[0].ports[0].endPort")]
    [TestCase("podSelector: {}, ingress: [{ports: [{protocol: ICMP}]}]", "spec.ingress[0].ports[0].protocol")]
    public void Read_KubernetesPolicyThatTheApiServerRefuses_NamesItsField(string spec, string path)
    {
        var findings = Read("v3.26.0", $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: k, namespace: shop}}, spec: {{policyTypes: [Ingress], {spec}}}}}")
            .KubernetesPolicies.Single().Findings;
        Assert.That(findings.Select(f => $"{f.Code} {f.Path}"), Is.EqualTo(new[] { $"malformed-field {path}" }));
    }

    [TestCase("'['")]
    [TestCase("'[1, 2]'")]
    [TestCase("'{\"labels\": 5}'")]
    [TestCase("'{\"name\": 5}'")]
    [TestCase("'{\"name\": \"a\", \"name\": \"b\"}'")]
    public void Read_BrokenMetadataAnnotation_IsAFinding(string annotation)
    {
        var set = Read(
            "v3.28.0",
            $"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: default.p, annotations: {{projectcalico.org/metadata: {annotation}}}}}, spec: {{types: [Ingress]}}}}");
        Assert.That(set.Policies.Single().Findings.Select(f => f.Code), Is.EqualTo(new[] { "malformed-field" }));
    }

    private static ReleaseVersion Version(string text) => ReleaseVersion.TryParse(text, out var version) ? version : throw new FormatException(text);

    private static CalicoPolicySet Read(string version, params string[] documents) => CalicoPolicySet.Read(new CalicoCase(version, documents).Snapshot, Version(version));
}
