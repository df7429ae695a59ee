using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Pods that are not to be rescheduled get new sandboxes where they are.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class InPlaceTests
{
    /// <summary>Clients of which one is always there, a workload with a budget, and a Pod that nobody would make anew.</summary>
    private const string Objects =
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: pair, namespace: default}
        spec:
          replicas: 2
          selector: {matchLabels: {app: pair}}
          template:
            metadata: {labels: {app: pair}}
            spec: {containers: [{name: main, image: nginx, ports: [{containerPort: 80}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: pair, namespace: default}
        spec: {selector: {app: pair}, ports: [{port: 80}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: guarded, namespace: default}
        spec:
          replicas: 3
          strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 100%}}
          selector: {matchLabels: {app: guarded}}
          template:
            metadata: {labels: {app: guarded}}
            spec: {containers: [{name: main, image: pause}]}
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: guarded, namespace: default}
        spec: {maxUnavailable: 1, selector: {matchLabels: {app: guarded}}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: bare, namespace: default, labels: {app: bare}}
        spec: {nodeName: c2a0-worker, containers: [{name: main, image: pause}]}

        """;

    [TestCase(BridgeKind.PolicyRoute, LabFabricKind.Simulated, 1)]
    [TestCase(BridgeKind.Multus, LabFabricKind.Simulated, 2)]
    [TestCase(BridgeKind.PolicyRoute, LabFabricKind.Kernel, 1)]
    [CancelAfter(600_000)]
    public async Task Pods_stay_where_they_are_and_no_request_is_lost(BridgeKind bridge, LabFabricKind fabric, int restarts, CancellationToken cancellationToken)
    {
        if (fabric == LabFabricKind.Kernel)
        {
            Requires.LongRun();
            await Requires.KernelFabricAsync(cancellationToken);
        }

        var inner = await StartAsync(bridge, cancellationToken, 2, fabric);
        // The kernel is told of Services later than the model is.
        inner.Options = inner.Options with { MaxUnavailable = 3, DrainTime = fabric == LabFabricKind.Kernel ? TimeSpan.FromSeconds(1) : inner.Options.DrainTime };
        await using var migration = await WatchedMigration.StartAsync(inner, "pair", cancellationToken);
        Assert.That(migration.Plan.IsExecutable, string.Join('\n', migration.Plan.Findings.Take(3)));
        var before = Pods(migration.Lab);
        var missing = WatchMissing(migration.Lab, "guarded", 3);

        var (last, traffic) = await migration.RunAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(traffic.Flows.Where(f => f.Failure > 0), Is.Empty, string.Join('\n', traffic.Outages));
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(Pods(migration.Lab).Keys, Is.EqualTo(before.Keys), "the same Pods, with uid, name and Node");
            Assert.That(Pods(migration.Lab).Values, Has.All.EqualTo(restarts));
            Assert.That(missing(), Is.EqualTo(1), "of a workload whose budget lets one go");
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Plan_says_what_stays_and_a_Pod_that_nobody_would_make_anew_is_no_obstacle(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                plan.Steps.Single(s => s.Kind == MigrationStepKind.RestartPods).Restarts,
                Is.EqualTo(new[]
                {
                    "Deployment/kube-system/coredns (2 Pods; in place, one by one)",
                    "DaemonSet/default/nginx-ds (1 Pods; in place, one by one)",
                    "Deployment/default/pair (2 Pods; in place, one by one)",
                    "Pod/default/bare (1 Pods; in place, one by one)",
                    "Deployment/default/client (1 Pods; in place, one by one)",
                    "Deployment/default/guarded (3 Pods; in place, 3 at a time)",
                    "Deployment/kube-system/calico-kube-controllers (1 Pods; in place, one by one)",
                }));
            Assert.That(plan.Findings.Where(f => f.Severity == Severity.Blocker), Is.Empty, "the bare Pod stays");
        }
    }

    [TestCase(RestartMode.InPlace)]
    [TestCase(RestartMode.Reschedule)]
    [CancelAfter(600_000)]
    public async Task Rollback_in_place_ends_where_the_migration_began(RestartMode there, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken, objects: "");
        migration.Options = migration.Options with { Restart = there };
        var before = await RollbackTests.DumpAsync(migration, cancellationToken);
        await migration.RunUntilAsync(
            await migration.PlanAsync(cancellationToken), e => e is StepCompleted { Step.Kind: MigrationStepKind.RestartPods }, cancellationToken);
        var pods = Pods(migration.Lab);
        var rollback = (await migration.PlanRollbackAsync(cancellationToken)) with { Restart = RestartMode.InPlace };

        var events = await migration.ExecuteAsync(rollback, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(await RollbackTests.DumpAsync(migration, cancellationToken), Is.EqualTo(before));
            Assert.That(Pods(migration.Lab).Keys.Intersect(pods.Keys).Count(), Is.EqualTo(there == RestartMode.InPlace ? pods.Count : 0), "a mark goes from a template by a rollout");
        }
    }

    /// <summary>Two workloads side by side: the gate closes for the one while the Pod of the other has left its Services and has its old sandbox still.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task A_stop_waits_for_Pods_of_other_workloads_that_are_under_way(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken);
        migration.Options = migration.Options with { MaxUnavailable = 2, DrainTime = TimeSpan.FromSeconds(1) };
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepStarted { Step.Kind: MigrationStepKind.RestartPods }, cancellationToken);
        using var client = migration.Client();
        var gate = new ClosedBehindOne(migration.Lab);
        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, Holder = "operator", Gate = gate };
        MigrationEvent? last = null;
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(plan, migration.Options, execution, cancellationToken))
        {
            last = item;
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationPaused>(), last?.ToString());
            Assert.That(gate.WasUnderWay, "a test that cannot fail proves nothing");
            Assert.That(Pods(migration.Lab).Where(p => p.Key.StartsWith("default/", StringComparison.Ordinal)).Sum(p => p.Value), Is.EqualTo(1), "what was begun has ended, and nothing else was begun");
            Assert.That(
                migration.Lab.Store.PeekAll(ResourceType.Pod, "default").Where(p => !p.ConditionIsTrue("Ready")).Select(p => p.NameOf()), Is.Empty, "nobody is left outside of its Services");
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Migrator_killed_around_every_restart_restarts_no_Pod_twice(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken, objects: "");
        var before = Pods(migration.Lab);
        var plan = await migration.PlanAsync(cancellationToken);
        var points = new CrashPoints(what => what.Contains(" restart-sandbox ", StringComparison.Ordinal) || what.EndsWith("/status", StringComparison.Ordinal)
            || what.Contains("restart-pods", StringComparison.Ordinal));

        var events = await CrashedRun.ToTheEndAsync(migration, points, async journal => await journal.ReadPlanAsync(cancellationToken) ?? plan, cancellationToken);

        TestContext.Out.WriteLine($"{points.Crashes} crashes");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events?[^1], Is.TypeOf<MigrationCompleted>());
            Assert.That(points.Crashes, Is.AtLeast(4 * before.Count), "before and after a Pod leaves its Services, and its sandbox ends");
            Assert.That(Pods(migration.Lab).Keys, Is.EqualTo(before.Keys));
            Assert.That(Pods(migration.Lab).Values, Has.All.EqualTo(1));
        }
    }

    /// <summary>On the way there before anything is changed, on the way back before the first Pod is.</summary>
    [TestCase(false)]
    [TestCase(true)]
    [CancelAfter(600_000)]
    public async Task Node_without_the_runtimes_tool_stops_the_run_before_a_Pod_ends(bool onTheWayBack, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken, objects: "");
        var plan = await migration.PlanAsync(cancellationToken);
        if (onTheWayBack)
        {
            await migration.RunUntilAsync(plan, e => e is StepCompleted { Step.Kind: MigrationStepKind.RestartPods }, cancellationToken);
            plan = (await migration.PlanRollbackAsync(cancellationToken)) with { Restart = RestartMode.InPlace };
        }

        var before = Pods(migration.Lab);
        using var client = migration.Client();
        var executor = new MigrationExecutor(client, new ConfigMapJournal(client), new NodesWithoutCrictl(new PodExecNodeAccess(client), "c2a0-worker"));
        var failed = (await migration.ExecuteAsync(plan, executor, cancellationToken))[^1] as StepFailed;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Message, Does.Contain("Node/c2a0-worker").And.Contain("there is no crictl"));
            Assert.That(failed?.Message.Contains("node-sandboxes-out-of-reach", StringComparison.Ordinal), Is.Not.EqualTo(onTheWayBack), "an id is what somebody might ignore there");
            Assert.That(failed?.Step.Kind, Is.EqualTo(onTheWayBack ? MigrationStepKind.RestartPods : MigrationStepKind.CheckNodes));
            Assert.That(failed?.Next, Does.Contain("Install crictl"));
            Assert.That(Pods(migration.Lab), Is.EqualTo(before));
        }
    }

    /// <summary>Why a Pod leaves its Services first: the kubelet notices the end of a sandbox afterwards.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Sandbox_that_ends_without_notice_is_still_in_its_Services(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken, kubelet: new KubeletOptions { RetryInterval = TimeSpan.FromHours(1) });
        var node = migration.Lab.Fleet.Find("c2a0-worker")!;
        var pod = migration.Lab.Store.PeekAll(ResourceType.Pod, "default").Single(p => p.NameOf().StartsWith("nginx-ds-", StringComparison.Ordinal));
        var address = pod.Text("status", "podIP")!;
        var other = await EndAsync("10.99.0.1");
        var ended = await EndAsync(address);
        var again = await EndAsync(address);
        await migration.Lab.SettledAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(other.Output, Is.Empty, "another sandbox is meant");
            Assert.That(ended.Output, Has.Length.EqualTo(65));
            Assert.That(again.Output, Is.Empty, "it may be repeated");
            Assert.That(migration.Lab.Store.Peek(ResourceType.Pod, "default", pod.NameOf())!.ConditionIsTrue("Ready"));
            Assert.That(migration.Lab.Store.Peek(ResourceType.Endpoints, "default", "nginx-origin")!.ToJsonString(), Does.Contain(address));
            Assert.That(migration.Lab.Fabric.Find($"default/{pod.NameOf()}"), Is.Null);
        }

        Task<NodeCommandResult> EndAsync(string holds) => NodeVerbs.RunAsync(
            node, NodeCommands.RestartSandbox(pod.UidOf(), System.Net.IPAddress.Parse(holds), TimeSpan.Zero).ToArgv(), cancellationToken);
    }

    /// <summary>Lets one Pod of Namespace default go, and closes when that is marked unready.</summary>
    private sealed class ClosedBehindOne(LabCluster lab) : IMigrationGate
    {
        private bool _hasPassed;

        public bool WasUnderWay { get; private set; }

        public async ValueTask<MigrationStop?> AskAsync(MigrationChange change, CancellationToken cancellationToken = default)
        {
            if (!_hasPassed)
            {
                _hasPassed = change.Subject.StartsWith("Pod default/", StringComparison.Ordinal);
                return null;
            }

            while (!WasUnderWay)
            {
                await Task.Delay(10, cancellationToken);
                WasUnderWay = lab.Store.PeekAll(ResourceType.Pod, "default").Any(p => p.Items("status", "conditions").Any(c => c.Text("reason") == "RestartingInPlace"));
            }

            return new MigrationStop("Too much was lost.", "Wait.");
        }
    }

    private sealed class NodesWithoutCrictl(INodeAccess nodes, string name) : INodeAccess
    {
        public Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default) =>
            node == name && command.Verb == "check-sandboxes"
                ? Task.FromResult(new NodeCommandResult(3, "", "there is no crictl\n"))
                : nodes.RunAsync(node, command, cancellationToken);
    }

    private static async Task<LabMigration> StartAsync(
        BridgeKind bridge, CancellationToken cancellationToken, int workers = 1, LabFabricKind fabric = LabFabricKind.Simulated, string objects = Objects, KubeletOptions? kubelet = null)
    {
        var options = new LabClusterOptions { Name = "c2a0", Workers = workers, Fabric = fabric, ExtraObjects = objects };
        var migration = await LabMigration.StartAsync(cancellationToken, kubelet is null ? options : options with { Kubelet = kubelet }, bridge);
        migration.Options = migration.Options with { Restart = RestartMode.InPlace };
        return migration;
    }

    /// <summary>The Pods of workloads that outlive Calico, with how often their containers have restarted.</summary>
    private static SortedDictionary<string, long> Pods(LabCluster lab) => new(
        lab.Store.PeekAll(ResourceType.Pod)
            .Where(p => !p.Flag("spec", "hostNetwork") && p.NamespaceOf() != "antrea-migration" && !p.NameOf().StartsWith("calico-", StringComparison.Ordinal))
            .ToDictionary(
                p => $"{p.NamespaceOf()}/{p.NameOf()} {p.UidOf()} {p.Text("spec", "nodeName")}",
                p => p.Items("status", "containerStatuses").Sum(c => c.Number("restartCount") ?? 0)),
        StringComparer.Ordinal);

    /// <summary>How many of a workload's Pods are missing at the most, told at every change of a Pod.</summary>
    private static Func<int> WatchMissing(LabCluster lab, string app, int wanted)
    {
        var most = 0;
        lab.Store.Subscribe(
            happened =>
            {
                if (happened.Resource == ResourceType.Pod && happened.Object.Text("metadata", "labels", "app") == app)
                {
                    most = Math.Max(most, wanted - lab.Store.PeekAll(ResourceType.Pod, "default").Count(p => p.Text("metadata", "labels", "app") == app && p.ConditionIsTrue("Ready")));
                }
            },
            lab.Store.Version);
        return () => most;
    }
}
