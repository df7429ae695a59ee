using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RestartRuleTests
{
    private const string Surge = """{"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}""";

    /// <summary>Kubernetes' own arithmetic: a surge is rounded up, what may be missing down, and both cannot be nothing.</summary>
    [TestCase("Deployment", """{"replicas": 1}""", ExpectedResult = 0)]
    [TestCase("Deployment", """{"replicas": 3}""", ExpectedResult = 0)]
    [TestCase("Deployment", """{"replicas": 10}""", ExpectedResult = 2)]
    [TestCase("Deployment", """{"replicas": 4, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}""", ExpectedResult = 1)]
    [TestCase("Deployment", """{"replicas": 4, "strategy": {"rollingUpdate": {"maxUnavailable": "60%"}}}""", ExpectedResult = 2)]
    [TestCase("Deployment", """{"replicas": 4, "strategy": {"type": "Recreate"}}""", ExpectedResult = 4)]
    [TestCase("Deployment", """{"replicas": 2, "strategy": {"rollingUpdate": {"maxUnavailable": 5}}}""", ExpectedResult = 2)]
    [TestCase("Deployment", "{}", ExpectedResult = 0)]
    [TestCase("StatefulSet", """{"replicas": 3}""", ExpectedResult = 1)]
    [TestCase("StatefulSet", """{"replicas": 5, "updateStrategy": {"rollingUpdate": {"maxUnavailable": "40%"}}}""", ExpectedResult = 2)]
    [TestCase("DaemonSet", "{}", ExpectedResult = 1)]
    [TestCase("DaemonSet", """{"updateStrategy": {"rollingUpdate": {"maxUnavailable": "25%"}}}""", ExpectedResult = 3)]
    [TestCase("DaemonSet", """{"updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}""", ExpectedResult = 0)]
    public int Missing_IsWhatKubernetesMakesOfTheStrategy(string kind, string spec) => RestartRule.Missing(kind, Workload(spec));

    [TestCase("Deployment", """{"replicas": 4}""", null, null, "")]
    [TestCase("Deployment", """{"replicas": 8}""", null, 1, "evicted one by one: its own strategy takes 2 Pods at once, and 1 may be missing")]
    [TestCase("Deployment", """{"replicas": 40}""", null, 5, "evicted 5 at a time: its own strategy takes 10 Pods at once, and 5 may be missing")]
    [TestCase("Deployment", """{"replicas": 8}""", 1L, null, "evicted one by one: its own strategy takes 2 Pods at once, and its PodDisruptionBudget lets 1 go now")]
    [TestCase("Deployment", """{"replicas": 8}""", 2L, 2, "")]
    [TestCase("Deployment", $$"""{"replicas": 8, "strategy": {{Surge}}}""", 0L, 1, "")]
    [TestCase("Deployment", """{"replicas": 8, "paused": true}""", null, 3, "evicted 3 at a time: its rollout is paused")]
    [TestCase("StatefulSet", """{"replicas": 3}""", 0L, null, "evicted one by one: its own strategy takes 1 Pods at once, and its PodDisruptionBudget lets 0 go now")]
    [TestCase("StatefulSet", """{"replicas": 9, "updateStrategy": {"type": "OnDelete"}}""", null, 4, "evicted one by one: its updateStrategy is OnDelete")]
    [TestCase("StatefulSet", """{"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}""", null, null, "evicted one by one: its rollout stops at partition 2")]
    [TestCase("DaemonSet", """{"updateStrategy": {"type": "OnDelete"}}""", null, 4, "evicted 4 at a time: its updateStrategy is OnDelete")]
    [TestCase("ReplicationController", "{}", null, 2, "evicted 2 at a time")]
    [TestCase("CloneSet", "{}", null, null, "evicted one by one")]
    [TestCase("Job", "{}", null, 2, "waited for")]
    [TestCase("Pod", "{}", null, 2, "refused: it has no controller, and nobody would make it anew; delete it, or put it under a Deployment")]
    public void Of_EachKind_HasItsRule(string kind, string spec, long? budget, int? most, string rule) =>
        Assert.That(
            RestartRule.Of(new WorkloadOwner(kind, "shop", "w"), Workload(spec), RestartRank.Others, budget, new RestartLimits(most)).ToString(), Is.EqualTo(rule));

    [TestCase("Deployment", """{"replicas": 8}""", null, "in place, 2 at a time")]
    [TestCase("Deployment", """{"replicas": 8}""", 1, "in place, one by one")]
    [TestCase("Deployment", $$"""{"replicas": 8, "strategy": {{Surge}}}""", 5, "in place, one by one")]
    [TestCase("Deployment", """{"replicas": 8, "strategy": {"type": "Recreate"}}""", 5, "in place, one by one")]
    [TestCase("Deployment", """{"replicas": 8, "paused": true}""", null, "in place, 2 at a time")]
    [TestCase("StatefulSet", """{"replicas": 9, "updateStrategy": {"type": "OnDelete"}}""", 4, "in place, one by one")]
    [TestCase("DaemonSet", """{"updateStrategy": {"rollingUpdate": {"maxUnavailable": "50%"}}}""", 4, "in place, 4 at a time")]
    [TestCase("CloneSet", "{}", null, "in place, one by one")]
    [TestCase("CloneSet", "{}", 3, "in place, 3 at a time")]
    [TestCase("Pod", "{}", 3, "in place, 3 at a time")]
    [TestCase("Job", "{}", 3, "waited for")]
    [TestCase("StaticPod", "{}", 3, "refused: it is a static Pod, which only its manifest on the Node restarts; set hostNetwork there, or move the manifest away for the migration")]
    public void Of_InPlace_PodsStayWhereThatDoesNotEndThem(string kind, string spec, int? most, string rule) =>
        Assert.That(
            RestartRule.Of(
                new WorkloadOwner(kind, "shop", "w"), kind is "Deployment" or "StatefulSet" or "DaemonSet" ? Workload(spec) : null, RestartRank.Others, 0,
                new RestartLimits(most) { InPlace = true }).ToString(),
            Is.EqualTo(rule));

    /// <summary>Kubelet would not start them again.</summary>
    [TestCase("Always", ExpectedResult = RestartManner.InPlace)]
    [TestCase("OnFailure", ExpectedResult = RestartManner.Evict)]
    [TestCase("Never", ExpectedResult = RestartManner.Evict)]
    public RestartManner RuleOf_InPlace_OnlyPodsThatRestartAlways(string policy)
    {
        var snapshot = SnapshotFixtures.Read(Pod("shop", "sync", "Sync", "", "app: sync").Replace("nodeName", $"restartPolicy: {policy}, nodeName", StringComparison.Ordinal));
        var order = new RestartOrder(snapshot);
        return order.RuleOf(order.Of(snapshot.Pods).Single(), new RestartLimits(null) { InPlace = true }).Manner;
    }

    [Test]
    public void Of_WhatEverybodyNeeds_GoesPodByPodWhateverTheLimit()
    {
        var wide = Workload("""{"replicas": 8}""");
        var owner = new WorkloadOwner("Deployment", "kube-system", "coredns");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(RestartRule.Of(owner, wide, RestartRank.ClusterDns, null, new RestartLimits(10)).AtOnce, Is.EqualTo(1));
            Assert.That(RestartRule.Of(owner, wide, RestartRank.Webhooks, null, new RestartLimits(10)).AtOnce, Is.EqualTo(1));
            Assert.That(RestartRule.Of(owner, wide, RestartRank.Servers, null, new RestartLimits(10)).AtOnce, Is.EqualTo(2));
        }
    }

    /// <summary>A rollout under way uses its budget up; a run after a crash must not take that for a reason to evict beside it.</summary>
    [Test]
    public void Of_WorkloadThatRollsAlready_GoesOnRolling()
    {
        var owner = new WorkloadOwner("Deployment", "shop", "w");
        var limits = new RestartLimits(null);
        Assert.That(RestartRule.Of(owner, Workload("""{"replicas": 8}"""), RestartRank.Others, 0, limits).Manner, Is.EqualTo(RestartManner.Evict));
        Assert.That(RestartRule.Of(owner, Workload("""{"replicas": 8}"""), RestartRank.Others, 0, limits with { IsRolling = true }).Manner, Is.EqualTo(RestartManner.Roll));
    }

    [Test]
    public void Of_MovingAddresses_RollsSingleDeploymentsOnly()
    {
        var limits = new RestartLimits(null) { OneByOne = true };
        Assert.That(RestartRule.Of(new WorkloadOwner("Deployment", "shop", "w"), Workload("""{"replicas": 1}"""), RestartRank.Others, null, limits).Manner, Is.EqualTo(RestartManner.Roll));
        Assert.That(RestartRule.Of(new WorkloadOwner("Deployment", "shop", "w"), Workload("""{"replicas": 2}"""), RestartRank.Others, null, limits).ToString(), Is.EqualTo("evicted one by one: only Pods with clashing addresses"));
    }

    [Test]
    public void Order_DnsThenWhatTheApiServerAsksThenServersThenTheRestThenJobs()
    {
        var snapshot = SnapshotFixtures.Read(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: hook, namespace: a}
            spec: {selector: {app: hook}}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: metrics, namespace: z}
            spec: {selector: {app: metrics}}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: a}
            spec: {selector: {app: web}}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: MutatingWebhookConfiguration
            metadata: {name: hook}
            webhooks: [{name: h, clientConfig: {service: {namespace: a, name: hook}}}]
            ---
            apiVersion: apiregistration.k8s.io/v1
            kind: APIService
            metadata: {name: v1.metrics}
            spec: {service: {namespace: z, name: metrics}}

            """
            + Pod("a", "batch", "Job", "", "app: web") + Pod("a", "client", "StatefulSet", "", "app: client") + Pod("a", "web", "StatefulSet", "", "app: web")
            + Pod("z", "metrics", "StatefulSet", "", "app: metrics") + Pod("a", "hook", "StatefulSet", "", "app: hook") + Pod("z", "dns", "StatefulSet", "", "k8s-app: kube-dns")
            + Pod("a", "mirror", "Node", "annotations: {kubernetes.io/config.mirror: x}, ", "app: x"));
        Assert.That(
            new RestartOrder(snapshot).Of(snapshot.Pods).Select(w => $"{w.Rank} {w}"),
            Is.EqualTo(new[]
            {
                "ClusterDns StatefulSet/z/dns", "Webhooks StatefulSet/a/hook", "Webhooks StatefulSet/z/metrics", "Servers StatefulSet/a/web",
                "Others StatefulSet/a/client", "Others StaticPod/a/mirror", "Jobs Job/a/batch",
            }));
    }

    /// <summary>An empty selector selects all in policy/v1 and none in policy/v1beta1, which servers before 1.21 have.</summary>
    [TestCase("policy/v1", "{}", ExpectedResult = 0L)]
    [TestCase("policy/v1beta1", "{}", ExpectedResult = null)]
    [TestCase("policy/v1beta1", "{matchLabels: {app: web}}", ExpectedResult = 0L)]
    public long? BudgetOf_EmptySelector_MeansWhatItsVersionSays(string version, string selector)
    {
        var snapshot = SnapshotFixtures.Read(
            $"apiVersion: {version}\nkind: PodDisruptionBudget\nmetadata: {{name: b, namespace: shop}}\nspec: {{selector: {selector}}}\nstatus: {{disruptionsAllowed: 0}}\n"
            + Pod("shop", "web", "ReplicaSet", "", "app: web"));
        return new RestartOrder(snapshot).BudgetOf(snapshot.Pods);
    }

    private static JsonObject Workload(string spec) => new() { ["spec"] = JsonNode.Parse(spec), ["status"] = JsonNode.Parse("""{"desiredNumberScheduled": 10}""") };

    private static string Pod(string ns, string owner, string kind, string metadata, string labels) =>
        $"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {owner}, namespace: {ns}, {metadata}labels: {{{labels}}}, ownerReferences: [{{kind: {kind}, name: {owner}, controller: true}}]}}\n"
        + "spec: {nodeName: w1}\nstatus: {phase: Running, podIP: 10.244.0.1}\n";
}
