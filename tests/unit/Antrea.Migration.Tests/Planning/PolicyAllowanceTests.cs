using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PolicyAllowanceTests
{
    private static readonly PolicyConversionOptions Options = new() { AntreaVersion = "v2.7.0" };

    [Test]
    public void Of_PolicyRoute_OpensServersPortsToClientsTunnels()
    {
        var (snapshot, outlook) = Of(PolicyPredictionTests.Friends, BridgeKind.PolicyRoute);
        var allowance = outlook.Allowances.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outlook.Changes, Is.Empty);
            Assert.That(
                AllowanceObjects.Of(allowance, snapshot.Nodes).ToJsonString(),
                Is.EqualTo(
                    """{"apiVersion":"crd.projectcalico.org/v1","kind":"NetworkPolicy","metadata":{"name":"default.antrea-migration-allow-1","namespace":"shop","labels":"""
                    + """{"app.kubernetes.io/managed-by":"antrea-migrator","antrea-migration/allowance":"antrea-pods"}},"spec":{"order":-1,"selector":"app in {\u0027server\u0027}","types":"""
                    + """["Ingress"],"ingress":[{"action":"Allow","protocol":"TCP","source":{"nets":["10.10.200.0/32","10.10.201.0/32"]},"destination":{"ports":[80]}}]}}"""));
            Assert.That(allowance.ToString(), Is.EqualTo("ReplicaSet/shop/server (Calico Pods): TCP 80 from the Calico tunnels of 2 Nodes, for ReplicaSet/shop/friend (Antrea Pods)"));
            Assert.That(
                outlook.LetIn.Select(c => (c.From, c.Place, string.Join(' ', c.Ports))),
                Is.EqualTo(new[]
                {
                    ("ReplicaSet/shop/server (Antrea Pods)", "other Node", "TCP 80"), ("ReplicaSet/shop/stranger (Antrea Pods)", "other Node", "TCP 80"),
                    ("the Nodes themselves, and Pods on their network", "other Node", "TCP 80"),
                }));
            Assert.That(PolicyPrediction.Judge(outlook, PolicyMode.Available).Select(f => (f.Id, f.Severity)), Is.EqualTo(new[] { ("policy-allowance", Severity.Warning) }));
        }
    }

    /// <summary>Calico's rules masquerade on after the last Pod has moved, so what keeps connections stays until they are gone from the Nodes.</summary>
    [Test]
    public void Plan_WhereCalicoMasqueradesAntreaPods_HasAllowancesUntilNodesAreClean()
    {
        var snapshot = SnapshotFixtures.Read(PolicyPredictionTests.PartlyCovered + PolicyPredictionTests.Friends + PolicyPredictionTests.Antrea("noEncap"));
        var bridge = BridgeStrategy.Of(BridgeKind.Pool);
        var outlook = PolicyPrediction.Of(snapshot, bridge, null, "v2.7.0", PolicyMode.Available, []);
        var kept = outlook.Allowances.Where(a => a.Phase == MigrationPhase.RemoveCalico).ToList();
        var steps = PlanSteps.Of(snapshot, bridge, null, new MigrationOptions(), outlook.Allowances).Select(s => (s.Phase, s.Kind)).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(kept.Select(a => a.ToString()), Is.EqualTo(new[] { "ReplicaSet/shop/server (Antrea Pods): TCP 80 from the addresses of 2 Nodes, for ReplicaSet/shop/friend (Antrea Pods)" }));
            Assert.That(steps.Where(s => s.Kind == MigrationStepKind.AllowMasqueraded).Select(s => s.Phase), Is.EqualTo(new[] { MigrationPhase.AntreaPods, MigrationPhase.RemoveCalico }));
            Assert.That(steps.FindAll(s => s.Kind == MigrationStepKind.WithdrawAllowances), Has.Count.EqualTo(1), "one phase's take the place of the other's");
            Assert.That(
                steps.FindIndex(s => s.Kind == MigrationStepKind.WithdrawAllowances), Is.GreaterThan(steps.FindLastIndex(s => s.Kind == MigrationStepKind.CleanNode)));
        }
    }

    /// <summary>What leaves by net1 has an address of its own, which nobody knows before the Pod is there.</summary>
    [Test]
    public void Of_Multus_HasNothingNarrowAndBlocks()
    {
        var outlook = Of(PolicyPredictionTests.Friends, BridgeKind.Multus).Outlook;
        Assert.That(
            PolicyPrediction.Judge(outlook, PolicyMode.Available).Where(f => f.Severity == Severity.Blocker).Select(f => f.Evidence),
            Has.Some.Contains("which is no address of the client's Node"));
    }

    [TestCase("ports: [80, 8000:8100]", "TCP 80, TCP 8000-8100")]
    [TestCase("notPorts: [22, 100:200]", "TCP 1-21, TCP 23-99, TCP 201-65535")]
    [TestCase("", "every TCP port")]
    [TestCase("ports: [1:1024]", "TCP 1-1024")]
    [TestCase("ports: [1:65535]", "every TCP port")]
    public void Of_PortsOfARule_OpensTheseAndNoOthers(string ports, string expected) => Assert.That(
        string.Join(", ", Of(Rule($"protocol: TCP, source: {{selector: app == 'friend'}}, destination: {{{ports}}}"), BridgeKind.PolicyRoute).Outlook.Allowances.Single().Ports),
        Is.EqualTo(expected));

    [Test]
    public void Of_AProtocolByItsNumber_IsThatProtocol() => Assert.That(
        string.Join(", ", Of(Rule("protocol: 17, source: {selector: app == 'friend'}, destination: {ports: [53]}"), BridgeKind.PolicyRoute).Outlook.Allowances.Single().Ports),
        Is.EqualTo("UDP 53"));

    /// <summary>A rule without a source says as much about its ports as one with a source.</summary>
    [Test]
    public void Of_PortsThatAnotherRuleDeniesToAll_StayDenied() => Assert.That(
        string.Join(", ", Of(Policy("deny", 1, "action: Deny, protocol: TCP, destination: {ports: [22]}") + Policy("p", 10, "action: Allow, protocol: TCP, source: {selector: app == 'friend'}"), BridgeKind.PolicyRoute)
            .Outlook.Allowances.Single().Ports),
        Is.EqualTo("TCP 1-21, TCP 23-65535"));

    /// <summary>An allowance behind a Service that Nodes serve lets in who asks a Node.</summary>
    [Test]
    public void Of_ServersBehindANodePort_SaysSo() => Assert.That(
        Of(
            PolicyPredictionTests.Friends + "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {type: NodePort, clusterIP: 10.96.0.7, selector: {app: server}, ports: [{port: 80}]}\n",
            BridgeKind.PolicyRoute).Outlook.LetIn.Select(c => c.From),
        Has.Some.EqualTo("whoever asks one of these Nodes for Service shop/s"));

    /// <summary>Whoever gets such a label later falls under another policy, and no longer under the allowance.</summary>
    [Test]
    public void Of_LabelsThatPoliciesAskServersForAndNobodyHas_AreToStayAway()
    {
        const string quarantine =
            """
            ---
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkPolicy
            metadata: {name: default.quarantine}
            spec: {order: 1, selector: quarantine == 'true' && projectcalico.org/orchestrator == 'k8s', types: [Ingress], ingress: [{action: Deny, source: {selector: rogue == 'true'}, destination: {selector: grade == 'low'}}]}
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: q, namespace: shop}
            spec: {podSelector: {matchLabels: {isolated: "yes"}}, ingress: []}

            """;
        var (snapshot, outlook) = Of(PolicyPredictionTests.Friends + quarantine, BridgeKind.PolicyRoute);
        Assert.That(
            AllowanceObjects.Of(outlook.Allowances.Single(), snapshot.Nodes).TextAt("spec", "selector"),
            Is.EqualTo("app in {'server'} && !has(grade) && !has(isolated) && !has(quarantine)"));
    }

    /// <summary>Refused in words before anything begins, and not by the API server in the middle.</summary>
    [TestCase(40, true)]
    [TestCase(60, false)]
    public void Of_SelectorThatCalicoWouldNotTake_Blocks(int labels, bool fits)
    {
        var terms = string.Join(" || ", Enumerable.Range(0, labels).Select(i => $"quarantine-{i:00} == 'x'"));
        var policy = $"---\napiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {{name: default.q}}\nspec: {{order: 1, selector: \"{terms}\", types: [Ingress], ingress: [{{action: Deny}}]}}\n";
        var (_, outlook) = Of(PolicyPredictionTests.Friends + policy, BridgeKind.PolicyRoute);
        Assert.That(outlook.Allowances, Has.Length.EqualTo(fits ? 1 : 0));
        Assert.That(PolicyPrediction.Judge(outlook, PolicyMode.Available).Any(f => f.Severity == Severity.Blocker && f.Evidence.Contains("1024 characters", StringComparison.Ordinal)), Is.Not.EqualTo(fits));
    }

    /// <summary>Newer definitions bound lists, too.</summary>
    [Test]
    public void Of_ManyNodesAndPorts_AreSeveralRules()
    {
        var (snapshot, outlook) = Of(PolicyPredictionTests.Friends, BridgeKind.PolicyRoute);
        var nodes = Enumerable.Range(0, 300).Select(i => snapshot.Nodes[0] with { Name = $"n{i}", InternalIPs = [Cidr.Parse("172.18.0.0/16").AddressAt((UInt128)i)], CalicoTunnelAddresses = [] }).ToList();
        var allowance = outlook.Allowances.Single() with
        {
            Nodes = [.. nodes.Select(n => n.Name)],
            Ports = [.. Enumerable.Range(0, 60).Select(i => new AllowedPorts("TCP", 1000 + (2 * i), 1000 + (2 * i)))],
        };
        Assert.That(
            AllowanceObjects.Of(allowance, nodes).At("spec", "ingress")!.AsArray().Select(r => (r!["source"]!["nets"]!.AsArray().Count, r["destination"]!["ports"]!.AsArray().Count)),
            Is.EqualTo(new[] { (256, 50), (44, 50), (256, 10), (44, 10) }));
    }

    /// <summary>Service accounts may tell Pods apart that have the same labels.</summary>
    [Test]
    public void Of_ServersThatOnlyTheirServiceAccountTellsApart_HasNothingNarrowAndBlocks()
    {
        const string policy =
            """
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: default, namespace: shop}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: other, namespace: shop}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: other-b, namespace: shop, labels: {app: server}, ownerReferences: [{kind: ReplicaSet, name: other, controller: true}]}
            spec: {nodeName: b, serviceAccountName: other, containers: [{name: c, ports: [{containerPort: 80}]}]}
            status: {phase: Running, podIP: 10.10.201.9}
            ---
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkPolicy
            metadata: {name: default.accounts, namespace: shop}
            spec: {order: 10, serviceAccountSelector: projectcalico.org/name == 'other', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {selector: app == 'friend'}, destination: {ports: [80]}}]}

            """;
        var snapshot = SnapshotFixtures.Read(
            PolicyPredictionTests.Cluster.Replace("spec: {nodeName:", "spec: {serviceAccountName: default, nodeName:", StringComparison.Ordinal)
                .Replace("kind: Namespace\nmetadata: {name: shop}", "kind: Namespace\nmetadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}", StringComparison.Ordinal)
            + policy);
        var outlook = PolicyPrediction.Of(snapshot, BridgeStrategy.Of(BridgeKind.PolicyRoute), null, Options.AntreaVersion, PolicyMode.Available, []);
        Assert.That(
            PolicyPrediction.Judge(outlook, PolicyMode.Available).Select(f => (f.Severity, f.Evidence)),
            Has.One.Matches<(Severity Severity, string Evidence)>(f =>
                f.Severity == Severity.Blocker && f.Evidence.Contains("policies tell the servers from other Pods by more than labels", StringComparison.Ordinal)));
    }

    [Test]
    public void Of_NoAddresses_IsNoObject()
    {
        var (snapshot, outlook) = Of(PolicyPredictionTests.Friends, BridgeKind.PolicyRoute);
        Assert.That(() => AllowanceObjects.Of(outlook.Allowances.Single() with { Nodes = ["gone"] }, snapshot.Nodes), Throws.InvalidOperationException);
    }

    /// <summary>Where no Node takes the clients, there is nobody to allow.</summary>
    [Test]
    public void Of_ClientsThatNoNodeTakes_HasNothingNarrowAndBlocks()
    {
        var snapshot = SnapshotFixtures.Read((PolicyPredictionTests.Cluster + PolicyPredictionTests.Friends).Replace("spec: {nodeName: a, ", "spec: {nodeName: a, nodeSelector: {none: such}, ", StringComparison.Ordinal)
            .Replace("spec: {nodeName: b, ", "spec: {nodeName: b, nodeSelector: {none: such}, ", StringComparison.Ordinal));
        var outlook = PolicyPrediction.Of(snapshot, BridgeStrategy.Of(BridgeKind.PolicyRoute), null, Options.AntreaVersion, PolicyMode.Available, []);
        Assert.That(PolicyPrediction.Judge(outlook, PolicyMode.Available).Select(f => f.Evidence), Has.Some.Contains("no Node that the clients may run on has an address of that kind"));
    }

    /// <summary>Rules name sets by their labels, and tiers end in what they say.</summary>
    [TestCase("kind: Tier\nmetadata: {name: first}\nspec: {order: 1}", "order: 1", "order: 2")]
    [TestCase("kind: GlobalNetworkSet\nmetadata: {name: s, labels: {a: b}}\nspec: {nets: [192.0.2.0/24]}", "192.0.2.0", "198.51.100.0")]
    [TestCase("kind: GlobalNetworkSet\nmetadata: {name: s, labels: {a: b}}\nspec: {nets: [192.0.2.0/24]}", "a: b", "a: c")]
    [TestCase("kind: NetworkSet\nmetadata: {name: s, namespace: shop}\nspec: {nets: [192.0.2.0/24]}", "192.0.2.0", "198.51.100.0")]
    public void HashOf_WhatPoliciesGoBy_DiffersWhereThatDoes(string obj, string before, string after)
    {
        var yaml = PolicyPredictionTests.Cluster + "---\napiVersion: crd.projectcalico.org/v1\n" + obj + "\n";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Hash(yaml), Is.EqualTo(Hash(yaml)));
            Assert.That(Hash(yaml.Replace(before, after, StringComparison.Ordinal)), Is.Not.EqualTo(Hash(yaml)));
        }

        static string Hash(string yaml) => AllowanceObjects.HashOf(SnapshotFixtures.Read(yaml));
    }

    /// <summary>One that an earlier run has left is no policy: Calico shows it in both of its API groups, in the newer one without its label.</summary>
    [Test]
    public void Plan_WhereAnAllowanceIsLeft_LeavesItOutAndSaysSo()
    {
        var (snapshot, outlook) = Of(PolicyPredictionTests.Friends, BridgeKind.PolicyRoute);
        var left = AllowanceObjects.Of(outlook.Allowances.Single(), snapshot.Nodes);
        var shown = (System.Text.Json.Nodes.JsonObject)left.DeepClone();
        shown["apiVersion"] = "projectcalico.org/v3";
        shown["metadata"] = new System.Text.Json.Nodes.JsonObject { ["name"] = "antrea-migration-allow-1", ["namespace"] = "shop" };
        var with = snapshot with { Objects = snapshot.Objects.Add(new ClusterObject(left, "cluster")).Add(new ClusterObject(shown, "cluster")) };
        var options = new MigrationOptions { AntreaVersion = "v2.7.0", Bridge = BridgeKind.PolicyRoute, PolicyMode = PolicyMode.Available };

        var plan = MigrationPlanner.Plan(with, options);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Id, Is.EqualTo(MigrationPlanner.Plan(snapshot, options).Id));
            Assert.That(
                plan.Findings.Where(f => f.Id == "policy-allowance-left").Select(f => (f.Severity, f.Subject)),
                Is.EqualTo(new[] { (Severity.Warning, "shop/default.antrea-migration-allow-1") }));
        }
    }

    [Test]
    public void Proof_OfAnAllowanceForMoreThanItSays_Fails()
    {
        var (snapshot, outlook) = Of(PolicyPredictionTests.Friends, BridgeKind.PolicyRoute);
        var right = outlook.Allowances.Single();
        var wide = right with { Ports = [new AllowedPorts("TCP", 1, 65535)] };
        var without = PolicyEvaluators.CalicoTables(snapshot, Options);
        var pods = PolicyWorld.From(snapshot).Pods;
        PolicyPodClass server = new("server", [.. pods.Where(p => p.Labels["app"] == "server")], false, [new PolicyPort(IPProtocol.Tcp, 80, 80, "TCP 80"), PolicyPort.Rest(IPProtocol.Tcp, "TCP", [])!.Value]);
        var mixture = new PolicyMixture(right.Phase, default, default, false, "", snapshot.Nodes[0].CalicoTunnelAddresses[0], right.Addresses);
        var proof = new AllowanceProof(snapshot, [server], [new PolicyAllowances.Planned(right, [mixture], server, [server.Ports[0]], [])]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(proof.FirstFault(PolicyEngine.Calico, without, AllowanceProof.Calico(snapshot, [right], Options)), Is.Null);
            Assert.That(proof.FirstFault(PolicyEngine.Calico, without, AllowanceProof.Calico(snapshot, [wide], Options)), Does.StartWith("10.10.200.0 to server, any other TCP"));
            Assert.That(proof.FirstFault(PolicyEngine.Calico, without, without), Does.StartWith("10.10.200.0 to server, TCP 80"));
        }
    }

    private static string Rule(string rule) => Policy("p", 10, $"action: Allow, {rule}");

    private static string Policy(string name, int order, string rule) =>
        $"---\napiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {{name: default.{name}, namespace: shop}}\n"
        + $"spec: {{order: {order}, selector: app == 'server', types: [Ingress], ingress: [{{{rule}}}]}}\n";

    private static (ClusterSnapshot Snapshot, PolicyPrediction.Outlook Outlook) Of(string policy, BridgeKind bridge)
    {
        var snapshot = SnapshotFixtures.Read(PolicyPredictionTests.Cluster + policy);
        return (snapshot, PolicyPrediction.Of(snapshot, BridgeStrategy.Of(bridge), null, Options.AntreaVersion, PolicyMode.Available, []));
    }
}
