using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.IntegrationTests.Execution;

[Parallelizable(ParallelScope.All)]
public sealed class MigrationTests
{
    [Test]
    [CancelAfter(600_000)]
    public async Task Operator_migrates_a_simple_cluster_and_nothing_of_Calico_is_left(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken);

        var events = await migration.ExecuteAsync(await migration.PlanAsync(cancellationToken), cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), Describe(events));
        var dump = await migration.DumpAsync(cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(dump, Does.Not.Contain("tunl0 10.").And.Not.Contain("10-calico.conflist").And.Not.Contain("00-multus.conf"));
            Assert.That(dump, Does.Not.Contain("crd.projectcalico.org"));
            Assert.That(Directory.GetFiles(migration.BackupDirectory, "*", SearchOption.AllDirectories).Select(Path.GetFileName), Does.Contain("10-calico.conflist"));
            Assert.That(Directory.GetFiles(migration.BackupDirectory, "*", SearchOption.AllDirectories).Select(Path.GetFileName), Has.None.Contains("kubeconfig"));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Node_that_Antrea_could_not_start_on_stops_the_migration_before_anything_is_changed(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 1 });
        var node = migration.Lab.Fleet.Find("c2a0-worker")!;
        node.Kernel = node.Kernel with { MissingModules = ["openvswitch"], Listening = [("udp", 6081)] };
        var plan = await migration.PlanAsync(cancellationToken);

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        var failed = events[^1] as StepFailed;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.CheckNodes), Describe(events));
            Assert.That(failed?.Message, Does.Contain("node-module-missing Node/c2a0-worker").And.Contain("node-port-taken Node/c2a0-worker").And.Contain("UDP 6081"));
            Assert.That(failed?.Next, Does.Contain("linux-modules-extra").And.Contain("--ignore"));
            Assert.That(events.OfType<StepCompleted>().Select(e => e.Step.Kind), Is.EqualTo(new[] { MigrationStepKind.InstallNodeAgent }));
        }

        migration.Options = migration.Options with { IgnoredFindings = ["node-module-missing", "node-port-taken"] };
        Assert.That((await migration.ExecuteAsync(plan, cancellationToken))[^1], Is.TypeOf<MigrationCompleted>());
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Operator_is_held_twice_and_goes_on_when_told(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);

        var unseen = await migration.ExecuteAsync(plan, cancellationToken, HoldPolicy.PassNext);
        var again = await migration.ExecuteAsync(plan, cancellationToken, HoldPolicy.Stop);
        var second = await migration.ExecuteAsync(plan, cancellationToken, HoldPolicy.PassNext);
        var last = await migration.ExecuteAsync(plan, cancellationToken, HoldPolicy.PassNext);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((unseen[^1] as MigrationHeld)?.Step.Phase, Is.EqualTo(MigrationPhase.AntreaPods), "a hold nobody has seen is not passed: " + Describe(unseen));
            Assert.That((again[^1] as MigrationHeld)?.Step.Phase, Is.EqualTo(MigrationPhase.AntreaPods), "a hold is not passed by asking twice");
            Assert.That((second[^1] as MigrationHeld)?.Step.Phase, Is.EqualTo(MigrationPhase.RemoveCalico), "one leave opens one hold: " + Describe(second));
            Assert.That(last[^1], Is.TypeOf<MigrationCompleted>(), Describe(last));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task What_changed_while_the_migration_was_held_is_seen_when_it_goes_on(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.ExecuteAsync(plan, cancellationToken, HoldPolicy.Stop);
        migration.Lab.Fleet.Find("c2a0-worker3")!.Files.Remove("/etc/cni/net.d/00-multus.conf");
        migration.Lab.Apply(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: GlobalNetworkPolicy
            metadata: {name: default.late}
            spec: {order: 50, selector: app == 'client', types: [Ingress], ingress: [{action: Deny, protocol: TCP, destination: {ports: [9090]}}]}
            """);
        using var client = migration.Client();
        var pods = await client.CoreV1.ListNamespacedPodAsync("default", fieldSelector: "spec.nodeName=c2a0-worker3", labelSelector: "app=nginx-ds", cancellationToken: cancellationToken);
        await client.CoreV1.DeleteNamespacedPodAsync(pods.Items[0].Metadata.Name, "default", cancellationToken: cancellationToken);
        await migration.Lab.SettledAsync(cancellationToken);
        await migration.Lab.AllReadyAsync(cancellationToken);

        var events = await migration.ExecuteAsync(plan, cancellationToken, HoldPolicy.PassNext);

        Assert.That((events[^1] as MigrationHeld)?.Step.Phase, Is.EqualTo(MigrationPhase.RemoveCalico), Describe(events));
        Assert.That(events.OfType<StepCompleted>().Select(e => e.Step.Id), Does.Contain("multus-pods/delegate-to-both/c2a0-worker3"), "the file that was lost is written anew");
        Assert.That(await migration.DumpAsync(cancellationToken), Does.Contain("calico-default.late"), "the policy that came late is converted");
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Other_manifests_than_the_plans_are_refused(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        using var client = migration.Client();
        var executor = new MigrationExecutor(client, new ConfigMapJournal(client));

        Assert.That(
            async () =>
            {
                await foreach (var _ in executor.ExecuteAsync(
                    plan,
                    migration.Options with { MultusManifest = [] },
                    new ExecutionOptions { BackupDirectory = migration.BackupDirectory },
                    cancellationToken))
                {
                }
            },
            Throws.TypeOf<MigrationException>().With.Message.Contains("manifests"));
    }

    [TestCase("c2a0", 2, BridgeKind.Multus)]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute)]
    [CancelAfter(600_000)]
    public Task Migrator_killed_around_every_write_reaches_the_same_end_and_restarts_nothing_twice(
        string name, int workers, BridgeKind bridge, CancellationToken cancellationToken) => CrashedMigration.AssertSameEndAsync(Options(name, workers), bridge, cancellationToken);

    [TestCase("c2a0", 3, BridgeKind.Multus, "")]
    [TestCase("c2a0", 3, BridgeKind.PolicyRoute, "")]
    [TestCase("c2a0", 1, BridgeKind.Pool, "")]
    [TestCase("c2a0", 1, BridgeKind.Multus, "by an operator")]
    [TestCase("c2a0", 1, BridgeKind.PolicyRoute, "by an operator")]
    [TestCase("c2a3", 3, BridgeKind.Multus, "")]
    [TestCase("c2a3", 3, BridgeKind.PolicyRoute, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.PolicyRoute, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.Multus, "")]
    [TestCase(LabScenario.Crowded, 1, BridgeKind.Partition, "")]
    [CancelAfter(1_800_000)]
    public Task Migrator_killed_around_every_write_reaches_the_same_end_whatever_the_scenario(
        string name, int workers, BridgeKind bridge, string variant, CancellationToken cancellationToken)
    {
        Requires.LongRun();
        return CrashedMigration.AssertSameEndAsync(Options(name, workers) with { CalicoByOperator = variant.Length > 0 }, bridge, cancellationToken);
    }

    /// <summary>Around what a partition has of its own; around every write with the other scenarios, above.</summary>
    [Test]
    [CancelAfter(600_000)]
    public Task Migrator_killed_around_the_steps_of_a_partition_reaches_the_same_end(CancellationToken cancellationToken)
    {
        string[] own = ["/confine-calico", "/admit-antrea/", "/release-hold/", "/stop-calico/", "/clear-routes/", "-part/restart-pods", "/readmit-calico/"];
        return CrashedMigration.AssertSameEndAsync(
            Options(LabScenario.Crowded, 1), BridgeKind.Partition, cancellationToken, what => what.StartsWith("journal ", StringComparison.Ordinal) && own.Any(what.Contains));
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task A_plan_made_before_the_cluster_changed_is_refused(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        migration.Lab.Apply(
            """
            apiVersion: crd.projectcalico.org/v1
            kind: IPPool
            metadata: {name: another}
            spec: {cidr: 10.244.0.0/16}
            """);

        Assert.That(
            async () => await migration.ExecuteAsync(plan, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains($"has changed since plan {plan.Id} was made (crd.projectcalico.org/IPPool").And.Property("Next").Contains("plan"));
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task A_plan_made_with_another_limit_to_missing_Pods_is_refused_by_the_name_of_the_option(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false });
        var plan = await migration.PlanAsync(cancellationToken);
        migration.Options = migration.Options with { MaxUnavailable = 3 };

        Assert.That(
            async () => await migration.ExecuteAsync(plan, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.StartsWith($"Plan {plan.Id} was made with another --max-unavailable;").And.Property("Next").StartsWith("Give the options"));
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Another_plan_does_not_go_on_with_a_begun_migration(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartUnwatchedAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.ExecuteAsync(plan, cancellationToken, HoldPolicy.Stop);

        Assert.That(
            async () => await migration.ExecuteAsync(plan with { Id = "another" }, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains(plan.Id));
    }

    private static LabClusterOptions Options(string name, int workers) => new() { Name = name, Workers = workers, ExtraObjects = LabMigration.CronJob };

    private static string Describe(List<MigrationEvent> events) => string.Join('\n', events.TakeLast(5));
}
