using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Execution.Steps;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PartitionPlanTests
{
    private static readonly string Cluster = PartitionPlannerTests.Nodes(3) + PartitionPlannerTests.Service("shop", "web")
        + PartitionPlannerTests.Pod("shop", "client", "n1", 1) + PartitionPlannerTests.Pod("shop", "web", "n2", 2) + PartitionPlannerTests.Pod("shop", "other", "n3", 3)
        + Pool("Always, natOutgoing: true")
        + string.Concat(Enumerable.Range(1, 3).Select(n =>
            $"---\napiVersion: crd.projectcalico.org/v1\nkind: IPAMBlock\nmetadata: {{name: 10-10-{n}-64-26}}\n"
            + $"spec: {{cidr: 10.10.{n}.64/26, affinity: \"host:n{n}\", allocations: [], attributes: [], unallocated: []}}\n"));

    private static readonly MigrationOptions Options = new() { Bridge = BridgeKind.Partition, FirstPart = ["n1"], AntreaVersion = "v2.7.0" };

    /// <summary>Each Node is through before a new Pod of it has waited for the others.</summary>
    [Test]
    public void Steps_OfAPartOfSeveralNodes_GoNodeByNodeFromTheFileToTheRoutes() => Assert.That(
        Steps().Where(s => s.Phase == MigrationPhase.SecondPart && s.Kind is MigrationStepKind.ReleaseHold or MigrationStepKind.StopCalico or MigrationStepKind.ClearRoutes).Select(s => (s.Node, s.Kind)),
        Is.EqualTo(new[]
        {
            ("n2", MigrationStepKind.ReleaseHold), ("n2", MigrationStepKind.StopCalico), ("n2", MigrationStepKind.ClearRoutes),
            ("n3", MigrationStepKind.ReleaseHold), ("n3", MigrationStepKind.StopCalico), ("n3", MigrationStepKind.ClearRoutes),
        }));

    [Test]
    public void Check_WhatAPartMayWaitFor_IsNamedBesideTheMinutes()
    {
        var yaml = Cluster.Replace("kind: ReplicaSet, name: client,", "kind: Job, name: client,", StringComparison.Ordinal)
            .Replace("kind: ReplicaSet, name: other,", "kind: Deployment, name: other,", StringComparison.Ordinal)
            + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other, namespace: shop}\nspec: {replicas: 1, selector: {matchLabels: {app: other}}}\n";
        var findings = Check(yaml, Options);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(findings.Single(f => f.Id == "partition-waits-for-jobs").Evidence, Does.Contain("On Nodes of the first part run Job/shop/client").And.Contain("60 min at most"));
            Assert.That(
                findings.Single(f => f.Id == "partition-surges-within-a-part").Evidence, Does.Contain("Of Deployment/shop/other a successor must be ready").And.Contain("on a Node of the rest (n2, n3)"));
            Assert.That(findings.Where(f => f.Id is "partition-waits-for-jobs" or "partition-surges-within-a-part").Select(f => f.Severity), Is.All.EqualTo(Severity.Warning));
            Assert.That(Check(Cluster, Options).Select(f => f.Id), Has.None.StartsWith("partition-waits").And.None.StartsWith("partition-surges"));
        }
    }

    [Test]
    public void Steps_OfEachPart_AreConsentAgentsPoliciesCutRestart()
    {
        var kinds = Steps().Where(s => s.Phase == MigrationPhase.FirstPart).Select(s => (s.Kind, s.Node)).ToList();
        Assert.That(kinds, Is.EqualTo(new (MigrationStepKind, string?)[]
        {
            (MigrationStepKind.Hold, null), (MigrationStepKind.CordonNode, "n2"), (MigrationStepKind.CordonNode, "n3"), (MigrationStepKind.AdmitAntrea, "n1"),
            (MigrationStepKind.InstallAntrea, null), (MigrationStepKind.ConvertPolicies, null), (MigrationStepKind.ReleaseHold, "n1"), (MigrationStepKind.StopCalico, "n1"),
            (MigrationStepKind.ClearRoutes, "n1"), (MigrationStepKind.TryCanaries, null), (MigrationStepKind.RestartPods, null), (MigrationStepKind.AssertPods, null),
            (MigrationStepKind.CleanNode, "n1"), (MigrationStepKind.UncordonNode, "n2"), (MigrationStepKind.UncordonNode, "n3"),
        }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Restarts(MigrationPhase.FirstPart), Is.EqualTo(new[] { "ReplicaSet/shop/client (1 Pods; evicted one by one)" }));
            Assert.That(Restarts(MigrationPhase.SecondPart), Has.Length.EqualTo(2));
            Assert.That(Steps().TakeWhile(s => s.Phase != MigrationPhase.RemoveCalico).Select(s => s.Reversibility), Has.None.EqualTo(Reversibility.Final));
            Assert.That(Steps().First(s => s.Kind == MigrationStepKind.AdmitAntrea).Phase, Is.EqualTo(MigrationPhase.FirstPart), "no agent before somebody has seen the hold");
        }
    }

    [Test]
    public void Check_TwoParts_AsksForConsent()
    {
        var consent = Check(Cluster, Options).Single(f => f.Id == PartitionBridge.Consent);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(consent.Severity, Is.EqualTo(Severity.Blocker));
            Assert.That(consent.Evidence, Does.Contain("n1 goes first").And.Contain("1 of 2 flows between workloads break: ReplicaSet/shop/client → ReplicaSet/shop/web (1 of 1 pairs)").And.Contain("for about 6 min"));
            Assert.That(consent.Remedy, Does.Contain("--ignore partition-breaks-flows"));
        }
    }

    [TestCase("n9", "partition-impossible")]
    [TestCase("n1,n2,n3", "partition-impossible")]
    public void Check_NamesThatLeaveNoTwoParts_Blocks(string names, string id) =>
        Assert.That(Check(Cluster, Options with { FirstPart = [.. names.Split(',')] }).Select(f => f.Id), Is.EqualTo(new[] { id }));

    [TestCase("Always, natOutgoing: false", "", "pool-without-nat-outgoing")]
    [TestCase("Always, natOutgoing: true", "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\n", "operator-keeps-calico-node")]
    [TestCase(
        "Always, natOutgoing: true",
        "---\napiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: default.p, namespace: shop}\nspec: {selector: all(), ingress: [{action: Deny, source: {selector: app == 'x'}}]}\n",
        "partition-freezes-denials")]
    public void Check_WhatAPartitionCannotBear_Blocks(string pool, string more, string id) => Assert.That(
        Check(Cluster.Replace(Pool("Always, natOutgoing: true"), Pool(pool), StringComparison.Ordinal) + more, Options).Where(f => f.Severity == Severity.Blocker).Select(f => f.Id),
        Does.Contain(id));

    [TestCase("networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {} }]}]}", true)]
    [TestCase("networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {}, egress: [{to: [{namespaceSelector: {} }]}]}", true)]
    [TestCase("networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8} }]}]}", false)]
    [TestCase("crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.p}, spec: {selector: all(), ingress: [{action: Allow, source: {serviceAccounts: {names: [a]} } }]}", true)]
    [TestCase("crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.p}, spec: {selector: all(), ingress: [{action: Allow, source: {nets: [10.0.0.0/8]} }]}", false)]
    public void Check_PoliciesThatNamePeersWhereAddressesAreInUseTwice_Block(string policy, bool blocks)
    {
        var yaml = "---\n{apiVersion: " + policy + "}\n";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Check(Cluster + yaml, Options).Any(f => f.Id == "partition-shares-addresses"), Is.EqualTo(blocks));
            Assert.That(
                Check(Cluster.Replace("cidr: 10.10.", "cidr: 10.99.", StringComparison.Ordinal) + yaml, Options).Select(f => f.Id), Has.None.EqualTo("partition-shares-addresses"),
                "blocks that lie in no PodCIDR");
        }
    }

    [TestCase("n9", "Always, natOutgoing: true", "partition-impossible")]
    [TestCase("n1", "Always, natOutgoing: false", "pool-without-nat-outgoing")]
    public void Plan_WithoutWhatAPartitionNeeds_BlocksWhoeverIgnoresIt(string first, string pool, string id)
    {
        var options = Options with { FirstPart = [first], IgnoredFindings = [PartitionBridge.Consent, id] };

        var plan = MigrationPlanner.Plan(SnapshotFixtures.Read(Cluster.Replace(Pool("Always, natOutgoing: true"), Pool(pool), StringComparison.Ordinal)), options);

        Assert.That(plan.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => f.Id), Does.Contain(id));
    }

    [Test]
    public void Check_FlowOfAWorkloadThatNobodyHas_Blocks() => Assert.That(
        Check(Cluster, Options with { Flows = [new WorkloadFlow("ReplicaSet/shop/client", "ReplicaSet/shop/wbe")] }).Where(f => f.Id == "flow-without-pods").Select(f => f.Subject),
        Is.EqualTo(new[] { "ReplicaSet/shop/wbe" }));

    [Test]
    public void Plan_WithConsentMissing_HasThePartsAndNoSteps()
    {
        var plan = MigrationPlanner.Plan(SnapshotFixtures.Read(Cluster), Options);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((plan.Scenario, plan.IsExecutable, plan.Steps.Length, plan.Readdressing), Is.EqualTo(("Partition", false, 0, (Readdressing?)null)));
            Assert.That(plan.Partition!.FirstPart, Is.EqualTo(new[] { "n1" }));
            Assert.That(plan.Findings.Where(f => f.Id == "block-overlaps-pod-cidr").Select(f => f.Severity), Is.Not.Empty.And.All.EqualTo(Severity.Warning));
            Assert.That(plan.Findings.Select(f => f.Id), Has.None.EqualTo("no-free-space-to-move-to"));
            Assert.That(PlanJson.Format(PlanJson.Parse(PlanJson.Format(plan), "test")), Is.EqualTo(PlanJson.Format(plan)));
            Assert.That(MigrationPlanner.Plan(SnapshotFixtures.Read(Cluster), Options with { FirstPart = ["n2"] }).Fingerprint, Is.Not.EqualTo(plan.Fingerprint));
        }
    }

    /// <summary>Packets are walked: between the parts they are lost in both directions, within a part and to Nodes they arrive.</summary>
    [Test]
    public void Losses_WhileTheFirstPartMoves_AreWhatLeavesIt()
    {
        var snapshot = SnapshotFixtures.Read(Cluster);
        var losses = PartitionLosses.Of(snapshot, PartitionPlanner.Of(snapshot, Options)!, []).Where(l => l.Phase == MigrationPhase.FirstPart).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(losses.Select(l => (l.From, l.To, l.Place)), Is.SupersetOf(new[]
            {
                ("Antrea Pods of the first part", "Calico Pods of the rest", "other Node"), ("Calico Pods of the rest", "Antrea Pods of the first part", "other Node"),
                ("Nodes of the rest", "Antrea Pods of the first part", "other Node"), ("Nodes of the first part", "Calico Pods of the rest", "other Node"),
            }));
            Assert.That(losses.Where(l => l.To.StartsWith("Nodes", StringComparison.Ordinal)), Is.Empty, "Nodes are reached, from Pods that have not restarted too");
            Assert.That(losses.Where(l => l.From.EndsWith("the rest", StringComparison.Ordinal) && l.To == "Calico Pods of the rest"), Is.Empty, "the rest is not disturbed");
            Assert.That(losses.Where(l => l.From.EndsWith("first part", StringComparison.Ordinal) && l.To == "Antrea Pods of the first part" && l.Place == "same Node" && !l.From.StartsWith("Calico", StringComparison.Ordinal)), Is.Empty);
            Assert.That(losses.Select(l => l.Reason), Has.All.StartsWith("the "));
        }
    }

    /// <summary>What was begun decides what the way back has.</summary>
    [TestCase(MigrationStepKind.DeferAntrea, "AdmitAntrea ReleaseHold")]
    [TestCase(MigrationStepKind.ConfineCalico, "AdmitAntrea FreeCalico ReleaseHold")]
    [TestCase(MigrationStepKind.CordonNode, "UncordonNode RemoveAntrea CleanAntreaNode AdmitAntrea FreeCalico ReleaseHold")]
    [TestCase(MigrationStepKind.ReleaseHold, "UncordonNode HoldCalico RestartPods RemoveAntrea CleanAntreaNode AdmitAntrea FreeCalico ReleaseHold")]
    [TestCase(MigrationStepKind.StopCalico, "UncordonNode ReadmitCalico HoldCalico RestartPods RemoveAntrea CleanAntreaNode AdmitAntrea FreeCalico ReleaseHold")]
    [TestCase(MigrationStepKind.RestartPods, "UncordonNode ReadmitCalico HoldCalico RestartPods RemoveAntrea CleanAntreaNode AdmitAntrea FreeCalico ReleaseHold")]
    public void Rollback_AfterAStep_UndoesWhatWasBegun(MigrationStepKind last, string kinds)
    {
        var snapshot = SnapshotFixtures.Read(Cluster);
        var plan = MigrationPlanner.Plan(snapshot, Options) with { Findings = [], Steps = [.. Steps()] };
        var begun = plan.Steps.Take(plan.Steps.IndexOf(plan.Steps.First(s => s.Kind == last)) + 1).Select(s => new JournalEntry(DateTimeOffset.UnixEpoch, s.Id, JournalState.Done, ""));
        string[] asked = ["UncordonNode", "ReadmitCalico", "HoldCalico", "RestartPods", "RemoveAntrea", "CleanAntreaNode", "AdmitAntrea", "FreeCalico", "ReleaseHold"];

        var rollback = RollbackPlanner.Plan(plan, begun, snapshot);

        Assert.That(string.Join(' ', rollback.Steps.Select(s => s.Kind.ToString()).Distinct().Where(asked.Contains)), Is.EqualTo(kinds));
        Assert.That(rollback.Steps.Where(s => s.Kind == MigrationStepKind.ReadmitCalico).Select(s => s.Node), Is.All.EqualTo("n1"));
    }

    /// <summary>What was done up to a step and begun of it, as a process leaves it that dies there.</summary>
    [TestCase(MigrationPhase.FirstPart, MigrationStepKind.CordonNode, PartitionProgress.NotBegun)]
    [TestCase(MigrationPhase.FirstPart, MigrationStepKind.AdmitAntrea, PartitionProgress.InFirstPart)]
    [TestCase(MigrationPhase.FirstPart, MigrationStepKind.RestartPods, PartitionProgress.InFirstPart)]
    [TestCase(MigrationPhase.FirstPart, MigrationStepKind.CleanNode, PartitionProgress.Apart)]
    [TestCase(MigrationPhase.SecondPart, MigrationStepKind.Hold, PartitionProgress.Apart)]
    [TestCase(MigrationPhase.SecondPart, MigrationStepKind.StopCalico, PartitionProgress.InSecondPart)]
    [TestCase(MigrationPhase.SecondPart, MigrationStepKind.AssertPods, PartitionProgress.InSecondPart)]
    [TestCase(MigrationPhase.SecondPart, MigrationStepKind.UncordonNode, PartitionProgress.Moved)]
    public void Progress_OfAJournal_SaysHowFarThePartsAre(MigrationPhase phase, MigrationStepKind kind, PartitionProgress progress)
    {
        var plan = MigrationPlanner.Plan(SnapshotFixtures.Read(Cluster), Options) with { Findings = [], Steps = [.. Steps()] };
        var last = plan.Steps.First(s => s.Phase == phase && s.Kind == kind);
        var record = new MigrationRecord(
            plan, null, [.. plan.Steps.TakeWhile(s => s != last).Append(last).Select(s => new JournalEntry(DateTimeOffset.UnixEpoch, s.Id, s == last ? JournalState.Intent : JournalState.Done, ""))]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(record.Progress, Is.EqualTo(progress));
            Assert.That((record with { Rollback = plan }).Progress, Is.EqualTo(PartitionProgress.NotBegun), "it is being undone");
        }
    }

    [Test]
    public void Check_TheConsent_SaysWhatItsMinutesTakeForGranted() => Assert.That(
        Check(Cluster, Options).Single(f => f.Id == PartitionBridge.Consent).Evidence,
        Does.EndWith("Minutes are for 4 Nodes side by side (--nodes-at-once); hooks, and what an error budget makes wait, come on top"));

    [Test]
    public void Avoiding_AnAffinity_AddsToEachAlternative()
    {
        const string before = """{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Exists"}]},{"matchFields":[]}]}}}""";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                NodeLabels.Avoiding(System.Text.Json.Nodes.JsonNode.Parse(before), "x").ToJsonString(),
                Is.EqualTo("""{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"x","operator":"DoesNotExist"}]},{"matchFields":[],"matchExpressions":[{"key":"x","operator":"DoesNotExist"}]}]}}}"""));
            Assert.That(
                NodeLabels.Avoiding(null, "x").ToJsonString(),
                Is.EqualTo("""{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"x","operator":"DoesNotExist"}]}]}}}"""));
        }
    }

    private static IEnumerable<MigrationStep> Steps()
    {
        var snapshot = SnapshotFixtures.Read(Cluster);
        return PlanSteps.Of(snapshot, new PartitionBridge(PartitionPlanner.Of(snapshot, Options)), null, Options, []);
    }

    private static string[] Restarts(MigrationPhase phase) => [.. Steps().Where(s => s.Phase == phase && s.Kind == MigrationStepKind.RestartPods).SelectMany(s => s.Restarts)];

    private static List<Finding> Check(string yaml, MigrationOptions options)
    {
        ClusterSnapshot snapshot = SnapshotFixtures.Read(yaml);
        return [.. new PartitionBridge(PartitionPlanner.Of(snapshot, options)).Check(snapshot, options)];
    }

    private static string Pool(string mode) =>
        $"---\napiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {{name: pool}}\nspec: {{cidr: 10.10.0.0/22, ipipMode: {mode}}}\n";
}
