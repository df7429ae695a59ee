using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>The converter's frame: what it writes, what it collects, and the cluster-wide conditions.</summary>
public sealed class PolicyConverterTests
{
    [Test]
    public void Convert_ASelectorOfNoValueInUse_IsNotSaidToSelectNothingEver()
    {
        var policy = PolicyCluster.Examples().NetworkPolicy("shop", "p", "{selector: \"app starts with 'x'\", types: [Ingress]}").Convert().Policies.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Fidelity, Is.EqualTo(Fidelity.Snapshot));
            Assert.That(policy.Findings.Select(f => f.Code), Is.EqualTo(new[] { "label-values-frozen" }));
        }
    }

    [Test]
    public void Convert_Policy_WritesThisYaml()
    {
        var conversion = PolicyCluster.Examples().NetworkPolicy("shop", "web", """
            {selector: "app == 'web' || role in {'a', 'b'}", types: [Ingress],
             ingress: [{action: Allow, protocol: TCP, source: {namespaceSelector: "env != 'prod'"}, destination: {ports: [80, "8000:8010"]}}]}
            """).Convert();
        Assert.That(string.Join("---\n", conversion.Objects.Select(ObjectYaml.Write)), Is.EqualTo("""
            apiVersion: crd.antrea.io/v1beta1
            kind: Tier
            metadata:
              name: calico-default
              labels:
                app.kubernetes.io/managed-by: antrea-migrator
              annotations:
                antrea-migration/origin: "projectcalico.org/v3 Tier default"
            spec:
              priority: 202
              description: "Made from projectcalico.org/v3 Tier default."
            ---
            apiVersion: crd.antrea.io/v1beta1
            kind: NetworkPolicy
            metadata:
              name: calico-web
              namespace: shop
              labels:
                app.kubernetes.io/managed-by: antrea-migrator
              annotations:
                antrea-migration/origin: "projectcalico.org/v3 NetworkPolicy shop/web"
            spec:
              tier: calico-default
              priority: 1
              appliedTo:
              - podSelector:
                  matchLabels:
                    app: web
              - podSelector:
                  matchExpressions:
                  - key: role
                    operator: In
                    values:
                    - a
                    - b
              ingress:
              - name: ingress-1
                action: Allow
                from:
                - namespaceSelector:
                    matchExpressions:
                    - key: env
                      operator: NotIn
                      values:
                      - prod
                ports:
                - protocol: TCP
                  port: 80
                - protocol: TCP
                  port: 8000
                  endPort: 8010
            ---
            apiVersion: crd.antrea.io/v1beta1
            kind: NetworkPolicy
            metadata:
              name: calicoend-default
              namespace: shop
              labels:
                app.kubernetes.io/managed-by: antrea-migrator
              annotations:
                antrea-migration/origin: "projectcalico.org/v3 Tier default, its end"
            spec:
              tier: calico-default
              priority: 2
              appliedTo:
              - podSelector:
                  matchLabels:
                    app: web
              - podSelector:
                  matchExpressions:
                  - key: role
                    operator: In
                    values:
                    - a
                    - b
              ingress:
              - name: end-ingress
                action: Drop

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void Convert_SeveralFaults_AreAllReportedWithTheirPaths()
    {
        var conversion = PolicyCluster.Examples().NetworkPolicy("shop", "web", """
            {selector: "global()", types: [Ingress, Egress],
             ingress: [{action: Log}, {action: Allow, protocol: TCP, source: {selector: has(a), nets: [10.10.4.0/24], ports: [http]}}],
             egress: [{action: Allow, destination: {nets: [10.10.4.0/24, 300.0.0.0/8], domains: [a.example]}}]}
            """).Convert();
        var policy = conversion.Policies.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Fidelity, Is.EqualTo(Fidelity.Refused));
            Assert.That(policy.Objects, Is.Empty);
            Assert.That(policy.Findings.Select(f => $"{f.Code} {f.Path}"), Is.EquivalentTo(new[]
            {
                "unknown-field spec.egress[0].destination.domains",
                "action-log spec.ingress[0].action",
                "selector-and-nets spec.ingress[1].source.nets[0]",
                "named-port spec.ingress[1].source.ports",
                "net-invalid spec.egress[0].destination.nets[1]",
                "selector-global spec.selector",
                "net-in-pool spec.egress[0].destination.nets[0]",
            }));
            Assert.That(policy.Rules.Select(r => r.Fidelity), Is.EqualTo(new[] { Fidelity.Refused, Fidelity.Refused, Fidelity.Refused }), "the selector is refused, so is every rule");
            Assert.That(
                conversion.Findings.Select(f => f.Subject), Has.Some.EqualTo("NetworkPolicy/shop/web spec.ingress[0].action"));
        }
    }

    [Test]
    public void Convert_RefusedPolicy_LeavesTheOthersTheirRanks()
    {
        var conversion = PolicyCluster.Examples()
            .GlobalPolicy("a", "{order: 1, types: [Ingress], ingress: [{action: Allow, notProtocol: TCP}]}")
            .GlobalPolicy("b", "{order: 2, types: [Ingress]}")
            .Convert();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.HasRefusals, Is.True);
            Assert.That(conversion.Policies.Select(p => p.Fidelity), Is.EqualTo(new[] { Fidelity.Refused, Fidelity.Exact }));
        }
    }

    [TestCase("v3.26.1", "default.web", "{}", "web")]
    [TestCase("v3.28.0", "default.web", "{\"labels\":{\"a\":\"b\"}}", "web")]
    [TestCase("v3.30.0", "sec.web", "{\"name\":\"sec.web\"}", "sec.web")]
    [TestCase("v3.31.0", "default.web", "{\"name\":\"web\"}", "web")]
    [TestCase("v3.32.0", "web", "{\"name\":\"web\"}", "web")]
    [TestCase("v3.26.1", "default.web", null, "default.web")]
    public void Convert_StoredName_IsShownAsUsersKnowIt(string version, string stored, string? annotation, string expected)
    {
        var annotations = annotation is null ? "" : $", annotations: {{projectcalico.org/metadata: '{annotation}'}}";
        var conversion = PolicyCluster.Examples(version)
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 5}}")
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {{name: {stored}, namespace: shop{annotations}}}, spec: {{types: [Ingress]}}}}")
            .Convert();
        Assert.That(conversion.Policies.Single().Name, Is.EqualTo(expected));
    }

    [Test]
    public void Convert_SamePolicyInBothApiGroups_CountsOnce()
    {
        var conversion = PolicyCluster.Examples()
            .NetworkPolicy("shop", "web", "{types: [Ingress]}")
            .Add("{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: web, namespace: shop, uid: x}, spec: {types: [Ingress]}}")
            .Convert();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.Policies, Has.Length.EqualTo(1));
            Assert.That(conversion.HasRefusals, Is.False, () => string.Join('\n', conversion.Findings));
        }
    }

    [Test]
    public void Convert_NetworkSetLabels_AreReadFromTheAnnotation()
    {
        var conversion = PolicyCluster.Examples("v3.31.0")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: NetworkSet, metadata: {name: s, namespace: shop, annotations: {projectcalico.org/metadata: '{\"labels\":{\"role\":\"corp\"}}'}}, spec: {nets: [192.0.2.0/24]}}")
            .NetworkPolicy("shop", "web", "{types: [Ingress], ingress: [{action: Allow, source: {selector: \"role == 'corp'\"}}]}")
            .Convert();
        Assert.That(conversion.Findings.Select(f => f.Id), Does.Contain("network-set-frozen"));
    }

    [Test]
    public void Convert_WithoutPoolsOrPodCidrs_RefusesRulesWithNetworks()
    {
        var cluster = PolicyCluster.Examples().NetworkPolicy(
            "shop", "web", "{types: [Egress], egress: [{action: Allow, destination: {nets: [192.0.2.0/24]}}, {action: Allow, destination: {nets: [0.0.0.0/0]}}]}");
        var bare = cluster.Snapshot with { CalicoIpam = CalicoIpam.Empty, Pods = [] };
        var codes = PolicyConverter.Convert(bare, cluster.Options).Policies.Single().Findings.Select(f => $"{f.Code} {f.Path}");
        Assert.That(codes, Is.EqualTo(new[] { "addresses-unknown spec.egress[0].destination.nets[0]" }));
    }

    [Test]
    public void Convert_ClusterConditions_AreFindings()
    {
        var cluster = PolicyCluster.Examples().NetworkPolicy("shop", "web", "{types: [Ingress]}");
        var windows = cluster.Snapshot with
        {
            Nodes = [.. cluster.Snapshot.Nodes, new NodeInfo { Name = "w", OperatingSystem = "windows", PodCidrs = [Cidr.Parse("10.10.9.0/24")] }],
        };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Codes(windows, cluster.Options), Is.EqualTo(new[] { "windows-node" }));
            Assert.That(Codes(cluster.Snapshot, cluster.Options with { AntreaVersion = "v1.13.0" }), Is.EqualTo(new[] { "antrea-version" }));
            Assert.That(Codes(cluster.Snapshot, cluster.Options with { AntreaVersion = "v1.14.0" }), Is.EqualTo(new[] { "ended-pods" }));
            Assert.That(Codes(cluster.Snapshot, new PolicyConversionOptions()), Is.EqualTo(new[] { "calico-version" }));
            Assert.That(Codes(cluster.Snapshot, new PolicyConversionOptions { CalicoVersion = "v3.25.0" }), Is.EqualTo(new[] { "calico-version" }));
            Assert.That(
                () => PolicyConverter.Convert(cluster.Snapshot, new PolicyConversionOptions { CalicoVersion = "newest" }), Throws.ArgumentException);
            Assert.That(
                () => PolicyConverter.Convert(cluster.Snapshot, new PolicyConversionOptions { AntreaVersion = "" }), Throws.ArgumentException);
        }

        cluster.Add("{apiVersion: crd.projectcalico.org/v1, kind: ClusterInformation, metadata: {name: default}, spec: {calicoVersion: v3.26.1, datastoreReady: true}}");
        Assert.That(Codes(cluster.Snapshot, new PolicyConversionOptions()), Is.Empty);
    }

    [Test]
    public void Convert_NothingAtAll_IsEmptyAndAsksOnlyAboutTheNode()
    {
        var conversion = PolicyConverter.Convert(new ClusterSnapshot(), new PolicyConversionOptions());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.Objects, Is.Empty);
            Assert.That(conversion.Findings.Select(f => f.Id), Is.EqualTo(new[] { "endpoint-to-host-unknown" }));
            Assert.That(conversion.HasRefusals, Is.False);
        }
    }

    [Test]
    public void Convert_MorePoliciesThanPriorities_TakesFractions()
    {
        var cluster = PolicyCluster.Examples();
        for (var i = 0; i < 11_999; i++)
        {
            cluster.NetworkPolicy("shop", $"p{i}", "{types: [Ingress], ingress: [{action: Allow}]}");
        }

        var priorities = cluster.Convert().Objects.Skip(1).Select(o => o["spec"]!["priority"]!.GetValue<double>()).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(priorities, Has.Count.EqualTo(12_000));
            Assert.That(priorities, Is.Unique);
            Assert.That(priorities, Has.All.InRange(1.0, 10000.0));
        }
    }

    [Test]
    public void Convert_LongAndSimilarNames_StayApart()
    {
        var longName = new string('a', 250);
        var names = PolicyCluster.Examples()
            .Namespace("web")
            .GlobalPolicy(longName + "1", "{types: [Ingress], ingress: [{action: Allow}]}")
            .GlobalPolicy(longName + "2", "{types: [Ingress], ingress: [{action: Allow}]}")
            .GlobalPolicy("web", "{types: [Ingress], ingress: [{action: Allow}]}")
            .GlobalPolicy("np-web", "{types: [Ingress], ingress: [{action: Allow}]}")
            .GlobalPolicy("np-web.web", "{types: [Ingress], ingress: [{action: Allow}]}")
            .GlobalPolicy("end-default", "{types: [Ingress], ingress: [{action: Allow}]}")
            .NetworkPolicy("web", "web", "{selector: has(pcns.env), types: [Ingress], ingress: [{action: Allow}]}")
            .Add("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: web}, spec: {podSelector: {}, ingress: [{}]}}")
            .Convert().Objects.Skip(1).Select(o => $"{o["kind"]} {o["metadata"]!["namespace"]} {o["metadata"]!["name"]}").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(names, Has.Count.EqualTo(9));
            Assert.That(names, Is.Unique);
            Assert.That(names, Has.Some.EqualTo("ClusterNetworkPolicy  caliconp-web.web").And.Some.EqualTo("NetworkPolicy web calicoknp-web"));
            Assert.That(names.Select(n => n.Split(' ')[2].Length), Has.All.LessThanOrEqualTo(253));
        }
    }

    [TestCase("{types: [Ingress], ingress: [{action: Allow}]}", false)]
    [TestCase("{types: [Ingress], ingress: [{action: Deny}]}", true)]
    public void PolicyGivenTwice_WithAnotherContent_IsNotChosenFrom(string second, bool isRefused)
    {
        var @case = new CalicoCase(
            "v3.31.0",
            CalicoCase.Policy("v3.31.0", "GlobalNetworkPolicy", "g", "{types: [Ingress], ingress: [{action: Allow}]}"),
            CalicoCase.Policy("v3.31.0", "GlobalNetworkPolicy", "g", second));
        var options = new PolicyConversionOptions { CalicoVersion = "v3.31.0" };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(PolicyConverter.Convert(@case.Snapshot, options).HasRefusals, Is.EqualTo(isRefused));
            Assert.That(PolicyVerifier.Verify(@case.Snapshot, [], options).Verdict, Is.EqualTo(isRefused ? ProofVerdict.NotProven : ProofVerdict.Equal));
            Assert.That(() => @case.Evaluator, isRefused ? Throws.TypeOf<NotSupportedException>() : Throws.Nothing);
        }
    }

    [TestCase("crd.projectcalico.org/v1", "projectcalico.org/v3", ExpectedResult = false)]
    [TestCase("v1", "crd.projectcalico.org/v1", ExpectedResult = true)]
    [TestCase("v1", "projectcalico.org/v3", ExpectedResult = true)]
    [TestCase("v1", "networking.k8s.io/v1", ExpectedResult = true)]
    [TestCase("v1", "policy/v1", ExpectedResult = false)]
    public bool ApiThatCannotAnswer_WhereItDecides_IsRefused(string present, string missing)
    {
        var snapshot = PolicyCluster.Examples()
            .Add($"{{apiVersion: {present}, kind: IPPool, metadata: {{name: p}}, spec: {{}}}}")
            .Snapshot;
        var unavailable = new Finding("api-unavailable", Severity.Blocker, $"API/{missing}", "it answers 503", "Repair it.");
        snapshot = snapshot with
        {
            Objects = [.. snapshot.Objects.Where(o => o.Kind != "FelixConfiguration" && o.Kind != "ClusterInformation")],
            ReadFindings = [unavailable],
        };
        return PolicyConverter.Convert(snapshot, new PolicyConversionOptions { CalicoVersion = "v3.31.0" }).HasRefusals;
    }

    [Test]
    public void EndpointSliceOfTheWrongShape_GivesNoEndpoints()
    {
        var snapshot = ClusterSnapshotBuilder.BuildLenient(
            YamlObjects.Read(
                """
                {apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: [app]}}
                ---
                {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}},
                 addressType: [IPv4], endpoints: [5, {addresses: [10.1.0.20, 7, none]}], ports: [5, {port: http}, {port: 1e99}, {port: 70000}]}
                """),
            []);
        var service = PolicyWorld.From(snapshot).Services.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((service.Selector.Count, service.Endpoints.Length, service.Addresses.Length), Is.EqualTo((0, 0, 1)));
            Assert.That(snapshot.ReadFindings.Where(f => f.Severity == Severity.Blocker).Select(f => f.Id), Is.Not.Empty.And.All.EqualTo("value-unreadable"));
        }
    }

    [TestCase("{selector: \"app contains 'w'\", types: [Ingress], ingress: [{action: Allow}]}", Fidelity.Snapshot, TestName = "Rule_fidelity_of_a_selector_that_is_frozen")]
    [TestCase("{serviceAccountSelector: \"has(x)\", types: [Ingress], ingress: [{action: Allow}]}", Fidelity.Snapshot, TestName = "Rule_fidelity_of_service_accounts_that_are_frozen")]
    [TestCase("{selector: \"all(\", types: [Ingress], ingress: [{action: Allow}]}", Fidelity.Refused, TestName = "Rule_fidelity_of_a_selector_that_is_none")]
    [TestCase("{selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Allow}]}", Fidelity.Exact, TestName = "Rule_fidelity_of_a_selector_that_is_exact")]
    public void Convert_PolicyWhoseSelectorIsNoBetter_SaysTheSameOfItsRules(string spec, Fidelity expected)
    {
        var policy = PolicyCluster.Examples()
            .Add("{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop, labels: {x: y}}}")
            .NetworkPolicy("shop", "p", spec).Convert().Policies.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Fidelity, Is.EqualTo(expected));
            Assert.That(policy.Rules.Select(r => r.Fidelity), Is.EqualTo(new[] { expected }));
        }
    }

    [Test]
    public void Convert_KubernetesPolicyOneOfWhoseDirectionsIsCompiled_SaysSoOfThatDirection()
    {
        var policy = PolicyCluster.Examples()
            .Add("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: k, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}}")
            .NetworkPolicy("shop", "p", "{types: [Ingress], ingress: [{action: Allow, protocol: UDP}]}")
            .Convert().Policies.Single(p => p.Name == "k");
        Assert.That(policy.Rules.Select(r => r.Fidelity), Is.EqualTo(new[] { Fidelity.Snapshot, Fidelity.Exact }));
    }

    [TestCase("web", "^calico-web$")]
    [TestCase("Web_1", "^calico-web-1-[0-9a-f]{8}$")]
    [TestCase("../../x", "^calico.x-[0-9a-f]{8}$")]
    [TestCase("-", "^calico-[0-9a-f]{8}$")]
    public void Convert_NameThatKubernetesWouldNotTake_IsMadeOneThatItDoes(string name, string expected)
    {
        var policy = PolicyCluster.Examples("v3.31.0")
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {{name: default.p, namespace: shop, annotations: {{projectcalico.org/metadata: '{{\"name\": \"{name}\"}}'}}}}, spec: {{types: [Ingress], ingress: [{{action: Allow}}]}}}}")
            .Convert().Policies.Single();
        Assert.That(policy.Objects.Single()["metadata"]!["name"]!.ToString(), Does.Match(expected));
    }

    private static IEnumerable<string> Codes(ClusterSnapshot snapshot, PolicyConversionOptions options) =>
        PolicyConverter.Convert(snapshot, options).Findings.Where(f => f.Severity != Severity.Info).Select(f => f.Id);
}
