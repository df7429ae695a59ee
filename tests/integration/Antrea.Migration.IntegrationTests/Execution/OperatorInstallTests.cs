using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Clusters whose Calico the Tigera operator runs: it is told by its own objects, and goes after what it keeps.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class OperatorInstallTests
{
    private static readonly LabClusterOptions ByOperator = new() { Name = "c2a0", Workers = 2, CalicoByOperator = true };

    [TestCase(BridgeKind.Multus)]
    [TestCase(BridgeKind.PolicyRoute)]
    [CancelAfter(600_000)]
    public async Task Operator_and_its_Calico_are_gone_after_a_migration(BridgeKind bridge, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(
            cancellationToken, ByOperator with { ExtraObjects = "{apiVersion: operator.tigera.io/v1, kind: GatewayAPI, metadata: {name: default}, spec: {}}" }, bridge);
        var order = WatchDeletions(migration.Lab);
        var plan = await migration.PlanAsync(cancellationToken);

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(5)));
        var dump = await migration.DumpAsync(cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                order(),
                Is.EqualTo(new[] { "APIServer/default", "Installation/default", "Deployment/tigera-operator", "CustomResourceDefinition/installations.operator.tigera.io" }));
            Assert.That(dump, Does.Not.Contain("operator.tigera.io").And.Not.Contain("crd.projectcalico.org").And.Not.Contain("10-calico.conflist"));
            Assert.That(
                migration.Lab.Store.PeekAll(ResourceType.Namespace).Select(n => n.NameOf()),
                Has.None.StartsWith("calico").And.None.StartsWith("tigera"));
            Assert.That(
                migration.Lab.Store.PeekAll(ResourceType.Node).Where(n => n.ConditionIsTrue("NetworkUnavailable")), Is.Empty, "calico-node's last word is taken back");
            Assert.That(
                plan.Steps.Single(s => s.Kind == MigrationStepKind.RestartPods && s.Phase == MigrationPhase.AntreaPods).Restarts,
                Has.Some.StartsWith("DaemonSet/calico-system/csi-node-driver").And.EndsWith("the Tigera operator would write its template back)"));
            Assert.That(plan.Findings.Where(f => f.Id == "operator-runs-more-than-calico").Select(f => (f.Severity, f.Subject)), Is.EqualTo(new[] { (Severity.Warning, "GatewayAPI/default") }));
            Assert.That(
                Directory.GetFiles(migration.BackupDirectory, "*_default.json", SearchOption.AllDirectories).Select(Path.GetFileName),
                Is.SupersetOf(new[] { "APIServer_default.json", "GatewayAPI_default.json", "Installation_default.json" }));
        }
    }

    /// <summary>When it ends, an operator's calico-node closes its Node to new Pods; the clean-up of the last of many Nodes is long in coming.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Nodes_take_new_Pods_as_soon_as_Calico_is_gone(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, ByOperator, BridgeKind.PolicyRoute);

        await migration.RunUntilAsync(
            await migration.PlanAsync(cancellationToken), e => e is StepCompleted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);

        Assert.That(migration.Lab.Store.PeekAll(ResourceType.Node).Where(n => n.ConditionIsTrue("NetworkUnavailable")).Select(n => n.NameOf()), Is.Empty);
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Calico_is_not_removed_while_the_operator_that_must_do_it_does_not_run(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, ByOperator, BridgeKind.PolicyRoute);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is PhaseStarted { Phase: MigrationPhase.RemoveCalico }, cancellationToken);
        Scale(migration.Lab, 0);
        await migration.Lab.Store.UntilAsync(() => migration.Lab.Store.PeekAll(ResourceType.Pod, "tigera-operator").Count == 0, cancellationToken);

        var before = CalicoOf(migration.Lab);
        var stopped = await migration.ExecuteAsync(plan, cancellationToken);
        var after = CalicoOf(migration.Lab);
        Scale(migration.Lab, 1);
        await migration.Lab.AllReadyAsync(cancellationToken);
        var events = await migration.ExecuteAsync(plan, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((stopped[^1] as StepFailed)?.Message, Does.Contain("The Tigera operator does not run"), string.Join('\n', stopped.TakeLast(3)));
            Assert.That((stopped[^1] as StepFailed)?.Next, Does.Contain("scale deployment tigera-operator"));
            Assert.That(after, Is.EqualTo(before), "nothing was removed meanwhile");
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(5)));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Rollback_gives_the_Installation_back_what_it_said(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, ByOperator, BridgeKind.PolicyRoute);
        var before = await migration.DumpAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var pinned = "";
        await migration.RunUntilAsync(
            plan,
            e =>
            {
                pinned = e is StepCompleted { Step.Kind: MigrationStepKind.PinCalicoAutodetection } ? AutodetectionOf(migration.Lab) : pinned;
                return e is PhaseStarted { Phase: MigrationPhase.AntreaPods };
            },
            cancellationToken);

        var events = await migration.ExecuteAsync(await migration.PlanRollbackAsync(cancellationToken), cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(pinned, Is.EqualTo("""{"kubernetes":"NodeInternalIP"}"""));
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(5)));
            Assert.That(AutodetectionOf(migration.Lab), Is.EqualTo("""{"firstFound":true}"""));
            Assert.That(await migration.DumpAsync(cancellationToken), Is.EqualTo(before));
        }
    }

    /// <summary>A process that dies between writing the Installation and the operator's rollout leaves the wait to the next one.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Rollback_that_goes_on_waits_for_the_operator_as_well(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, ByOperator, BridgeKind.PolicyRoute);
        await migration.RunUntilAsync(await migration.PlanAsync(cancellationToken), e => e is PhaseStarted { Phase: MigrationPhase.AntreaPods }, cancellationToken);
        var rollback = await migration.PlanRollbackAsync(cancellationToken);
        Scale(migration.Lab, 0);
        await migration.Lab.Store.UntilAsync(() => migration.Lab.Store.PeekAll(ResourceType.Pod, "tigera-operator").Count == 0, cancellationToken);
        await migration.RunUntilAsync(rollback, e => e is StepStarted { Step.Kind: MigrationStepKind.UnpinCalicoAutodetection }, cancellationToken);
        migration.Lab.Store.Mutate(Lab.Scenarios.TigeraManifest.Installation, "", "default", json =>
        {
            json["metadata"]!.AsObject().Remove("annotations");
            json["spec"]!["calicoNetwork"]!["nodeAddressAutodetectionV4"] = new JsonObject { ["firstFound"] = true };
            return true;
        });

        var patience = migration.Options.StepTimeout;
        migration.Options = migration.Options with { StepTimeout = TimeSpan.FromSeconds(1) };
        var stopped = await migration.ExecuteAsync(rollback, cancellationToken);
        Scale(migration.Lab, 1);
        await migration.Lab.AllReadyAsync(cancellationToken);
        migration.Options = migration.Options with { StepTimeout = patience };
        var events = await migration.ExecuteAsync(rollback, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(stopped[^1], Is.TypeOf<StepFailed>().With.Property(nameof(StepFailed.Message)).Contains("the operator has not written calico-node yet"));
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(5)));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Pools_that_the_operator_keeps_are_not_moved(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, ByOperator with { Name = "c2a3", Workers = 3 });

        var plan = await migration.PlanAsync(cancellationToken);

        Assert.That(
            plan.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => $"{f.Id} {f.Subject}"), Is.EqualTo(new[] { "operator-manages-pools Installation/default" }));
    }

    /// <summary>What belongs to Calico, by uid, and whether it is on its way out.</summary>
    private static List<string> CalicoOf(LabCluster lab) =>
    [
        .. lab.Store.Types().Where(t => t.Namespaced || t.Group == "operator.tigera.io").SelectMany(t => lab.Store.PeekAll(t), (t, o) => (Type: t, Object: o))
            .Where(o => o.Type.Group == "operator.tigera.io" || (o.Type.Kind is "Pod" or "DaemonSet" or "Deployment" && o.Object.NamespaceOf() is "calico-system" or "calico-apiserver"))
            .Select(o => $"{o.Type.Kind} {o.Object.NamespaceOf()}/{o.Object.NameOf()} {o.Object.UidOf()} {o.Object.IsTerminating()}")
            .Order(StringComparer.Ordinal),
    ];

    private static string AutodetectionOf(LabCluster lab) =>
        lab.Store.PeekAll(Lab.Scenarios.TigeraManifest.Installation).Single().At("spec", "calicoNetwork", "nodeAddressAutodetectionV4")?.ToJsonString() ?? "";

    private static void Scale(LabCluster lab, int replicas) =>
        lab.Store.Mutate(ResourceType.Deployment, "tigera-operator", "tigera-operator", json =>
        {
            json["spec"]!["replicas"] = replicas;
            return true;
        });

    /// <summary>The order in which what belongs to the operator goes.</summary>
    private static Func<List<string>> WatchDeletions(LabCluster lab)
    {
        var gone = new List<string>();
        lab.Store.Subscribe(
            e =>
            {
                if (e.Type == StoreEventType.Deleted
                    && (e.Resource.Group == "operator.tigera.io" || e.Object.NameOf() is "tigera-operator" or "installations.operator.tigera.io")
                    && e.Resource.Kind is "APIServer" or "Installation" or "Deployment" or "CustomResourceDefinition"
                    && e.Object.NameOf() is "default" or "tigera-operator" or "installations.operator.tigera.io")
                {
                    lock (gone)
                    {
                        gone.Add($"{e.Resource.Kind}/{e.Object.NameOf()}");
                    }
                }
            },
            lab.Store.Version);
        return () =>
        {
            lock (gone)
            {
                return [.. gone];
            }
        };
    }
}
