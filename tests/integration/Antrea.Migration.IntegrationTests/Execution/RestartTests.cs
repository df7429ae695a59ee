using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Each kind of workload restarts by its own rule, and no more Pods are missing than may be.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class RestartTests
{
    private const int Most = 2;

    private const string Wide =
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: wide, namespace: default}
        spec:
          replicas: 6
          strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 100%}}
          selector: {matchLabels: {app: wide}}
          template:
            metadata: {labels: {app: wide}}
            spec: {containers: [{name: main, image: pause}]}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: parted, namespace: default}
        spec:
          replicas: 3
          serviceName: parted
          updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}
          selector: {matchLabels: {app: parted}}
          template:
            metadata: {labels: {app: parted}}
            spec: {containers: [{name: main, image: pause}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: guarded, namespace: default}
        spec:
          replicas: 3
          strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
          selector: {matchLabels: {app: guarded}}
          template:
            metadata: {labels: {app: guarded}}
            spec: {containers: [{name: main, image: pause}]}
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: guarded, namespace: default}
        spec: {maxUnavailable: 0, selector: {matchLabels: {app: guarded}}}
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: manual, namespace: default}
        spec:
          updateStrategy: {type: OnDelete}
          selector: {matchLabels: {app: manual}}
          template:
            metadata: {labels: {app: manual}}
            spec: {containers: [{name: main, image: pause}]}

        """;

    /// <summary>One runs, one rests because somebody wanted it so, one has nothing to do with addresses.</summary>
    private const string Scheduled = LabMigration.CronJob +
        """
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: resting, namespace: default}
        spec: {suspend: true, schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: pause}]}}}}}
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: host, namespace: default}
        spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {hostNetwork: true, restartPolicy: Never, containers: [{name: main, image: pause}]}}}}}

        """;

    [Test]
    [CancelAfter(600_000)]
    public async Task No_more_Pods_are_missing_than_the_operator_allows(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(Wide, cancellationToken);
        migration.Options = migration.Options with { MaxUnavailable = Most };
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepStarted { Step.Kind: MigrationStepKind.RestartPods }, cancellationToken);
        var missing = WatchMissing(migration.Lab);

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(missing(), Is.Positive.And.AtMost(Most));
            Assert.That(
                plan.Steps.Single(s => s.Kind == MigrationStepKind.RestartPods).Restarts,
                Is.EqualTo(new[]
                {
                    "Deployment/kube-system/coredns (2 Pods)",
                    "DaemonSet/default/nginx-ds (3 Pods)",
                    "Deployment/default/client (1 Pods)",
                    "Deployment/default/guarded (3 Pods)",
                    "DaemonSet/default/manual (3 Pods; evicted 2 at a time: its updateStrategy is OnDelete)",
                    "StatefulSet/default/parted (3 Pods; evicted one by one: its rollout stops at partition 2)",
                    "Deployment/default/wide (6 Pods; evicted 2 at a time: its own strategy takes 6 Pods at once, and 2 may be missing)",
                    "Deployment/kube-system/calico-kube-controllers (1 Pods)",
                }),
                "the plan says how, in the order in which it happens");
            Assert.That(plan.Findings.Select(f => (f.Id, f.Subject)), Does.Contain(("disruption-budget-not-asked", "PodDisruptionBudget/default/guarded")));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task CronJobs_rest_while_Pods_restart_and_run_again_afterwards([Values] bool rollsBack, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(Scheduled, cancellationToken);
        var before = CronJobsOf(migration.Lab);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(
            plan, e => e is StepCompleted { Step.Kind: MigrationStepKind.RestartPods }, cancellationToken);
        var during = migration.Lab.Store.PeekAll(CronJob).Where(j => j.Flag("spec", "suspend")).Select(j => j.NameOf()).ToList();

        var events = await migration.ExecuteAsync(
            rollsBack ? await migration.PlanRollbackAsync(cancellationToken) : plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(during, Is.EquivalentTo(new[] { "nightly", "resting" }));
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(CronJobsOf(migration.Lab), Is.EqualTo(before));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Running_Job_is_waited_for_when_all_others_have_restarted(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync("", cancellationToken);
        migration.Lab.Apply(
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: job, namespace: default}
            spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: pause}]}}}
            """);
        var job = migration.Lab.Store.PeekAll(new ResourceType("batch", "v1", "Job", "jobs", true)).Single();
        migration.Lab.Apply(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: job-1, namespace: default, labels: {app: job}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: job, uid: {{job.UidOf()}}, controller: true}]}
            spec: {nodeName: c2a0-worker, restartPolicy: Never, containers: [{name: main, image: pause}]}
            """);
        await migration.Lab.AllReadyAsync(cancellationToken);
        var waited = new List<string>();
        await migration.RunUntilAsync(
            await migration.PlanAsync(cancellationToken),
            item =>
            {
                if (item is StepProgress progress && progress.Message.StartsWith("1 Pods are not on Antrea yet: default/job-1", StringComparison.Ordinal))
                {
                    waited.Add(progress.Message);
                    migration.Lab.Store.MarkForDeletion(ResourceType.Pod, "default", "job-1", 0);
                }

                return item is MigrationCompleted;
            },
            cancellationToken);

        Assert.That(waited, Has.Count.EqualTo(1), "the last Pod on Calico's network is named, and nobody kills it");
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Node_that_gives_new_Pods_another_network_stops_the_migration_before_a_Pod_restarts(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync("", cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var files = migration.Lab.Fleet.Find("c2a0-worker2")!.Files;
        List<string> before = [];
        StepFailed? failed = null;
        await migration.RunUntilAsync(
            plan,
            item =>
            {
                if (item is StepStarted { Step.Kind: MigrationStepKind.TryCanaries } && files.TryRead("/etc/cni/net.d/10-calico.conflist", out var calico))
                {
                    // Something else on the Node puts its own file first, which the migration does not know of.
                    files.Write("/etc/cni/net.d/00-aaa.conflist", calico);
                    before = PodsOf(migration.Lab);
                }

                failed = item as StepFailed;
                return failed is not null;
            },
            cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.TryCanaries));
            Assert.That(failed?.Message, Does.Contain("1 of 4 Nodes").And.Contain("c2a0-worker2 (Calico)"));
            Assert.That(PodsOf(migration.Lab), Is.EqualTo(before).And.Not.Empty);
        }

        files.Remove("/etc/cni/net.d/00-aaa.conflist");
        Assert.That((await migration.ExecuteAsync(plan, cancellationToken))[^1], Is.TypeOf<MigrationCompleted>());
    }

    private static readonly ResourceType CronJob = new("batch", "v1", "CronJob", "cronjobs", true);

    private static Task<LabMigration> StartAsync(string objects, CancellationToken cancellationToken) => LabMigration.StartAsync(
        cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 3, ExtraObjects = objects }, BridgeKind.PolicyRoute);

    private static List<string> CronJobsOf(LabCluster lab) =>
        [.. lab.Store.PeekAll(CronJob).Select(j => $"{j.NameOf()} {j["metadata"]!["annotations"]?.ToJsonString()} {j["spec"]!.ToJsonString()}").Order(StringComparer.Ordinal)];

    private static List<string> PodsOf(LabCluster lab) =>
        [.. lab.Store.PeekAll(ResourceType.Pod).Where(p => p.NamespaceOf() != "antrea-migration").Select(p => p.UidOf()).Order(StringComparer.Ordinal)];

    /// <summary>How many Pods of default's workloads are missing at the most, told at every change of a Pod.</summary>
    private static Func<int> WatchMissing(LabCluster lab)
    {
        var wanted = Serving();
        var most = 0;
        lab.Store.Subscribe(
            happened =>
            {
                if (happened.Resource == ResourceType.Pod && happened.Object.NamespaceOf() == "default")
                {
                    var now = Serving();
                    most = Math.Max(most, wanted.Sum(w => Math.Max(0, w.Value - now.GetValueOrDefault(w.Key))));
                }
            },
            lab.Store.Version);
        return () => most;

        Dictionary<string, int> Serving() => lab.Store.PeekAll(ResourceType.Pod, "default").Where(p => p.ConditionIsTrue("Ready") && !p.IsTerminating())
            .GroupBy(p => p["metadata"]!["labels"]!["app"]!.GetValue<string>()).ToDictionary(g => g.Key, g => g.Count());
    }
}
