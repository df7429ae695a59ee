using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Fabric;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The way back: from everywhere, crashed everywhere, to the cluster that was.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class RollbackTests
{
    private const int RollbacksOfACluster = 8;
    private const string InPlace = "in place";
    private const string ByOperator = "by an operator";

    private static readonly LabClusterOptions Small = new() { Name = "c2a0", Workers = 1, ExtraObjects = LabMigration.CronJob };

    /// <summary>One cluster for all: what a rollback leaves is the start of the next migration.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Rolled_back_after_every_step_the_cluster_is_what_it_was([Values(0, 1)] int half, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken, Small);
        var before = await DumpAsync(migration, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var steps = plan.Steps.TakeWhile(s => s.Reversibility != Reversibility.Final).Where(s => s.Kind != MigrationStepKind.Hold).ToList();
        Assert.That(steps[^1].Kind, Is.EqualTo(MigrationStepKind.RemoveMultusConfig), "up to Calico's removal");
        foreach (var step in steps.Where((_, i) => i % 2 == half))
        {
            await AssertRolledBackAfterAsync(step, migration, plan, before, cancellationToken);
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task A_rollback_that_was_shown_before_the_migration_went_on_is_refused(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepCompleted { Step.Kind: MigrationStepKind.InstallMultus }, cancellationToken);
        var shown = await migration.PlanRollbackAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepCompleted { Step.Kind: MigrationStepKind.InstallAntrea }, cancellationToken);

        Assert.That(
            async () => await migration.ExecuteAsync(shown, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.EqualTo($"The migration has gone on, or Nodes have come or gone, since rollback {shown.Id} was shown.")
                .And.Property("Next").Contains("antrea-migrator rollback"));
        Assert.That(
            (await migration.ExecuteAsync(await migration.PlanRollbackAsync(cancellationToken), cancellationToken))[^1], Is.TypeOf<MigrationCompleted>(), "looked at again, it is carried out");
    }

    /// <summary>The other bridges, clusters whose addresses had to move, an operator's Calico, Pods that stay where they are: after the last step of each kind, which is where
    /// they differ.</summary>
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute, "")]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute, InPlace)]
    [TestCase("c2a0", 1, BridgeKind.Multus, ByOperator)]
    [TestCase("c2a0", 1, BridgeKind.Pool, "")]
    [TestCase("c2a3", 3, BridgeKind.Multus, "")]
    [TestCase("c2a3", 3, BridgeKind.PolicyRoute, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.PolicyRoute, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.Multus, "")]
    [CancelAfter(600_000)]
    public Task Rolled_back_whatever_the_bridge_the_cluster_is_what_it_was(string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken) =>
        AssertRolledBackFromEveryPhaseAsync(name, workers, bridge, variant, cancellationToken);

    [TestCase("c2a0", 1, BridgeKind.Multus, InPlace)]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute, ByOperator)]
    [TestCase("c2a3", 3, BridgeKind.Pool, "")]
    [TestCase(LabScenario.Crowded, 3, BridgeKind.PolicyRoute, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.Pool, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.Partition, "")]
    [CancelAfter(1_800_000)]
    public Task Rolled_back_from_every_phase_of_every_scenario_the_cluster_is_what_it_was(
        string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken)
    {
        Requires.LongRun();
        return AssertRolledBackFromEveryPhaseAsync(name, workers, bridge, variant, cancellationToken);
    }

    /// <summary>From each phase of a partition, in the middle of a part and at its end.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Rolled_back_from_a_partition_the_cluster_is_what_it_was(CancellationToken cancellationToken)
    {
        (MigrationPhase, MigrationStepKind)[] after =
        [
            (MigrationPhase.Bridge, MigrationStepKind.ConfineCalico), (MigrationPhase.InstallAntrea, MigrationStepKind.InstallAntrea), (MigrationPhase.Policies, MigrationStepKind.ConvertPolicies),
            (MigrationPhase.FirstPart, MigrationStepKind.AdmitAntrea), (MigrationPhase.FirstPart, MigrationStepKind.ClearRoutes),
            (MigrationPhase.FirstPart, MigrationStepKind.UncordonNode), (MigrationPhase.SecondPart, MigrationStepKind.StopCalico), (MigrationPhase.SecondPart, MigrationStepKind.UncordonNode),
        ];
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken, new LabClusterOptions { Name = LabScenario.Crowded, Workers = 1 }, BridgeKind.Partition);
        var before = await DumpAsync(migration, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        foreach (var point in after)
        {
            await AssertRolledBackAfterAsync(plan.Steps.Last(s => (s.Phase, s.Kind) == point), migration, plan, before, cancellationToken);
        }
    }

    [TestCase("c2a0", 1, BridgeKind.Multus)]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute)]
    [TestCase("c2a0", 1, BridgeKind.Pool)]
    [TestCase(LabScenario.Crowded, 3, BridgeKind.Multus)]
    [CancelAfter(600_000)]
    public async Task Nobody_is_cut_off_and_nothing_denied_opens_on_the_way_back(string name, int workers, BridgeKind bridge, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = name, Workers = workers }, bridge);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        var rollback = await migration.PlanRollbackAsync(cancellationToken);
        using var client = migration.Client();
        List<string> wrong = [];
        MigrationEvent? last = null;

        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory };
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(rollback, migration.Options, execution, cancellationToken))
        {
            last = item;
            wrong.AddRange(Wrong(migration.Lab).Select(w => $"{item}: {w}"));
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>());
            Assert.That(wrong, Is.Empty);
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public Task Both_families_come_back_from_Multus_and_nothing_is_lost(CancellationToken cancellationToken) =>
        AssertIPv6ComesBackAsync(DualStack.Of(new LabClusterOptions { Name = "c2a0", Workers = 2 }), cancellationToken);

    [Test]
    [CancelAfter(600_000)]
    public Task A_cluster_of_IPv6_alone_comes_back_from_Multus_and_nothing_is_lost(CancellationToken cancellationToken) =>
        AssertIPv6ComesBackAsync(DualStack.IPv6Alone(new LabClusterOptions { Name = "c2a0", Workers = 2 }), cancellationToken);

    [TestCase("c2a0", 1, BridgeKind.Multus, "")]
    [CancelAfter(600_000)]
    public Task Rollback_killed_around_every_write_ends_where_it_would_have(
        string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken) => AssertCrashesChangeNothingAsync(name, workers, bridge, variant, cancellationToken);

    [TestCase("c2a0", 3, BridgeKind.Multus, "")]
    [TestCase("c2a0", 1, BridgeKind.Multus, InPlace)]
    [TestCase("c2a0", 1, BridgeKind.Multus, ByOperator)]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute, InPlace)]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute, "")]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute, ByOperator)]
    [TestCase("c2a0", 1, BridgeKind.Pool, "")]
    [TestCase("c2a3", 3, BridgeKind.Multus, "")]
    [TestCase("c2a3", 3, BridgeKind.PolicyRoute, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.PolicyRoute, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.Multus, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.Partition, "")]
    [CancelAfter(1_800_000)]
    public Task Rollback_killed_around_every_write_ends_where_it_would_have_whatever_the_scenario(
        string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken)
    {
        Requires.LongRun();
        return AssertCrashesChangeNothingAsync(name, workers, bridge, variant, cancellationToken);
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Once_Calicos_removal_has_begun_a_rollback_is_refused_in_words(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepCompleted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);

        var rollback = await migration.PlanRollbackAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(rollback.IsExecutable, Is.False);
            Assert.That(rollback.Findings[0].Id, Is.EqualTo("removal-of-calico-begun"));
            Assert.That(rollback.Findings[0].Evidence, Does.Contain("final"));
            Assert.That(rollback.Findings[0].Remedy, Does.Contain("migrate --execute"));
            Assert.That(async () => await migration.ExecuteAsync(rollback, cancellationToken), Throws.ArgumentException);
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task A_migration_that_is_being_rolled_back_does_not_go_forward(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken, Small);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepCompleted { Step.Kind: MigrationStepKind.InstallMultus }, cancellationToken);
        await migration.RunUntilAsync(
            await migration.PlanRollbackAsync(cancellationToken), e => e is StepStarted { Step.Kind: MigrationStepKind.RemoveMultus }, cancellationToken);

        Assert.That(
            async () => await migration.ExecuteAsync(plan, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("being rolled back").And.Property("Next").Contains("rollback --execute"));
    }

    private static async Task<LabMigration> StartAsync(string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken)
    {
        var options = new LabClusterOptions { Name = name, Workers = workers, ExtraObjects = LabMigration.CronJob, CalicoByOperator = variant == ByOperator };
        var migration = await LabMigration.StartUnwatchedAsync(cancellationToken, options, bridge);
        migration.Options = migration.Options with { Restart = variant == InPlace ? RestartMode.InPlace : RestartMode.Reschedule };
        return migration;
    }

    /// <summary>Each cluster is migrated and rolled back a few times: Multus' leaked addresses would fill a block, which nobody frees here.</summary>
    private static async Task AssertRolledBackFromEveryPhaseAsync(string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken)
    {
        var done = 0;
        for (var all = int.MaxValue; done < all; done += RollbacksOfACluster)
        {
            await using var migration = await StartAsync(name, workers, bridge, variant, cancellationToken);
            var before = await DumpAsync(migration, cancellationToken);
            var plan = await migration.PlanAsync(cancellationToken);
            Assert.That(plan.IsExecutable, string.Join('\n', plan.Findings.Take(3)));
            var steps = plan.Steps.TakeWhile(s => s.Reversibility != Reversibility.Final).Where(s => s.Kind != MigrationStepKind.Hold)
                .GroupBy(s => (s.Phase, s.Kind)).Select(g => g.Last())
                .SkipWhile(s => s.Kind is MigrationStepKind.InstallNodeAgent or MigrationStepKind.CheckNodes or MigrationStepKind.BackUp).ToList();
            all = steps.Count;
            foreach (var step in steps.Skip(done).Take(RollbacksOfACluster))
            {
                await AssertRolledBackAfterAsync(step, migration, plan, before, cancellationToken);
            }
        }
    }

    private static async Task AssertCrashesChangeNothingAsync(string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken)
    {
        var unharmed = SmoothRestartsAsync();
        await using var migration = await StartAsync(name, workers, bridge, variant, cancellationToken);
        var before = await DumpAsync(migration, cancellationToken);
        await migration.RunUntilAsync(
            await migration.PlanAsync(cancellationToken), e => e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        var steps = (await migration.PlanRollbackAsync(cancellationToken)).Steps.Length;
        await using var denied = new DeniedWatch(migration.Lab);
        var restarts = CrashedMigration.CountPods(migration);
        var points = new CrashPoints { Look = denied.Look };
        Assert.That(denied.IsOpenWhereAllowed(), "a connection that nothing allows proves nothing");

        var events = await CrashedRun.ToTheEndAsync(
            migration,
            points,
            async journal => (await journal.ReadRecordAsync(cancellationToken)).Plan is null ? null : await migration.PlanRollbackAsync(cancellationToken),
            cancellationToken,
            denied.LookAt);

        Assert.That(events is null || events[^1] is MigrationCompleted, events is null ? "" : Describe(events));
        TestContext.Out.WriteLine($"{points.Crashes} crashes, {denied.Looked} looks at what is denied");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(points.Crashes, Is.GreaterThan(steps * 2), "every step was killed more than once");
            Assert.That(denied.Opened, Is.Empty);
            Assert.That(denied.Looked, Is.GreaterThan(points.Crashes));
            Assert.That(await DumpAsync(migration, cancellationToken), Is.EqualTo(before));
            Assert.That(denied.IsOpenWhereAllowed());
            Assert.That(CrashedMigration.Workloads(restarts), Is.EqualTo(CrashedMigration.Workloads(await unharmed)), "no Pod restarts more often than planned");
        }

        async Task<ConcurrentDictionary<string, int>> SmoothRestartsAsync()
        {
            await using var smooth = await StartAsync(name, workers, bridge, variant, cancellationToken);
            await smooth.RunUntilAsync(await smooth.PlanAsync(cancellationToken), e => e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
            var counted = CrashedMigration.CountPods(smooth);
            var events = await smooth.ExecuteAsync(await smooth.PlanRollbackAsync(cancellationToken), cancellationToken);
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), Describe(events));
            return counted;
        }
    }

    /// <summary>Migrates a cluster that has IPv6 by Multus until Calico would be removed, rolls it back while it is probed, and asserts that it is what it was.</summary>
    internal static async Task AssertIPv6ComesBackAsync(LabClusterOptions options, CancellationToken cancellationToken)
    {
        await using var watched = await WatchedMigration.StartAsync(options, BridgeKind.Multus, cancellationToken);
        var (migration, nodes) = (watched.Migration, watched.Lab.Fleet.Nodes);
        var before = await DumpAsync(migration, cancellationToken);
        var labelled = 0;
        await migration.RunUntilAsync(
            watched.Plan,
            e =>
            {
                labelled = Math.Max(labelled, nodes.Count(n => !n.Host.State.AddressLabels.IsEmpty));
                return e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico };
            },
            cancellationToken);
        var rollback = await migration.PlanRollbackAsync(cancellationToken);

        var (events, traffic) = await watched.WatchAsync(_ => migration.ExecuteAsync(rollback, cancellationToken), cancellationToken);

        TestContext.Out.WriteLine($"{traffic.Flows.Sum(f => f.Total)} requests, {traffic.Flows.Sum(f => f.Failure)} lost");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), Describe(events));
            Assert.That(labelled, Is.EqualTo(nodes.Count));
            Assert.That(nodes.SelectMany(n => n.Host.State.AddressLabels), Is.Empty);
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(traffic.Outages.Where(o => o.RequestsLost > 0), Is.Empty);
            Assert.That(await DumpAsync(migration, cancellationToken), Is.EqualTo(before));
            if (watched.Lab.NamespacePrefix is { } prefix)
            {
                var kernel = await KernelDump.WriteAsync(prefix, cancellationToken);
                Assert.That(kernel, Does.Contain("cali-nat-outgoing").And.Not.Contain("ANTREA").And.Not.Contain("antrea-gw0").And.Not.Contain("label 20260"));
            }
        }
    }

    private static async Task AssertRolledBackAfterAsync(
        MigrationStep step, LabMigration migration, MigrationPlan plan, string before, CancellationToken cancellationToken)
    {
        await migration.RunUntilAsync(
            plan, e => (e is StepCompleted done && done.Step.Id == step.Id) || (e is StepSkipped skipped && skipped.Step.Id == step.Id), cancellationToken);
        var rollback = await migration.PlanRollbackAsync(cancellationToken);
        var events = await migration.ExecuteAsync(rollback, cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), $"after {step.Id}: {Describe(events)}");
        Assert.That(await DumpAsync(migration, cancellationToken), Is.EqualTo(before), $"after {step.Id}");
    }

    /// <summary>Port 80 of nginx is for everybody and 9090 for nobody, over the Service and to each Pod.</summary>
    private static IEnumerable<string> Wrong(LabCluster lab)
    {
        if (lab.ReadyPodOf("default", "client") is not { } client)
        {
            yield break; // The only client is being restarted.
        }

        foreach (var server in lab.Store.PeekAll(ResourceType.Pod, "default")
            .Where(p => p.NameOf().StartsWith("nginx-ds-", StringComparison.Ordinal) && p.ConditionIsTrue("Ready") && !p.IsTerminating()))
        {
            var address = IPAddress.Parse(server.Text("status", "podIP")!);
            var (open, closed) = (lab.Network.Trace(client, address, 80), lab.Network.Trace(client, address, 9090));
            if (open.Outcome != ConnectionOutcome.Delivered)
            {
                yield return $"80: {open}";
            }

            if (closed.Outcome == ConnectionOutcome.Delivered)
            {
                yield return $"9090: {closed}";
            }
        }
    }

    /// <summary>Without addresses of Pods that are gone: Multus has no memory of Pods older than itself, and does not tell Calico of their end.
    /// On a real cluster Calico's kube-controllers free such addresses after a quarter of an hour; the lab's do not. And without which address of
    /// its block a tunnel has, and the number by which the Deployment controller counts restarts.</summary>
    internal static async Task<string> DumpAsync(LabMigration migration, CancellationToken cancellationToken) =>
        Regex.Replace(
            (await migration.DumpAsync(cancellationToken)).Replace("an address of a Pod that is gone\n", "", StringComparison.Ordinal),
            "(?<=\"deployment.kubernetes.io/revision\": \"|IPv4IPIPTunnelAddr\": \"|device tunl0 )[0-9.]+", "…");

    private static string Describe(List<MigrationEvent> events) => string.Join('\n', events.TakeLast(5));
}
