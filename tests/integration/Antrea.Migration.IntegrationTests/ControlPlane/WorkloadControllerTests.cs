using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Controllers;
using Antrea.Migration.Lab.ControlPlane;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

/// <summary>Deployments, DaemonSets and StatefulSets under their controllers.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class WorkloadControllerTests
{
    private static void SetImage(TestCluster cluster, ResourceType type, string image) =>
        cluster.Store.Mutate(type, "default", "web", o =>
        {
            o["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image;
            return true;
        });

    private static string Image(JsonObject pod) => pod.Items("spec", "containers").First().Text("image")!;

    private static bool Done(JsonObject workload, long replicas) =>
        workload.Number("status", "observedGeneration") == workload.Number("metadata", "generation")
        && workload.Number("status", "updatedReplicas") == replicas
        && workload.Number("status", "replicas") == replicas
        && workload.Number("status", "availableReplicas") == replicas;

    /// <summary>Calls back with the number of ready and of active Pods of the workload, at every change of a Pod.</summary>
    private static IDisposable Observe(TestCluster cluster, Action<int, int> observe) => cluster.Store.Subscribe(
        e =>
        {
            if (e.Resource == ResourceType.Pod)
            {
                var pods = cluster.PodsOf("web").Where(p => p.IsActive()).ToList();
                observe(pods.Count(p => p.IsReady()), pods.Count);
            }
        },
        cluster.Store.Version);

    [TestCase(4, "\"25%\"", "\"25%\"", 3, 5)]
    [TestCase(3, "\"25%\"", "\"25%\"", 3, 4)] // 25 % of 3 is no Pod fewer and one more
    [TestCase(3, "0", "1", 3, 4)]
    [TestCase(3, "2", "0", 1, 3)]
    [TestCase(1, "0", "\"0%\"", 0, 1)] // neither may be 0 at once: one may be missing
    [TestCase(10, "\"30%\"", "3", 7, 13)]
    public async Task A_rolling_update_stays_within_its_limits(int replicas, string maxUnavailable, string maxSurge, int least, int most)
    {
        await using var cluster = await TestCluster.StartAsync(CancellationToken.None);
        var strategy = $$"""{ "replicas": {{replicas}}, "strategy": { "rollingUpdate": { "maxUnavailable": {{maxUnavailable}}, "maxSurge": {{maxSurge}} } } }""";
        cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", strategy));
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, replicas), CancellationToken.None);
        var (fewestReady, mostActive) = (int.MaxValue, 0);
        using (Observe(cluster, (ready, active) => (fewestReady, mostActive) = (Math.Min(fewestReady, ready), Math.Max(mostActive, active))))
        {
            SetImage(cluster, ResourceType.Deployment, "nginx:2");
            await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, replicas), CancellationToken.None);
            await cluster.Plane.SettledAsync(CancellationToken.None);
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.PodsOf("web").Where(p => p.IsActive()).Select(Image), Is.All.EqualTo("nginx:2").And.Exactly(replicas).Items);
            Assert.That(fewestReady, Is.GreaterThanOrEqualTo(least));
            Assert.That(mostActive, Is.LessThanOrEqualTo(most));
        }
    }

    [Test]
    public async Task Any_rolling_update_ends_and_keeps_its_promise()
    {
        var limit = Gen.OneOf(Gen.Int[0, 4].Select(i => i.ToString()), Gen.Int[0, 100].Select(p => $"\"{p}%\""));
        await Gen.Select(Gen.Int[1, 9], limit, limit).SampleAsync(
            async c =>
            {
                var (replicas, maxUnavailable, maxSurge) = c;
                await using var cluster = await TestCluster.StartAsync(CancellationToken.None);
                var spec = TestCluster.Json(
                    $$"""{ "replicas": {{replicas}}, "strategy": { "rollingUpdate": { "maxUnavailable": {{maxUnavailable}}, "maxSurge": {{maxSurge}} } } }""");
                cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", spec.ToJsonString()));
                await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, replicas), CancellationToken.None);
                var rolling = spec.Object("strategy", "rollingUpdate");
                var surge = Of(rolling!["maxSurge"]!, replicas, up: true);
                var missing = Of(rolling["maxUnavailable"]!, replicas, up: false);
                (surge, missing) = surge == 0 && missing == 0 ? (0, 1) : (surge, missing);
                var kept = true;
                using var watching = Observe(cluster, (ready, active) => kept &= ready >= replicas - missing && active <= replicas + surge);
                SetImage(cluster, ResourceType.Deployment, "nginx:2");
                await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, replicas), CancellationToken.None);
                return kept;
            },
            iter: 20);

        // The rule in words: a percentage of the replicas, surge rounded up and unavailable down.
        static int Of(JsonNode value, int replicas, bool up) => value.Text() is { } text
            ? (int)(up ? Math.Ceiling(double.Parse(text.TrimEnd('%')) * replicas / 100) : Math.Floor(double.Parse(text.TrimEnd('%')) * replicas / 100))
            : (int)value.Number()!;
    }

    [Test]
    public async Task Recreate_has_no_Pod_of_both_templates(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", """{ "replicas": 3, "strategy": { "type": "Recreate" } }"""));
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, 3), token);
        var mixed = false;
        using var watching = Observe(cluster, (_, _) => mixed |= cluster.PodsOf("web").Select(Image).Distinct().Count() > 1);
        SetImage(cluster, ResourceType.Deployment, "nginx:2");
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, 3), token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mixed, Is.False);
            Assert.That(cluster.PodsOf("web").Select(Image), Is.All.EqualTo("nginx:2"));
        }
    }

    [Test]
    public async Task A_paused_Deployment_is_scaled_but_not_rolled(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", """{ "replicas": 2 }"""));
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, 2), token);
        cluster.Store.Mutate(ResourceType.Deployment, "default", "web", d =>
        {
            d["spec"]!["paused"] = true;
            d["spec"]!["replicas"] = 4;
            d["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "nginx:2";
            return true;
        });
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => d.Number("status", "availableReplicas") == 4, token);
        Assert.That(cluster.PodsOf("web").Select(Image), Is.All.EqualTo("nginx"));
    }

    [Test]
    public async Task Pods_are_available_after_they_were_ready_for_a_while(CancellationToken token)
    {
        var time = new FakeTimeProvider();
        await using var cluster = await TestCluster.StartAsync(token, time: time);
        cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", """{ "replicas": 2, "minReadySeconds": 10 }"""));
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => d.Number("status", "readyReplicas") == 2, token);
        await cluster.Plane.SettledAsync(token);
        var before = cluster.Store.Peek(ResourceType.Deployment, "default", "web").Number("status", "availableReplicas");
        time.Advance(TimeSpan.FromSeconds(11));
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => d.Number("status", "availableReplicas") == 2, token);
        Assert.That(before, Is.Zero);
    }

    [TestCase("{}", 3, 1)]
    [TestCase("""{ "rollingUpdate": { "maxUnavailable": 2 } }""", 3, 2)]
    [TestCase("""{ "rollingUpdate": { "maxUnavailable": "34%" } }""", 3, 2)] // rounded up
    [TestCase("""{ "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 } }""", 3, 0)]
    public async Task A_DaemonSet_rolls_within_its_limits(string strategy, int nodes, int missing)
    {
        await using var cluster = await TestCluster.StartAsync(CancellationToken.None, nodes);
        cluster.Store.Create(ResourceType.DaemonSet, TestCluster.NewWorkload("web", $$"""{ "updateStrategy": {{strategy}} }"""));

        bool Updated(JsonObject d) => d.Number("status", "updatedNumberScheduled") == nodes && d.Number("status", "numberAvailable") == nodes
            && d.Number("status", "observedGeneration") == d.Number("metadata", "generation");

        await cluster.UntilAsync(ResourceType.DaemonSet, "web", Updated, CancellationToken.None);
        var fewest = int.MaxValue;
        using (Observe(cluster, (ready, _) => fewest = Math.Min(fewest, ready)))
        {
            SetImage(cluster, ResourceType.DaemonSet, "nginx:2");
            await cluster.UntilAsync(ResourceType.DaemonSet, "web", Updated, CancellationToken.None);
        }

        await cluster.UntilAsync(s => cluster.PodsOf("web").Count == nodes, CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.PodsOf("web").Select(p => p.NodeName()), Is.EquivalentTo((string[])["worker1", "worker2", "worker3"]));
            Assert.That(cluster.PodsOf("web").Select(Image), Is.All.EqualTo("nginx:2"));
            Assert.That(fewest, Is.GreaterThanOrEqualTo(nodes - missing));
        }
    }

    [Test]
    public async Task A_DaemonSet_that_updates_on_delete_waits_for_the_deletion(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.DaemonSet, TestCluster.NewWorkload("web", """{ "updateStrategy": { "type": "OnDelete" } }"""));
        await cluster.UntilAsync(ResourceType.DaemonSet, "web", d => d.Number("status", "numberAvailable") == 3, token);
        SetImage(cluster, ResourceType.DaemonSet, "nginx:2");
        await cluster.Plane.SettledAsync(token);
        var before = cluster.PodsOf("web").Select(Image).ToList();
        cluster.Store.Stop(cluster.PodsOf("web")[0]);
        await cluster.UntilAsync(ResourceType.DaemonSet, "web", d => d.Number("status", "updatedNumberScheduled") == 1 && d.Number("status", "numberAvailable") == 3, token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(before, Is.All.EqualTo("nginx"));
            Assert.That(cluster.PodsOf("web").Select(Image).Order(), Is.EqualTo((string[])["nginx", "nginx", "nginx:2"]));
        }
    }

    [Test]
    public async Task A_DaemonSet_follows_its_Nodes(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.DaemonSet, TestCluster.NewWorkload("web"));
        await cluster.UntilAsync(ResourceType.DaemonSet, "web", d => d.Number("status", "numberAvailable") == 3, token);
        cluster.Store.Create(ResourceType.Node, TestCluster.NewNode("worker4"));
        cluster.Store.Delete(ResourceType.Node, "", "worker1");
        cluster.Store.Mutate(ResourceType.Node, "", "worker2", n =>
        {
            n.Ensure("spec")["unschedulable"] = true; // cordoned: DaemonSet Pods stay
            return true;
        });
        cluster.Store.Mutate(ResourceType.Node, "", "worker3", n =>
        {
            n.Ensure("spec")["taints"] = new JsonArray(new JsonObject { ["key"] = "out", ["effect"] = "NoExecute" });
            return true;
        });
        await cluster.UntilAsync(
            _ => cluster.PodsOf("web").Where(p => p.IsReady()).Select(p => p.NodeName()).Order().SequenceEqual(["worker2", "worker4"])
                && cluster.PodsOf("web").Count == 2,
            token);
        await cluster.Plane.SettledAsync(token);
        var status = cluster.Store.Peek(ResourceType.DaemonSet, "default", "web");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status.Number("status", "desiredNumberScheduled"), Is.EqualTo(2));
            Assert.That(status.Number("status", "numberMisscheduled"), Is.Zero);
        }
    }

    [Test]
    public async Task A_StatefulSet_starts_in_order_and_updates_from_the_end(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        var order = new List<string>();
        using var watching = cluster.Store.Subscribe(
            e =>
            {
                if (e.Resource == ResourceType.Pod && e.Type != StoreEventType.Modified)
                {
                    order.Add($"{(e.Type == StoreEventType.Added ? "+" : "-")}{e.Object.NameOf()}");
                }
            },
            cluster.Store.Version);
        cluster.Store.Create(ResourceType.StatefulSet, TestCluster.NewWorkload("web", """{ "replicas": 3, "serviceName": "web" }"""));
        await cluster.UntilAsync(ResourceType.StatefulSet, "web", s => Done(s, 3), token);
        SetImage(cluster, ResourceType.StatefulSet, "nginx:2");
        await cluster.UntilAsync(ResourceType.StatefulSet, "web", s => Done(s, 3), token);
        Assert.That(order, Is.EqualTo((string[])["+web-0", "+web-1", "+web-2", "-web-2", "+web-2", "-web-1", "+web-1", "-web-0", "+web-0"]));
    }

    [TestCase("Background")]
    [TestCase("Foreground")]
    public async Task A_deleted_Deployment_takes_its_ReplicaSets_and_Pods_with_it(string policy)
    {
        await using var cluster = await TestCluster.StartAsync(CancellationToken.None);
        cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", """{ "replicas": 2 }"""));
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, 2), CancellationToken.None);
        await k8s.AppsV1OperationsExtensions.DeleteNamespacedDeploymentAsync(cluster.Client.AppsV1, "web", "default", propagationPolicy: policy);
        await cluster.UntilAsync(
            s => s.PeekAll(ResourceType.Pod).Count + s.PeekAll(ResourceType.ReplicaSet).Count + s.PeekAll(ResourceType.Deployment).Count == 0,
            CancellationToken.None);
        await cluster.Plane.SettledAsync(CancellationToken.None);
        Assert.That(cluster.Store.PeekAll(ResourceType.Pod), Is.Empty, "and none comes back");
    }

    [Test]
    public async Task Orphans_stay_and_are_adopted_by_a_successor(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token);
        var workload = TestCluster.NewWorkload("web", """{ "replicas": 2 }""");
        cluster.Store.Create(ResourceType.Deployment, workload);
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, 2), token);
        var before = cluster.PodsOf("web").Select(p => p.NameOf()).ToList();
        await k8s.AppsV1OperationsExtensions.DeleteNamespacedDeploymentAsync(
            cluster.Client.AppsV1, "web", "default", propagationPolicy: "Orphan", cancellationToken: token);
        await cluster.Plane.SettledAsync(token);
        var orphan = cluster.Store.PeekAll(ResourceType.ReplicaSet).Single().ControllerOf();
        cluster.Store.Create(ResourceType.Deployment, workload);
        await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, 2), token);
        await cluster.Plane.SettledAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(orphan, Is.Null);
            Assert.That(cluster.PodsOf("web").Select(p => p.NameOf()), Is.EqualTo(before));
            Assert.That(cluster.Store.PeekAll(ResourceType.ReplicaSet).Single().ControllerOf().Text("name"), Is.EqualTo("web"));
        }
    }

    /// <summary>What cannot be made is said where each kind says it, and made when there is room.</summary>
    [Test]
    public async Task Pods_beyond_a_quota_are_refused_until_there_is_room()
    {
        var quotas = new ResourceType("", "v1", "ResourceQuota", "resourcequotas", true);
        await using var cluster = await TestCluster.StartAsync(CancellationToken.None);
        cluster.Store.Create(quotas, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "few", ["namespace"] = "default" },
            ["spec"] = new JsonObject { ["hard"] = new JsonObject { ["pods"] = "2", ["count/pods"] = 5 } },
        });
        cluster.Store.Create(ResourceType.Deployment, TestCluster.NewWorkload("web", """{ "replicas": 3 }"""));
        var failed = await cluster.UntilAsync(
            ResourceType.Deployment, "web", d => d.ConditionIsTrue("ReplicaFailure") && d.Number("status", "availableReplicas") == 2, CancellationToken.None);
        var message = failed.Condition("ReplicaFailure").Text("message");
        cluster.Store.Mutate(quotas, "default", "few", now =>
        {
            now["spec"]!["hard"]!["pods"] = "3";
            return true;
        });
        var whole = await cluster.UntilAsync(ResourceType.Deployment, "web", d => Done(d, 3) && d.Condition("ReplicaFailure") is null, CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(message, Does.Match("^pods \"web-.+\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2$"));
            Assert.That(cluster.Store.PeekAll(ResourceType.Event, "default").Count(e => e.Text("reason") == "FailedCreate"), Is.EqualTo(1));
            Assert.That(whole.ConditionIsTrue("Available"));
        }
    }
}
