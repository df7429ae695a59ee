using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PolicyPredictionTests
{
    internal const string Friends =
        """
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: p, namespace: shop}
        spec: {podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: 80}]}]}

        """;

    internal static readonly string Cluster = Node("a", 0) + Node("b", 1)
        + "---\napiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 10.10.0.0/16, ipipMode: Always, natOutgoing: true}\n"
        + Pod("friend", "a", "10.10.200.5") + Pod("friend", "b", "10.10.201.5") + Pod("server", "a", "10.10.200.6") + Pod("server", "b", "10.10.201.6") + Pod("stranger", "a", "10.10.200.7")
        + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
        + "---\napiVersion: crd.projectcalico.org/v1\nkind: ClusterInformation\nmetadata: {name: default}\nspec: {calicoVersion: v3.26.1}\n"
        + "---\napiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {defaultEndpointToHostAction: Accept}\n"
        + "---\napiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: kubernetes}\nspec: {cidrs: [10.96.0.0/16]}\n";

    [Test]
    public void Of_PolicyRoute_LosesAntreaClientsOfCalicoServersOnOtherNodes() =>
        Assert.That(Of(Friends, BridgeKind.PolicyRoute), Is.EqualTo(new[] { "AntreaPods: friend (Antrea) -> server (Calico), other Node, TCP 80" }));

    [Test]
    public void Of_Multus_LosesWhatLeavesOrArrivesByNet1() => Assert.That(Of(Friends, BridgeKind.Multus), Is.EquivalentTo(new[]
    {
        "AntreaPods: friend (Multus) -> server (Antrea), same Node, TCP 80",
        "AntreaPods: friend (Multus) -> server (Antrea), other Node, TCP 80",
        "AntreaPods: friend (Antrea) -> server (Multus), other Node, TCP 80",
    }));

    /// <summary>Calico's pool covers a's PodCIDR and not b's: where Nodes route between PodCIDRs, Calico masquerades what a's Antrea Pods send to b's.</summary>
    [TestCase("noEncap", true)]
    [TestCase("hybrid", true)]
    [TestCase("encap", false)]
    public void Of_PoolOverSomePodCidrs_LosesAntreaClientsOfAntreaServersUntilCalicosRulesAreGone(string encap, bool isMasqueraded)
    {
        var changes = Of(Friends + Antrea(encap), BridgeKind.PolicyRoute, PartlyCovered).Where(c => c.Contains("friend (Antrea) -> server (Antrea)", StringComparison.Ordinal));
        Assert.That(changes, Is.EqualTo(isMasqueraded
            ? new[]
            {
                "AntreaPods: friend (Antrea) -> server (Antrea), other Node, TCP 80",
                "RemoveCalico: friend (Antrea) -> server (Antrea), other Node, TCP 80",
            }
            : []));
    }

    /// <summary>A part's Nodes masquerade until they are cleaned: those of the first at the end of its move, those of the rest when Calico is removed. Of the Nodes that a restarted server is
    /// on, b and d have PodCIDRs that no pool covers; a and c are covered.</summary>
    [TestCase("noEncap", "a,b", "FirstPart: friend (Antrea) -> server (Antrea), other Node", "RemoveCalico: friend (Antrea) -> server (Antrea), other Node")]
    [TestCase(
        "encap", "a,b",
        "FirstPart: friend (Calico) -> server (Antrea), same Node", "FirstPart: friend (Calico) -> server (Antrea), other Node",
        "SecondPart: friend (Calico) -> server (Antrea), same Node", "SecondPart: friend (Calico) -> server (Antrea), other Node")]
    [TestCase("encap", "a,c", "SecondPart: friend (Calico) -> server (Antrea), same Node", "SecondPart: friend (Calico) -> server (Antrea), other Node")]
    public void Of_PartsWhosePodCidrsAreOutsideOfPools_LoseWhatCalicosRulesMasquerade(string encap, string first, params string[] changes)
    {
        var snapshot = Parted(encap);
        var bridge = new PartitionBridge(PartitionPlanner.Of(snapshot, new MigrationOptions { FirstPart = [.. first.Split(',')] }));

        var outlook = PolicyPrediction.Of(snapshot, bridge, null, "v2.7.0", PolicyMode.Refuse, []);

        var kept = PolicyPrediction.Of(snapshot, bridge, null, "v2.7.0", PolicyMode.Available, []);
        var found = outlook.Changes.Select(Describe).Select(c => c[..c.LastIndexOf(',')]).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outlook.Unknown, Is.Null);
            Assert.That(found, encap == "encap" ? Is.EquivalentTo(changes) : Is.SupersetOf(changes));
            Assert.That(PolicyPrediction.Judge(kept, PolicyMode.Available).Where(f => f.Evidence.Contains("Part ", StringComparison.Ordinal)).Select(f => (f.Id, f.Severity)), Is.Not.Empty.And.All.EqualTo(("policy-denies-while-mixed", Severity.Blocker)));
        }
    }

    /// <summary>Only d has rules of Calico's left, so that it and not the client's Node masquerades.</summary>
    [Test]
    public void PartitionMixtures_NodesThatAreClean_DoNotMasquerade()
    {
        var snapshot = Parted("noEncap");
        var partition = PartitionPlanner.Of(snapshot, new MigrationOptions { FirstPart = ["a", "b", "c"] })!;
        var last = PartitionMixtures.Of(snapshot, partition, []).Single(m => m.Phase == MigrationPhase.RemoveCalico);
        Assert.That((last.From, last.To, last.Place, last.Seen.ToString(), last.Addresses.Length), Is.EqualTo((PodNetworkKind.Antrea, PodNetworkKind.Antrea, "other Node", "10.10.3.1", 0)));
    }

    /// <summary>By a Service a bridged client leaves by net1, whatever the server is on.</summary>
    [Test]
    public void Of_MultusAndAService_LosesBridgedClientsFromTheFirstRestartOn() => Assert.That(
        Of(Friends + "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {clusterIP: 10.96.0.7, selector: {app: server}, ports: [{port: 80}]}\n", BridgeKind.Multus)
            .Where(c => c.StartsWith("MultusPods", StringComparison.Ordinal)),
        Is.SupersetOf(new[] { "MultusPods: friend (Multus) -> server (Calico, by a Service), other Node, TCP 80" }));

    /// <summary>kube-proxy masquerades what asks a ClusterIP from outside of its clusterCIDR: so it was before, and is no change.</summary>
    [Test]
    public void Of_WhatServicesMasqueradeAlready_IsNoChange() => Assert.That(
        Of(Friends
            + "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {clusterIP: 10.96.0.7, selector: {app: server}, ports: [{port: 80}]}\n"
            + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\ndata: {config.conf: '{mode: iptables, clusterCIDR: 10.10.0.0/17}'}\n", BridgeKind.PolicyRoute),
        Has.None.Contains("friend (Calico) -> server (Calico"));

    [Test]
    public void Of_RulesWithoutSources_ChangeNothing() =>
        Assert.That(Of(Friends.Replace("from: [{podSelector: {matchLabels: {app: friend}}}], ", ""), BridgeKind.Multus), Is.Empty);

    /// <summary>The port that clients may leave to is one of its own, though no rule about servers names it.</summary>
    [Test]
    public void Of_PortsThatOnlyEgressRulesName_AreToldApart() => Assert.That(
        Of(
            Friends.Replace(", ports: [{port: 80}]", "")
            + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: e, namespace: shop}\n"
            + "spec: {podSelector: {matchLabels: {app: friend}}, policyTypes: [Egress], egress: [{ports: [{port: 5432}]}]}\n",
            BridgeKind.PolicyRoute),
        Is.EqualTo(new[] { "AntreaPods: friend (Antrea) -> server (Calico), other Node, TCP 5432" }));

    /// <summary>A rule that denies a source does not meet it under another address.</summary>
    [Test]
    public void Judge_WhatOpens_BlocksInEveryMode()
    {
        const string policy =
            """
            ---
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkPolicy
            metadata: {name: default.p, namespace: shop}
            spec: {selector: app == 'server', types: [Ingress], ingress: [{action: Deny, source: {selector: app == 'stranger'}}, {action: Allow}]}

            """;
        var snapshot = SnapshotFixtures.Read(Cluster + policy);
        Assert.That(PolicyConverter.Convert(snapshot, new PolicyConversionOptions { AntreaVersion = "v2.7.0" }).Findings.Where(f => f.Severity == Severity.Blocker), Is.Empty);
        var changes = PolicyPrediction.Of(snapshot, BridgeStrategy.Of(BridgeKind.PolicyRoute), null, "v2.7.0", PolicyMode.Refuse, []);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(changes.Unknown, Is.Null);
            Assert.That(changes.Changes.Select(Describe), Is.EqualTo(new[] { "AntreaPods: stranger (Antrea) -> server (Calico), other Node, OPEN TCP 80, any other TCP, any other UDP" }));
            foreach (var mode in Enum.GetValues<PolicyMode>())
            {
                Assert.That(PolicyPrediction.Judge(changes, mode).Select(f => (f.Id, f.Severity)), Is.EqualTo(new[] { ("policy-opens-while-mixed", Severity.Blocker) }));
            }
        }
    }

    [Test]
    public void Judge_WhatIsDenied_BlocksUntilSomebodyAgrees()
    {
        var changes = PolicyPrediction.Of(SnapshotFixtures.Read(Cluster + Friends), BridgeStrategy.Of(BridgeKind.PolicyRoute), null, "v2.7.0", PolicyMode.Refuse, []);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(PolicyPrediction.Judge(changes, PolicyMode.Refuse).Select(f => (f.Id, f.Severity, f.Subject)), Is.EqualTo(new[] { ("policy-denies-while-mixed", Severity.Blocker, "ReplicaSet/shop/server (Calico Pods)") }));
            Assert.That(PolicyPrediction.Judge(changes, PolicyMode.Strict).Select(f => (f.Id, f.Severity)), Is.EqualTo(new[] { ("policy-denies-while-mixed", Severity.Warning) }));
            Assert.That(PolicyPrediction.Judge(new PolicyPrediction.Outlook([], "why"), PolicyMode.Strict).Select(f => f.Id), Is.EqualTo(new[] { "policy-changes-not-predicted" }));
        }
    }

    /// <summary><see cref="Cluster"/> with pools over Calico's blocks and the PodCIDR of Node a.</summary>
    internal static readonly string PartlyCovered = Cluster.Replace(
        "metadata: {name: pool}\nspec: {cidr: 10.10.0.0/16,",
        "metadata: {name: old}\nspec: {cidr: 10.10.0.0/24, ipipMode: Always, natOutgoing: true}\n"
            + "---\napiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 10.10.192.0/20,",
        StringComparison.Ordinal);

    internal static string Antrea(string encap) =>
        $"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: antrea-config, namespace: kube-system}}\ndata: {{antrea-agent.conf: 'trafficEncapMode: {encap}'}}\n";

    private static IEnumerable<string> Of(string policy, BridgeKind bridge, string? cluster = null) =>
        PolicyPrediction.Of(SnapshotFixtures.Read((cluster ?? Cluster) + policy), BridgeStrategy.Of(bridge), null, "v2.7.0", PolicyMode.Refuse, []).Changes.Select(Describe);

    private static string Describe(PredictedPolicyChange change) =>
        $"{change.Phase}: {Short(change.From)} -> {Short(change.To)}, {change.Place}, {(change.Opens ? "OPEN " : "")}{string.Join(", ", change.Ports)}";

    private static string Short(string end) => end.Replace("ReplicaSet/shop/", "", StringComparison.Ordinal).Replace(" Pods", "", StringComparison.Ordinal);

    /// <summary><see cref="PartlyCovered"/> with a Node c whose PodCIDR a pool covers, and a Node d whose none does.</summary>
    private static ClusterSnapshot Parted(string encap) => SnapshotFixtures.Read(
        PartlyCovered + Node("c", 2) + Node("d", 3) + Pod("friend", "d", "10.10.203.5") + Pod("server", "c", "10.10.202.6") + Pod("server", "d", "10.10.203.6")
        + Pool("more", "10.10.2.0/24") + Friends + Antrea(encap));

    private static string Pool(string name, string cidr) =>
        $"---\napiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {{name: {name}}}\nspec: {{cidr: {cidr}, ipipMode: Always, natOutgoing: true}}\n";

    private static string Node(string name, int index) =>
        $"---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}, annotations: {{projectcalico.org/IPv4IPIPTunnelAddr: 10.10.{200 + index}.0}}}}\n"
        + $"spec: {{podCIDR: 10.10.{index}.0/24}}\nstatus: {{addresses: [{{type: InternalIP, address: 172.18.0.{index + 2}}}]}}\n"
        + $"---\napiVersion: crd.projectcalico.org/v1\nkind: IPAMBlock\nmetadata: {{name: 10-10-{200 + index}-0-26}}\nspec: {{cidr: 10.10.{200 + index}.0/26, affinity: host:{name}, allocations: [], attributes: []}}\n";

    private static string Pod(string app, string node, string address) =>
        $"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {app}-{node}, namespace: shop, labels: {{app: {app}}}, ownerReferences: [{{kind: ReplicaSet, name: {app}, controller: true}}]}}\n"
        + $"spec: {{nodeName: {node}, containers: [{{name: c, ports: [{{containerPort: 80}}]}}]}}\nstatus: {{phase: Running, podIP: {address}}}\n";
}
