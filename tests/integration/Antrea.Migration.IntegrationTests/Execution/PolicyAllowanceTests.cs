using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>With <c>--policy-mode available</c> nothing that policies allow is lost, and nothing gets through that the plan does not list.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PolicyAllowanceTests
{
    private static readonly (string From, string To, int Port)[] Asked =
        [("friend", "server", 80), ("friend", "server", 8080), ("friend", "vault", 80), ("stranger", "server", 80), ("stranger", "server", 8080), ("stranger", "vault", 80), ("alien", "server", 80), ("alien", "vault", 80), ("far", "server", 80)];

    /// <summary>Friends are on one Node, where strangers are as well, some that restart before the servers and some after; others are far from there. Nobody may ask the vault, and who may not is told apart.</summary>
    private static readonly string Objects =
        """
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.friends, namespace: default}
        spec: {order: 10, selector: app == 'server', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {selector: app == 'friend'}, destination: {ports: [80]}}]}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.vault, namespace: default}
        spec: {order: 10, selector: app == 'vault', types: [Ingress], ingress: [{action: Allow, source: {selector: app == 'nobody' && app != 'far' && app != 'stranger' && app != 'alien'}}]}

        """ + LabPods.DaemonSet("friend", "client", "c2a0-worker") + LabPods.DaemonSet("server", "nginx:1.25", null, 8080) + LabPods.DaemonSet("vault", "nginx:1.25")
        + LabPods.DaemonSet("alien", "client", "c2a0-worker") + LabPods.DaemonSet("stranger", "client", "c2a0-worker") + LabPods.DaemonSet("far", "client", "c2a0-worker2");

    [TestCase(BridgeKind.PolicyRoute)]
    [TestCase(BridgeKind.Pool)]
    [CancelAfter(600_000)]
    public async Task Allowed_connections_are_kept_and_denied_ones_open_only_as_listed(BridgeKind bridge, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(bridge, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        Assert.That(plan.IsExecutable, string.Join('\n', plan.Findings.Take(3)));

        var (last, seen) = await WatchAsync(migration, plan, _ => false, cancellationToken);

        TestContext.Out.WriteLine(string.Join('\n', plan.PolicyAllowances.Select(a => a.ToString()).Concat(plan.PredictedPolicyChanges.Select(c => $"{c.From} -> {c.To}, {c.Place}: {c.Reason}"))));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(seen.Wrong, Is.Empty);
            Assert.That(seen.Opened, Is.Not.Empty, "a test that sees no allowance at work proves nothing");
            Assert.That(seen.Kept, Is.Not.Empty);
            Assert.That(plan.PolicyAllowances.Select(a => (a.Namespace, string.Join(' ', a.Ports), string.Join(' ', a.Nodes))).Distinct(), Is.EqualTo(new[] { ("default", "TCP 80", "c2a0-worker") }));
            Assert.That(Allowances(migration.Lab), Is.Empty);
        }
    }

    /// <summary>Half of the Pods are moved: the way back needs allowances as well, and leaves none.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task The_way_back_keeps_them_too_and_leaves_no_allowance(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var (_, there) = await WatchAsync(
            migration, plan, item => item is StepCompleted { Step: { Phase: MigrationPhase.AntreaPods, Kind: MigrationStepKind.RestartPods } }, cancellationToken);
        var inBetween = Allowances(migration.Lab);

        var (last, back) = await WatchAsync(migration, await migration.PlanRollbackAsync(cancellationToken), _ => false, cancellationToken, plan);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(there.Wrong.Concat(back.Wrong), Is.Empty);
            Assert.That(back.Kept, Is.Not.Empty);
            Assert.That(inBetween, Is.Not.Empty);
            Assert.That(Allowances(migration.Lab), Is.Empty);
        }
    }

    /// <summary>Killed before and after each write of an allowance, each removal, and each word of the journal about them.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task A_migrator_that_dies_leaves_no_allowance_behind(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var points = new CrashPoints(what => what.Contains("allow", StringComparison.Ordinal));

        var events = await CrashedRun.ToTheEndAsync(migration, points, async journal => await journal.ReadPlanAsync(cancellationToken) ?? plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events?[^1], Is.TypeOf<MigrationCompleted>());
            Assert.That(points.Crashes, Is.GreaterThanOrEqualTo(14), "both steps in the journal, the trial, the write and the removal, twice each");
            Assert.That(Allowances(migration.Lab), Is.Empty);
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Policies_that_have_changed_since_the_plan_get_no_allowance(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, item => item is StepCompleted { Step: { Phase: MigrationPhase.AntreaPods, Kind: MigrationStepKind.SuspendCronJobs or MigrationStepKind.ReleaseHold } }, cancellationToken);
        var before = Allowances(migration.Lab);
        migration.Lab.Store.Delete(new ResourceType("crd.projectcalico.org", "v1", "NetworkPolicy", "networkpolicies", true), "default", "default.vault");

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(before, Is.Not.Empty);
            Assert.That(events[^1], Is.TypeOf<StepFailed>().With.Property(nameof(StepFailed.Message)).Contains("Policies have changed since the plan was made"));
            Assert.That(Allowances(migration.Lab), Is.Empty);
        }
    }

    private static async Task<LabMigration> StartAsync(BridgeKind bridge, CancellationToken cancellationToken)
    {
        var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 2, ExtraObjects = Objects }, bridge);
        migration.Options = migration.Options with { PolicyMode = PolicyMode.Available };
        return migration;
    }

    private static async Task<(MigrationEvent Last, Observation Seen)> WatchAsync(
        LabMigration migration, MigrationPlan plan, Predicate<MigrationEvent> stop, CancellationToken cancellationToken, MigrationPlan? listed = null)
    {
        var listedPairs = (listed ?? plan).PredictedPolicyChanges.Where(c => c.Opens).Select(c => (c.From, c.To, c.Place, string.Join(' ', c.Ports))).ToHashSet();
        var seen = new Observation([], [], []);
        using var client = migration.Client();
        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, Holder = "operator" };
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(plan, migration.Options, execution, cancellationToken))
        {
            Look(migration.Lab, item, listedPairs, seen);
            if (stop(item) || item is MigrationCompleted or StepFailed)
            {
                return (item, seen);
            }
        }

        throw new AssertionException("The events ended without an end.");
    }

    private static void Look(LabCluster lab, MigrationEvent item, HashSet<(string, string, string, string)> listed, Observation seen)
    {
        var pods = LabPods.Ready(lab);
        foreach (var (from, to, port) in Asked.SelectMany(a => pods.Where(p => p.Workload == a.From).SelectMany(f => pods.Where(p => p.Workload == a.To).Select(t => (f, t, a.Port)))))
        {
            var isThere = Allowances(lab).Count > 0;
            var verdict = lab.Fabric.Connect(from.Netns, to.Address, port);
            if (LabPods.Ready(lab) is not { } now || !now.Contains(from) || !now.Contains(to) || isThere != Allowances(lab).Count > 0)
            {
                continue;
            }

            var isDelivered = verdict.Outcome == ConnectionOutcome.Delivered;
            var isMeant = from.Workload == "friend" && to.Workload == "server" && port == 80;
            var pair = ($"DaemonSet/default/{from.Workload} ({from.Kind} Pods)", $"DaemonSet/default/{to.Workload} ({to.Kind} Pods)", from.Node == to.Node ? "same Node" : "other Node", $"TCP {port}");
            if (isMeant ? !isDelivered : isDelivered && !(isThere && listed.Contains(pair)))
            {
                seen.Wrong.Add($"{item}: {pair}: {verdict}");
            }
            else if (isMeant && from.Kind != to.Kind)
            {
                seen.Kept.Add(pair);
            }
            else if (isDelivered && !isMeant)
            {
                seen.Opened.Add(pair);
            }
        }
    }

    private static List<string> Allowances(LabCluster lab) =>
    [
        .. lab.Store.Types().Where(t => t.Kind == "NetworkPolicy").SelectMany(t => lab.Store.PeekAll(t))
            .Where(o => o["metadata"]!["labels"]?["antrea-migration/allowance"] is not null).Select(o => o.NameOf()),
    ];

    /// <summary>What was seen at the events of a run.</summary>
    private sealed record Observation(List<string> Wrong, HashSet<(string, string, string, string)> Kept, HashSet<(string, string, string, string)> Opened);
}
